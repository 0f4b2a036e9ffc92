"""Reading the workflow changes nothing on disk: -n, --lint, --summary, --dag, --report and the like."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Workflow

READING = {
    "dry run": ["--dry-run", "all"],
    "lint": ["--lint"],
    "summary": ["--summary"],
    "dag": ["--dag"],
    "rulegraph": ["--rulegraph"],
    "rules": ["--list-rules"],
    "report": ["--report", "../report.zip"],
}
# What Snakemake itself writes whenever it reads a workflow.
SNAKEMAKES_OWN = (".snakemake/log/", ".snakemake/iocache/")


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """Every file: its size and the time of its last change."""
    files = {path.relative_to(folder).as_posix(): path.stat() for path in folder.rglob("*") if path.is_file()}
    return {
        name: (status.st_size, status.st_mtime_ns)
        for name, status in files.items()
        if not name.startswith(SNAKEMAKES_OWN)
    }


def plant_lock(folder: Path) -> Path:
    """The lock file of a run that this one knows nothing of."""
    lock = folder / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    lock.write_text("results/table1.csv\n")
    return lock


@pytest.mark.parametrize("options", READING.values(), ids=READING)
def test_reading_changes_nothing(rebuilt, options):
    lock = plant_lock(rebuilt.folder)
    before = tree(rebuilt.folder)
    try:
        done = rebuilt.run(*options)
        assert tree(rebuilt.folder) == before
    finally:
        lock.unlink(missing_ok=True)
    # Snakemake's own --lint ends with 1 where it has found something; docs/design.md says what that is.
    assert done.returncode == int(options == ["--lint"]), done.stdout + done.stderr


def test_reading_before_the_first_run_changes_nothing(rebuilt, tmp_path):
    for name in ("config.yaml", "bp4d.tsv", "disfa.tsv"):
        (tmp_path / name).write_bytes((rebuilt.folder / name).read_bytes())
    before = tree(tmp_path)
    for options in (READING["dry run"], READING["lint"], READING["summary"], READING["dag"]):
        Workflow(tmp_path).run(*options)
    assert tree(tmp_path) == before


IN_ONE_PROCESS = """
import gc, os, sys
import g2rl, snakemake.cli, snakemake.common, snakemake.jobs, snakemake.rules
from snakemake.workflow import Workflow

def state():
    functions = (snakemake.rules.get_function_params, snakemake.common.get_function_params,
                 snakemake.jobs.Job.shellcmd, Workflow.execute)
    return gc.isenabled(), functions, dict(os.environ)

before = state()
try:
    snakemake.cli.main(sys.argv[1:])
except SystemExit:
    pass
after = state()
assert before == after, (before, after)
print("unchanged")
"""


@pytest.mark.parametrize(
    "options", [["--dry-run", "all"], ["--lint"], ["--summary"]], ids=lambda each: each[0]
)
def test_reading_leaves_the_process_as_it_was(rebuilt, options):
    """Garbage collection, the functions of Snakemake and the environment."""
    command = [sys.executable, "-c", IN_ONE_PROCESS, "--snakefile", str(ROOT / "Snakefile"), *options]
    command += ["--cores", "1", "--configfile", "config.yaml"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=rebuilt.folder, env=environment, capture_output=True, text=True)
    assert done.stdout.endswith("unchanged\n"), done.stdout + done.stderr


def test_a_run_removes_the_lock_of_a_killed_one(rebuilt, tmp_path):
    """Where no other Snakemake lives: without --unlock."""
    for name in ("config.yaml", "bp4d.tsv", "disfa.tsv"):
        (tmp_path / name).write_bytes((rebuilt.folder / name).read_bytes())
    lock = plant_lock(tmp_path)
    lock.write_text("results/raw/head.npz\n")
    done = Workflow(tmp_path).run("results/raw/head.npz")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not lock.exists()
    assert (tmp_path / "results/raw/head.npz").exists()


def test_lint_finds_only_what_is_excepted(rebuilt):
    """No environment per rule: one serves all (docs/design.md)."""
    done = rebuilt.run("--lint")
    found = set(re.findall(r"^ +\* (.*):$", done.stdout + done.stderr, re.MULTILINE))
    assert found == {"Specify a conda environment or container for each rule."}
