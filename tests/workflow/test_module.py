"""The workflow as a module of another one, from a git ref: as snakedeploy writes it."""

import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT, Workflow

SNAKEFILE = """
module g2rl:
    snakefile:
        gitfile("{repository}", path="workflow/Snakefile", ref="{ref}")
    config:
        config


use rule * from g2rl
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The working tree, committed: sources come from the ref, not from the files beside the test."""
    folder = tmp_path_factory.mktemp("repository")
    names = ("workflow", "config", "requirements.lock")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org", "-C", str(folder)]
    subprocess.run([*git, "init", "-q", "-b", "shared"], check=True)
    for name in names:
        subprocess.run(["cp", "-r", str(ROOT / name), str(folder)], check=True)
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "All"], check=True)
    return folder


def plan(folder, repository, *options: str) -> str:
    (folder / "Snakefile").write_text(SNAKEFILE.format(repository=repository, ref="shared"))
    command = [sys.executable, "-m", "snakemake", "--dry-run", "--cores", "1", *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_default_is_planned_from_an_empty_folder(repository, tmp_path):
    text = plan(tmp_path, repository)
    stats = Workflow(ROOT).planned("--forceall", "all", config="config/config.yaml")
    assert stats["train"] > 1
    assert re.search(rf"^total +{sum(stats.values())}$", text, re.MULTILINE)
    assert [path.name for path in tmp_path.iterdir() if path.name != ".snakemake"] == ["Snakefile"]


def test_a_configuration_of_the_user_is_planned(rebuilt, repository, tmp_path):
    for name in ("config.yaml", "bp4d.tsv", "disfa.tsv"):
        (tmp_path / name).write_bytes((rebuilt.folder / name).read_bytes())
    planned = plan(tmp_path, repository, "--configfile", "config.yaml")
    stats = Workflow(tmp_path).planned("all")
    assert re.search(rf"^total +{sum(stats.values())}$", planned, re.MULTILINE)
