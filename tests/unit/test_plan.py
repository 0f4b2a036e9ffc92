"""What is looked for before anything runs, and what is said where it is not there."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from g2rl.config import load
from g2rl.datasets.integrity.findings_file import read_known_faults
from g2rl.errors import InputError
from g2rl.workflow.jobs import Jobs
from g2rl.workflow.manifest import load_manifests
from g2rl.workflow.targets import missing
from tests.data.make_trees import make_disfa

SHEET = "sequence\tsubject\tfold\nSN001\tSN001\t1\nSN002\tSN002\t2\n"


def plan(folder: Path, **values):
    dataset = {"layout": "disfa", "root": str(folder / "DISFA"), "sheet": str(folder / "sheet.tsv")}
    training = values.pop("training", {})
    datasets = {"mine": dataset | values}
    return load_manifests(load.parse({"datasets": datasets, "training": training}, "my.yaml"))["mine"]


@pytest.fixture
def disfa(tmp_path):
    make_disfa(tmp_path / "DISFA", ["SN001", "SN002"])
    (tmp_path / "sheet.tsv").write_text(SHEET)
    return tmp_path


def own_table(folder: Path, header: str = "frame,AU06,AU12") -> Path:
    root = folder / "own"
    root.mkdir()
    rows = ["sequence\tsubject\tfold\tmedia\tcodes"]
    for sequence, subject, fold in (("one", "anna", 1), ("two", "berta", 2)):
        rows.append(f"{sequence}\t{subject}\t{fold}\t{sequence}.avi\t{sequence}.csv")
        (root / f"{sequence}.avi").touch()
        (root / f"{sequence}.csv").write_text(f"{header}\n1,1,2\n")
    (root / "sequences.tsv").write_text("\n".join(rows))
    return root


def test_folds_train_and_test(disfa):
    found = plan(disfa)
    assert (found.folds, found.train(1), found.test(1)) == ([1, 2], ["SN002"], ["SN001"])
    assert found.aus == (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def test_a_dataset_that_starts_from_another_depends_on_its_model_of_the_same_run(disfa):
    one = {"layout": "disfa", "root": str(disfa / "DISFA"), "sheet": str(disfa / "sheet.tsv")}
    datasets = {"mine": one | {"start_from": "first"}, "first": one}
    parsed = load.parse({"datasets": datasets, "weights": "imagenet"}, "my.yaml")
    jobs = Jobs(parsed, load_manifests(parsed))
    run = "g2rl_sigma2_lambda0.05_seed0"
    job = SimpleNamespace(dataset="mine", run=run, fold="2")
    assert jobs.start_model(job) == [f"results/first/{run}/fold1/model.safetensors"]
    assert jobs.start_weights(job) == []
    job = SimpleNamespace(dataset="first", run=run, fold="2")
    assert jobs.start_model(job) == []
    assert jobs.start_weights(job) == ["results/weights/resnet50.tv_in1k.safetensors"]


def test_choices_are_made_on_every_fourth_training_subject(tmp_path):
    subjects = [f"SN{n:03}" for n in (*range(1, 14), 16)]
    make_disfa(tmp_path / "DISFA", subjects)
    rows = [f"{subject}\t{subject}\t{1 + n % 2}" for n, subject in enumerate(subjects)]
    (tmp_path / "sheet.tsv").write_text("\n".join(["sequence\tsubject\tfold", *rows]))
    found = plan(tmp_path)
    assert found.held_out(1) == found.test(1, validation=True) == ["SN002", "SN010"]
    assert set(found.train(1, validation=True)) == set(found.train(1)) - {"SN002", "SN010"}
    assert not set(found.held_out(1)) & set(found.test(1))


def test_missing_files_point_to_the_check(disfa):
    (disfa / "DISFA/ActionUnit_Labels/SN002/SN002_au5.txt").unlink()
    with pytest.raises(InputError, match="1 of 24") as caught:
        plan(disfa)
    root, sheet = disfa / "DISFA", disfa / "sheet.tsv"
    assert f"g2rl check {root} --layout=disfa --sheet={sheet}" in str(caught.value)


def test_own_table_is_its_own_sheet(tmp_path):
    found = plan(tmp_path, layout="table", root=str(own_table(tmp_path)), sheet=None)
    assert found.aus == (6, 12)
    assert found.train(1) == ["two"]
    assert found.media("two") == str(tmp_path / "own/two.avi")


def test_the_aus_of_own_data_are_those_of_the_first_file_that_is_whole(tmp_path):
    """A fault in one file, which `allow_faults` lets pass, does not stop the planning."""
    root = own_table(tmp_path)
    (root / "one.csv").write_text("frame;AU06;AU12\n")
    found = plan(tmp_path, layout="table", root=str(root), sheet=None)
    assert found.aus == (6, 12)
    (tmp_path / "check.csv").write_text("severity,file\nerror,one.csv\n")
    labels = found.layout.read_labels(root, "one", read_known_faults(tmp_path / "check.csv"))
    assert (labels.aus, labels.intensity.shape) == ((6, 12), (0, 2))  # no frame is coded
    with pytest.raises(InputError, match=r"one\.csv"):
        found.layout.read_labels(root, "one")
    (root / "two.csv").write_text("")
    with pytest.raises(InputError, match=r"one\.csv"):
        plan(tmp_path, layout="table", root=str(root), sheet=None)


def test_other_layouts_need_a_sheet(tmp_path):
    with pytest.raises(InputError, match=r"datasets\.mine\.sheet: missing"):
        plan(tmp_path, sheet=None)


def test_au_without_a_location_is_named_before_anything_runs(tmp_path, disfa):
    root = str(own_table(tmp_path, "frame,AU06,AU46"))
    with pytest.raises(InputError, match=r"datasets\.mine: .*no location for AU46; give it one in au_"):
        plan(tmp_path, layout="table", root=root, sheet=None)
    with pytest.raises(
        InputError,
        match=r"no location for AU05 \(Upper lid raiser\); the sets \['default', 'libreface'\] have",
    ):
        plan(disfa, training={"centres": "jaanet"})


def test_fold_without_training_sequences(disfa):
    (disfa / "sheet.tsv").write_text(SHEET.replace("\t2\n", "\t1\n"))
    with pytest.raises(InputError, match="every fold needs other sequences"):
        plan(disfa)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ("", []),  # nothing was made yet, or not all
        ("a b", []),
        ("a b lock", []),
        ("a lock", ["b"]),
        ("lock", ["a", "b"]),
    ],
)
def test_files_are_missing_where_what_was_made_of_them_is_there(tmp_path, monkeypatch, there, expected):
    monkeypatch.chdir(tmp_path)
    for name in there.split():
        (tmp_path / name).touch()
    assert missing(["a", "b"], of="lock")(None) == expected


def test_a_changed_file_of_the_copy_changes_its_stamp(disfa):
    found = plan(disfa)
    stamps = [found.stamp(), found.stamp()]
    codes = Path(found.labels("SN002")[3])
    codes.write_text(codes.read_text() + "\n")
    stamps.append(found.stamp())
    Path(found.media("SN001")).write_bytes(b"another video")
    stamps.append(found.stamp())
    assert stamps[0] == stamps[1]
    assert len(set(stamps)) == 3


def test_a_job_of_a_cluster_does_not_look_for_the_files_again(disfa):
    (disfa / "DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi").unlink()
    dataset = {"layout": "disfa", "root": str(disfa / "DISFA"), "sheet": str(disfa / "sheet.tsv")}
    parsed = load.parse({"datasets": {"mine": dataset}}, "my.yaml")
    with pytest.raises(InputError, match="1 of 2"):
        load_manifests(parsed)
    assert list(load_manifests(parsed, look=False)["mine"].sequences) == ["SN001", "SN002"]
