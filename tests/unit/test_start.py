"""Whose results a folder holds, and whose rendered faces: those of another configuration are not replaced."""

from pathlib import Path

import pytest

from g2rl.config import load
from g2rl.errors import InputError
from g2rl.workflow.jobs import Jobs
from g2rl.workflow.manifest import load_manifests
from g2rl.workflow.start import check_owner, note_owner

SHEET = "sequence\tsubject\tfold\nSN001\tSN001\t1\nSN002\tSN002\t2\n"


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sheet.tsv").write_text(SHEET)
    return tmp_path


def jobs(results: str, **synthetic: int) -> Jobs:
    """Of a configuration that renders into the folder of the first one's faces."""
    dataset = {"layout": "disfa", "root": "results/raw/synthetic", "sheet": "sheet.tsv"}
    datasets = {"synthetic_disfa": dataset | {"synthetic": {"frames": 14} | synthetic}}
    config = load.parse({"datasets": datasets, "results": results}, "test.yaml")
    return Jobs(config, load_manifests(config))


def test_a_results_folder_is_of_one_configuration(here):
    check_owner(jobs("results"), "a.yaml")
    note_owner(jobs("results"), "a.yaml")
    check_owner(jobs("results"), "a.yaml")
    with pytest.raises(InputError, match=r"b\.yaml: results/ holds the results of a\.yaml"):
        check_owner(jobs("results"), "b.yaml")


def test_rendered_faces_of_another_results_folder_are_not_replaced(here):
    note_owner(jobs("results"), "a.yaml")
    note_owner(jobs("results_b"), "b.yaml")  # the same settings: nothing is rendered again
    check_owner(jobs("results_b"), "b.yaml")
    check_owner(jobs("results", frames=15), "a.yaml")  # whose they are may change them
    with pytest.raises(InputError) as caught:
        check_owner(jobs("results_b", frames=15), "b.yaml")
    for words in (
        "b.yaml: datasets.synthetic_disfa.root: results/raw/synthetic/ holds the faces of results/,",
        "--frames=14 --seed=0 --no-sparse --no-varied: those with --layout=disfa --frames=15 ",
        "set root to another folder (or delete results/raw/synthetic/.rendered",
    ):
        assert words in str(caught.value)
    note_owner(jobs("results", frames=15), "a.yaml")
    check_owner(jobs("results_b", frames=15), "b.yaml")
    with pytest.raises(InputError, match="holds the faces of results/"):
        check_owner(jobs("results_b"), "b.yaml")


def test_a_folder_that_was_moved_is_still_its_own(here, monkeypatch):
    note_owner(jobs("results"), "a.yaml")
    moved = here.rename(here.with_name(f"{here.name}_moved"))
    monkeypatch.chdir(moved)
    check_owner(jobs("results", frames=15), "a.yaml")
    moved.rename(here)
