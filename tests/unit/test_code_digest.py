import ast
import importlib.metadata
import re
import sys
import time
from pathlib import Path

import pytest

from g2rl.reproducibility import code_digest as digests
from g2rl.reproducibility.code_digest import code_digest, package_versions, stage_code

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
    "faces/mesh": "def cut():\n    from ..files import ROOT\n    return ROOT, 'data/brows.tsv'\n",
    "tables": "import importlib as i\ni.import_module('g2rl.landmarks')\ni.util.find_spec('anny')\n",
    "cli": '''\
        import argparse
        import sys

        SCALE = 3

        def number(text):
            """A number."""
            return SCALE * int(text)

        def command(name):
            return lambda run: run

        sys.tracebacklimit = 0

        @command("detects")
        def landmarks(args):
            """Points of a video."""
            from g2rl.landmarks import detect
            return detect(number(args))

        @command("draws")
        def figure4(args):
            from g2rl.figures import figure4
            landmarks = [number for number in args]  # a name of its own, not the function above
            return figure4(landmarks)

        def main():
            argparse.ArgumentParser()
            return [landmarks, figure4]

        if __name__ == "__main__":
            main()
        ''',
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
    (package / "data").mkdir()
    (package / "data" / "brows.tsv").write_text("1\t2\n")
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
    expected = ["g2rl", "g2rl.faces", "g2rl.faces.mesh", "g2rl.files", "g2rl/data/brows.tsv"]
    assert [*code_digest("faces", package)] == expected
    assert [*code_digest("faces.mesh", package)] == expected


def test_a_function_of_cli_counts_without_its_neighbours(package):
    digest = code_digest("cli:landmarks", package)
    assert [*digest] == ["g2rl", "g2rl.cli:landmarks", "g2rl.files", "g2rl.landmarks"]
    edit(package, "cli", "return figure4(landmarks)", "return None")
    edit(package, "cli", "argparse.ArgumentParser()", "argparse.ArgumentParser(add_help=False)")
    assert code_digest("cli:landmarks", package) == digest
    expected = ["g2rl", "g2rl.cli:figure4", "g2rl.figures", "g2rl.files"]
    assert [*code_digest("cli:figure4", package)] == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('command("detects")', 'command("detect")'),  # its decorator: the arguments it takes
        ("detect(number(args))", "detect(args)"),
        ("SCALE * int(text)", "int(text)"),  # a function it calls
        ("SCALE = 3", "SCALE = 4"),  # a constant which that function uses
        ("sys.tracebacklimit = 0", "sys.tracebacklimit = 1"),  # runs for every stage
        ("lambda run: run", "lambda run: None"),
    ],
)
def test_what_a_function_of_cli_uses_counts(package, old, new):
    before = code_digest("cli:landmarks", package)
    edit(package, "cli", old, new)
    assert changed(before, code_digest("cli:landmarks", package)) == {"g2rl.cli:landmarks"}


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
    before = code_digest("cli:landmarks", package)
    edit(package, "landmarks", old, new)
    assert changed(before, code_digest("cli:landmarks", package)) == {"g2rl.landmarks"}


def test_a_new_import_brings_its_module(package):
    before = code_digest("landmarks", package)
    edit(package, "landmarks", "from g2rl import files\n", "from g2rl import files, tables\n")
    assert changed(before, code_digest("landmarks", package)) == {"g2rl.landmarks", "g2rl.tables"}


def test_an_edit_of_a_module_or_data_file_far_down_is_seen(package):
    before = code_digest("faces", package)
    edit(package, "files", "os.sep", "os.curdir")
    (package / "data" / "brows.tsv").write_text("1\t3\n")
    assert changed(before, code_digest("faces", package)) == {"g2rl.files", "g2rl/data/brows.tsv"}


def test_digest_does_not_depend_on_the_python_version(package):
    # Frozen: the same on 3.11 to 3.14, whose syntax trees have other empty fields.
    assert code_digest("landmarks", package)["g2rl.landmarks"] == "ddcd9104fb623163"


def test_versions_are_of_the_packages_the_closure_imports(package):
    lock = package.parent / "requirements.lock"
    assert package_versions("cli:landmarks", lock, package) == {"dlib-bin": "20.0.1", "numpy": "2.3.0"}
    assert package_versions("figures", lock, package) == {"matplotlib": "3.11.0", "numpy": "2.3.0"}
    assert package_versions("tables", lock, package)["anny"] == "0.6.2"  # found by its name


def test_a_stage_names_each_thing_it_follows(package):
    lines = stage_code("landmarks", package.parent / "requirements.lock", package)
    assert all(re.fullmatch(r"g2rl[.\w:/]* [0-9a-f]{16}|[\w-]+==[\w.]+", line) for line in lines)
    assert not any(set(line) & set("{}") for line in lines), "Snakemake would take braces for wildcards"


@pytest.mark.parametrize("entry", ["landmark", "cli:landmark", "data"])
def test_unknown_entries_are_named(package, entry):
    with pytest.raises(ValueError, match=entry.rpartition(":")[2]):
        code_digest(entry, package)


# The real package


def sources() -> dict[str, ast.Module]:
    root = digests.PACKAGE
    return {str(path.relative_to(root)): ast.parse(path.read_bytes()) for path in sorted(root.rglob("*.py"))}


def test_every_package_imported_is_pinned():
    locked = digests.read_lock(digests.PACKAGE.parent / "requirements.lock")
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
    modules = [".".join(Path(path).with_suffix("").parts) for path in sources()]
    named = set()
    for module in modules:
        named |= {
            name for name in code_digest(module.replace(".__init__", "")) if name.startswith("g2rl/data/")
        }
    data = digests.PACKAGE / "data"
    files = {f"g2rl/data/{path.relative_to(data).as_posix()}" for path in data.rglob("*") if path.is_file()}
    assert named == files


def test_all_digests_together_are_fast():
    digests._read.cache_clear()
    start = time.process_time()
    for path in sources():
        module = ".".join(Path(path).with_suffix("").parts).replace(".__init__", "").replace("__init__", "")
        if module:
            code_digest(module)
    assert time.process_time() - start < 1, "Snakemake waits for this at every start"
