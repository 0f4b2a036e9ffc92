"""What a stage's code digest follows: imports of every form, nothing that has no effect."""

import ast
import importlib.metadata
import re
import sys
import time
from pathlib import Path

import grimp
import pytest

from g2rl.reproducibility import code_digest as digests
from g2rl.reproducibility.code_digest import code_digest, imported_packages, locked_versions, stage_code

MODULES = {
    "__init__": '"""A package."""\n',
    "files": "import os\n\nROOT = os.sep\n",
    "landmarks": '''\
        """Points."""
        import numpy as np
        from typing import TYPE_CHECKING
        from g2rl import files

        if TYPE_CHECKING:
            from g2rl import figures

        class Box:
            """Left, top, right, bottom."""
            left: int = 0

        def detect(image, threshold=0.5):
            """Detect."""
            # by score
            score = image.mean()
            import dlib
            return [files.ROOT] if score > threshold else []
        ''',
    "figures": "import matplotlib\nimport numpy\nfrom . import files\n",
    "faces/__init__": "from .mesh import cut\n",
    "faces/mesh": "def cut():\n    from ..files import ROOT\n    return ROOT, 'resources/brows.tsv'\n",
    "tables": "import importlib as i\ni.import_module('g2rl.landmarks')\ni.util.find_spec('anny')\n",
    "cli/__init__": "",
    "cli/options": "def number(text):\n    return 3 * int(text)\n",
    "cli/landmarks": "from g2rl.cli.options import number\n\n\n"
    "def run(args):\n    from g2rl.landmarks import detect\n    return detect(number(args))\n",
    "cli/figure4": "def run(args):\n    from g2rl.figures import figure4\n    return figure4(args)\n",
}
LOCK = """\
anny==0.6.2
dlib-bin==20.0.1
matplotlib==3.11.0
numpy==2.3.0 ; python_version >= "3.11"
torch==2.14.1
"""


@pytest.fixture
def package(tmp_path):
    package = tmp_path / "g2rl"
    for name, text in MODULES.items():
        path = package / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(re.sub(r"^ {8}", "", text, flags=re.MULTILINE))
    (package / "resources").mkdir()
    (package / "resources" / "brows.tsv").write_text("1\t2\n")
    (tmp_path / "requirements.lock").write_text(LOCK)
    return package


def edit(package: Path, module: str, old: str, new: str) -> None:
    path = package / f"{module}.py"
    text = path.read_text()
    assert text.count(old) == 1, f"{old!r} is {text.count(old)} times in {module}"
    path.write_text(text.replace(old, new))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_closure_follows_every_form_of_import(package):
    assert [*code_digest("files", package)] == ["g2rl", "g2rl.files"]
    assert [*code_digest("landmarks", package)] == ["g2rl", "g2rl.files", "g2rl.landmarks"]
    assert [*code_digest("tables", package)] == ["g2rl", "g2rl.files", "g2rl.landmarks", "g2rl.tables"]
    # A package's submodule, a lazy relative import two levels up, and the data file it names.
    expected = ["g2rl", "g2rl.faces", "g2rl.faces.mesh", "g2rl.files", "g2rl/resources/brows.tsv"]
    assert [*code_digest("faces", package)] == expected
    assert [*code_digest("faces.mesh", package)] == expected


