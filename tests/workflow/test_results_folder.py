"""A results folder belongs to one configuration, and its lock depends on the results of that one alone."""

import shutil

import pandas as pd
import pytest
import yaml
from conftest import SMALL, Workflow, write_sheet

from g2rl.datasets.registry import get_layout
from g2rl.reproducibility.lock import make_lock, read_lock

# A configuration for videos in the layout of real data, of which one is tested on.
MINE = {"SN001": ("SN001", 1), "SN002": ("SN002", 0), "SN003": ("SN003", 0)}
OWN_DATA = {"datasets": {"mine": {"layout": "disfa", "root": "mine", "sheet": "mine.tsv"}}, **SMALL}


def other(workflow: Workflow, name: str, config: dict) -> str:
    (workflow.folder / name).write_text(yaml.safe_dump(config))
    return name


@pytest.fixture
def after_the_default(copy) -> Workflow:
    """Finished results of one configuration; videos and a sheet for another."""
    raw = copy.folder / "results/raw/synthetic_disfa"
    layout = get_layout("disfa")
    for name in MINE:
        for path in (layout.media(raw, name), *layout.label_paths(raw, name)):
            to = copy.folder / "mine" / path.relative_to(raw)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, to)
    write_sheet(copy.folder / "mine.tsv", MINE)
    return copy


@pytest.mark.parametrize("options", [["all"], ["--dry-run", "all"], ["--report", "mine.zip"]])
def test_own_data_after_the_default_is_refused_in_one_line(after_the_default, options):
    workflow = after_the_default
    config = other(workflow, "mine.yaml", OWN_DATA)
    table = (workflow.folder / "results/table1.csv").read_bytes()
    done = workflow.run(*options, config=config)
    assert done.returncode == 1
    said = [
        line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("Using workflow")
    ]
    assert len(said) == 1
    for words in ("mine.yaml: results/ holds the results of config.yaml", "set results: to another folder"):
        assert words in said[0]
    assert (workflow.folder / "results/table1.csv").read_bytes() == table
    assert not (workflow.folder / "mine.zip").exists()


def test_another_backbone_in_another_file_is_refused(copy):
    """It would train in the same run folders."""
    config = other(copy, "deeper.yaml", copy.config | {"training": copy.config["training"] | {"lr": 0.1}})
    done = copy.run("--dry-run", "all", config=config)
    assert done.returncode == 1
    assert "deeper.yaml: results/ holds the results of config.yaml" in done.stdout + done.stderr


def test_other_faces_in_the_folder_of_the_first_ones_are_refused(copy):
    datasets = copy.config["datasets"]
    more = {name: one | {"synthetic": {"frames": 15}} for name, one in datasets.items()}
    config = other(copy, "more.yaml", copy.config | {"results": "results_more", "datasets": more})
    done = copy.run("--dry-run", "all", config=config)
    assert done.returncode == 1
    assert (
        "more.yaml: datasets.synthetic_bp4d.root: results/raw/synthetic_bp4d/ holds the faces of results/"
        in (done.stdout + done.stderr)
    )
    config = other(copy, "same.yaml", copy.config | {"results": "results_same"})
    assert copy.run("--dry-run", "all", config=config).returncode == 0


def test_a_folder_of_its_own_leaves_the_default_as_it_was(after_the_default):
    workflow = after_the_default
    config = other(workflow, "mine.yaml", OWN_DATA | {"results": "results_mine"})
    before = make_lock(workflow.folder / "results")
    logs = {path: path.read_bytes() for path in (workflow.folder / "results/logs").rglob("*.log")}
    done = workflow.run("results_mine/table1.csv", config=config)
    assert done.returncode == 0, done.stdout + done.stderr
    mine = workflow.folder / "results_mine"
    assert set(pd.read_csv(mine / "table1.csv").query("source == 'measured'")["dataset"]) == {"mine"}
    assert (mine / "logs/table1.log").exists()
    assert (mine / "provenance").is_dir()
    assert make_lock(workflow.folder / "results") == before
    assert {path: path.read_bytes() for path in logs} == logs
    assert workflow.planned("all") == {}
    assert workflow.planned("results_mine/table1.csv", config=config) == {}


def test_files_laid_over_a_configuration_share_its_folder(copy):
    overlay = other(copy, "over.yaml", {"resamples": 21})
    done = copy.run("--dry-run", "all", config=f"config.yaml {overlay}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert copy.run("--dry-run", "all", "--config", "resamples=21").returncode == 0


def test_an_older_run_and_other_files_are_not_in_the_lock(copy):
    """The lock is made again, beside what earlier configurations and users left."""
    results = copy.folder / "results"
    before = (results / "lock.json").read_text()
    old = results / "synthetic_disfa/baseline_sigma9_seed0"
    shutil.copytree(results / "synthetic_disfa/baseline_sigma2_seed0", old)
    shutil.copy(
        results / "raw/synthetic_disfa/truth/SN001.npz", results / "raw/synthetic_disfa/truth/SN999.npz"
    )
    (results / "cross_dataset.csv").write_text("of other networks\n")
    (results / "lock.json").unlink()
    done = copy.run("all")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (results / "lock.json").read_text() == before
    assert "synthetic_disfa/baseline_sigma9_seed0/metrics.csv" in make_lock(results).files


def test_the_extras_change_no_lock(copy):
    """Whether they are made before it or after."""
    before = read_lock(copy.folder / "results/lock.json")
    assert copy.run("extras").returncode == 0
    (copy.folder / "results/lock.json").unlink()
    assert copy.run("all").returncode == 0
    assert (copy.folder / "results/cross_dataset.csv").exists()
    assert read_lock(copy.folder / "results/lock.json") == before
