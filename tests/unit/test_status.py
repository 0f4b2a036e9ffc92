"""``g2rl status``: what is done, running and missing, as the files are; nothing is changed."""

import base64
import fcntl
from pathlib import Path

import pytest
import yaml

from g2rl.cli.main import main
from g2rl.config.load import load
from g2rl.workflow.manifest import load_manifests
from g2rl.workflow.resources import START, sequence_seconds
from g2rl.workflow.status import read_stages
from g2rl.workflow.targets import Targets
from tests.data.make_trees import make_disfa

SUBJECTS = ("SN001", "SN002", "SN003", "SN004")


@pytest.fixture
def targets(tmp_path, monkeypatch):
    make_disfa(tmp_path / "DISFA", list(SUBJECTS))
    rows = "".join(f"{name}\t{name}\t{1 + place % 2}\n" for place, name in enumerate(SUBJECTS))
    (tmp_path / "sheet.tsv").write_text(f"sequence\tsubject\tfold\n{rows}")
    dataset = {"layout": "disfa", "root": "DISFA", "sheet": "sheet.tsv"}
    config = {"datasets": {"disfa": dataset}, "weights": "none", "compute": {"gpu": False}}
    (tmp_path / "my.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.chdir(tmp_path)
    parsed = load(Path("my.yaml"))
    return Targets(parsed, load_manifests(parsed))


def touch(path: str, text: str = "") -> None:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text)


def begin(path: str) -> None:
    """What Snakemake leaves while a job runs, its name divided as if it were too long."""
    name = base64.urlsafe_b64encode(path.encode()).decode()
    touch(f".snakemake/incomplete/@{name[:30]}/{name[30:]}")


def counts(targets: Targets) -> dict[str, tuple[int, int, int, int]]:
    stages = read_stages(targets, 2)
    return {one.name: (len(one.jobs), one.done, one.running, len(one.missing)) for one in stages}


def test_jobs_are_done_running_or_missing(targets):
    results = targets.results
    assert counts(targets)["landmarks"] == (4, 0, 0, 4)
    for name in SUBJECTS[:3]:
        touch(results.landmarks("disfa", name))
    begin(results.landmarks("disfa", "SN003"))  # there, and not whole
    run = targets.table1_runs("baseline")[0]
    touch(results.model("disfa", run, "2"))
    found = counts(targets)
    assert found["landmarks"] == (4, 2, 1, 2)
    assert found["align"] == (4, 0, 0, 4)
    networks = len(targets.runs) * 2
    assert found["train"] == (networks, 1, 0, networks - 1)
    for path in (*targets.result_files(), results.lock()):
        touch(path)
    Path(next(Path(".snakemake/incomplete").glob("@*/*"))).unlink()
    pages = results.pages(targets.datasets)
    assert counts(targets)["tables, figures"][3] == 1 + len(pages)
    for path in (results.summary(), *pages):
        touch(path)
    assert {one[3] for one in counts(targets).values()} == {0}


def test_time_left_is_that_of_finished_jobs(targets):
    plan, results = targets.datasets["disfa"], targets.results
    expected = START["landmarks"] + sequence_seconds("landmarks", plan, "SN001")
    (stage,) = (one for one in read_stages(targets, 3) if one.name == "landmarks")
    assert stage.hours_left * 3600 == pytest.approx(4 * expected / 3, rel=0.01)
    touch(results.landmarks("disfa", "SN001"))
    touch(results.benchmark("disfa", "landmarks", "SN001"), f"s\th:m:s\n{5 * expected}\t0:0:0\n")
    (stage,) = (one for one in read_stages(targets, 2) if one.name == "landmarks")
    assert stage.hours_left * 3600 == pytest.approx(5 * 3 * expected / 2, rel=0.01)


def test_the_command_changes_nothing(targets, capsys):
    touch(targets.results.landmarks("disfa", "SN001"))
    begin(targets.results.landmarks("disfa", "SN002"))
    touch(".snakemake/alive")
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    assert main(["status", "my.yaml", "--cores", "2"]) == 0
    said = capsys.readouterr().out
    assert "my.yaml: results/" in said
    assert "cut off" in said
    assert "go on: snakemake --cores 2 all --configfile my.yaml" in said
    with open(".snakemake/alive") as stream:  # as a Snakemake that runs
        fcntl.flock(stream, fcntl.LOCK_SH)
        assert main(["status", "my.yaml", "--cores", "2"]) == 0
    said = capsys.readouterr().out
    assert "cut off" not in said
    assert "go on" not in said
    assert len(said.splitlines()) <= 10
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before


def test_a_run_of_which_nothing_is_known_is_not_called_cut_off(targets, capsys):
    """It may be one on another host of a shared disk, or its mark could not be written."""
    begin(targets.results.landmarks("disfa", "SN002"))
    assert main(["status", "my.yaml", "--cores", "2"]) == 0
    touch(".snakemake/alive", "another-host")
    assert main(["status", "my.yaml", "--cores", "2"]) == 0
    said = capsys.readouterr().out
    assert "cut off" not in said
    assert "go on" not in said
    assert said.count("Whether a run is alive cannot be told here.") == said.count("unknown") == 2