def test_a_command_counts_without_its_neighbours(package):
    digest = code_digest("cli.landmarks", package)
    modules = ["g2rl.cli", "g2rl.cli.landmarks", "g2rl.cli.options", "g2rl.files", "g2rl.landmarks"]
    assert [*digest] == ["g2rl", *modules]
    edit(package, "cli/figure4", "return figure4(args)", "return None")
    assert code_digest("cli.landmarks", package) == digest
    edit(package, "cli/options", "3 * int(text)", "int(text)")
    assert changed(digest, code_digest("cli.landmarks", package)) == {"g2rl.cli.options"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Points."""', '"""All 68 points.\n\nOf iBUG."""'),
        ('"""Detect."""', ""),
        ('"""Left, top, right, bottom."""', '"""The face."""'),
        ("# by score", "#"),
        ("score = image.mean()", "score = (\n        image.mean())  # grey"),
        ("threshold=0.5", "threshold = 0.50"),
        ("class Box", "\n\n\nclass Box"),
        ("    from g2rl import figures", "    from g2rl import tables"),  # under TYPE_CHECKING
        ("if TYPE_CHECKING:\n    from g2rl import figures\n", ""),
    ],
)
def test_remarks_and_form_change_nothing(package, old, new):
    before = code_digest("landmarks", package)
    edit(package, "landmarks", old, new)
    assert code_digest("landmarks", package) == before


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("threshold=0.5", "threshold=0.6"),
        ("score > threshold", "score >= threshold"),
        ("class Box", "class Frame"),
        ("left: int = 0", "left: int = 1"),
        ("import numpy as np", "import numpy as np, sys"),
        ("import dlib", "import dlib, re"),
        ("return [files.ROOT]", "return ['a']"),
        ("if score", "if not score"),
    ],
)
def test_anything_else_is_seen(package, old, new):
    before = code_digest("cli.landmarks", package)
    edit(package, "landmarks", old, new)
    assert changed(before, code_digest("cli.landmarks", package)) == {"g2rl.landmarks"}


def test_a_new_import_brings_its_module(package):
    before = code_digest("landmarks", package)
    edit(package, "landmarks", "from g2rl import files\n", "from g2rl import files, tables\n")
    assert changed(before, code_digest("landmarks", package)) == {"g2rl.landmarks", "g2rl.tables"}


def test_an_edit_of_a_module_or_data_file_far_down_is_seen(package):
    before = code_digest("faces", package)
    edit(package, "files", "os.sep", "os.curdir")
    (package / "resources" / "brows.tsv").write_text("1\t3\n")
    assert changed(before, code_digest("faces", package)) == {"g2rl.files", "g2rl/resources/brows.tsv"}


def test_digest_does_not_depend_on_the_python_version(package):
    # Frozen: the same on 3.11 to 3.14, whose syntax trees have other empty fields.
    assert code_digest("landmarks", package)["g2rl.landmarks"] == "ddcd9104fb623163"


def test_versions_are_of_the_packages_the_closure_imports(package):
    locked = locked_versions(package.parent / "requirements.lock")

    def versions(entry: str) -> dict[str, str]:
        return {name: locked[name] for name in imported_packages(entry, package) if name in locked}

    assert versions("cli.landmarks") == {"dlib-bin": "20.0.1", "numpy": "2.3.0"}
    assert versions("figures") == {"matplotlib": "3.11.0", "numpy": "2.3.0"}
    assert versions("tables")["anny"] == "0.6.2"  # found by its name


def test_a_stage_names_each_thing_it_follows(package):
    lines = stage_code("landmarks", package.parent / "requirements.lock", package)
    assert all(re.fullmatch(r"g2rl[.\w:/]* [0-9a-f]{16}|[\w-]+==[\w.]+", line) for line in lines)
    assert not any(set(line) & set("{}") for line in lines), "Snakemake would take braces for wildcards"


@pytest.mark.parametrize("entry", ["landmark", "cli.landmark", "resources"])
def test_unknown_entries_are_named(package, entry):
    with pytest.raises(ValueError, match=entry):
        code_digest(entry, package)


# The real package


def sources() -> dict[str, ast.Module]:
    root = digests.PACKAGE
    return {str(path.relative_to(root)): ast.parse(path.read_bytes()) for path in sorted(root.rglob("*.py"))}


def test_every_package_imported_is_pinned():
    locked = locked_versions(digests.PACKAGE.parent / "requirements.lock")
    installed = importlib.metadata.packages_distributions()
    for path, tree in sources().items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            else:
                modules = [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {module.partition(".")[0] for module in modules}:
                if top == "g2rl" or top in sys.stdlib_module_names:
                    continue
                name = digests.DISTRIBUTION.get(top, top).lower().replace("_", "-")
                assert name in locked, f"{path} imports {top}"
                owners = installed.get(top, [name])  # dlib-bin does not list its module dlib
                assert name in [each.lower().replace("_", "-") for each in owners], path


def test_every_data_file_belongs_to_a_module():
    modules = [".".join(Path(path).with_suffix("").parts).replace(".__init__", "") for path in sources()]
    named = {name for module in modules for name in code_digest(module) if name.startswith("g2rl/resources/")}
    data = digests.PACKAGE / "resources"
    files = {
        f"g2rl/resources/{path.relative_to(data).as_posix()}" for path in data.rglob("*") if path.is_file()
    }
    assert named == files - {f"g2rl/resources/{name}" for name in digests.PASSED_BY_VALUE}
    assert {Path(name).name for name in files} >= digests.PASSED_BY_VALUE


def test_digests_of_all_stages_together_are_fast():
    """Snakemake waits for them at every start: less than thrice the time of parsing each module once."""
    stages = [f"cli.{path.stem}" for path in (digests.PACKAGE / "cli").glob("[a-z]*.py")]
    modules = [path.read_bytes() for path in digests.PACKAGE.rglob("*.py")]

    def parse():
        for module in modules:
            ast.parse(module)

    def digest():
        digests.read_source.cache_clear()
        for stage in stages:
            code_digest(stage)

    def seconds(work):
        start = time.process_time()
        work()
        return time.process_time() - start

    rounds = [(seconds(digest), seconds(parse)) for _ in range(3)]  # quickest of each: other work disturbs
    assert min(first for first, _ in rounds) < 3 * min(second for _, second in rounds)


def test_the_closure_is_that_of_the_import_graph():
    """Against grimp's graph of the package; ours also has what is imported by name."""
    graph = grimp.build_graph("g2rl", exclude_type_checking_imports=True, cache_dir=None)
    for module in graph.modules - {"g2rl"} - digests.WITHOUT_EFFECT:
        ours = {name for name in code_digest(module.removeprefix("g2rl.")) if "/" not in name}
        theirs, waiting = set(), [module]
        while waiting:
            name = waiting.pop()
            if name and name not in theirs | digests.WITHOUT_EFFECT:
                theirs.add(name)
                waiting += [*graph.find_modules_directly_imported_by(name), name.rpartition(".")[0]]
        assert ours == theirs, module
