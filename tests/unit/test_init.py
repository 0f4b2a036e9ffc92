"""``g2rl init``: files matched by name, subjects and folds guessed by a stated rule, nothing overwritten."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from g2rl.cli.main import main
from g2rl.config.load import load
from g2rl.datasets.init import init
from g2rl.datasets.own_data import divide_subjects, guess_subjects
from g2rl.datasets.sheet import check_folds, read_sheet
from g2rl.errors import InputError
from g2rl.workflow.manifest import load_manifests

ROOT = Path(__file__).resolve().parents[2]
CODES = "frame,AU06,AU12\n1,0,1\n2,3,0\n"


def make(root: Path, names: list[str], codes: str = CODES) -> Path:
    """Media by name, ``/`` at the end for a folder of images, and the codes beside them."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
            for number in (1, 2):
                cv2.imwrite(str(path / f"{number}.png"), np.zeros((4, 4, 3), np.uint8))
            path.with_name(f"{path.name}.csv").write_text(codes)
        else:
            path.write_bytes(b"video")
            path.with_suffix(".csv").write_text(codes)
    return root


def sheet(root: Path) -> dict[str, tuple[str, str, str]]:
    lines = (root / "sequences.tsv").read_text().splitlines()
    assert lines[0] == "sequence\tsubject\tfold\tmedia\tcodes"
    rows = [line.split("\t") for line in lines[1:]]
    return {name: (subject, media, codes) for name, subject, _, media, codes in rows}


def test_videos_and_image_folders_with_codes(tmp_path):
    root = make(tmp_path / "lab data", ["anna_1.mp4", "anna_2.mov", "berta_1.avi", "carl_1/"])
    files, said = init(root, gpu=False)
    assert files == [root / "sequences.tsv", root / "config.yaml"]
    assert sheet(root) == {
        "anna_1": ("anna", "anna_1.mp4", "anna_1.csv"),
        "anna_2": ("anna", "anna_2.mov", "anna_2.csv"),
        "berta_1": ("berta", "berta_1.avi", "berta_1.csv"),
        "carl_1": ("carl", "carl_1", "carl_1.csv"),
    }
    for words in (
        "4 recordings of 3 subjects, 8 coded frames, AU06, AU12",
        "the name up to the first _",
        "check",
    ):
        assert words in said
    config = load(files[1])
    assert config.results == "results_lab_data"
    assert config.training == load(ROOT / "config/config.yaml").training
    assert not config.compute.gpu
    assert config.weights == "none"
    assert not config.sweep.sigma
    assert load_manifests(config)["lab_data"].folds == [1, 2, 3]
    check_folds(files[0], read_sheet(files[0]))


def test_image_folders_with_a_dot_in_their_name(tmp_path):
    root = make(tmp_path / "own", ["P01.s1/", "P01.s2/", "P02.s1/"])
    init(root, gpu=False)
    assert sheet(root) == {name: (name[:3], name, f"{name}.csv") for name in ("P01.s1", "P01.s2", "P02.s1")}
    assert load_manifests(load(root / "config.yaml"))["own"].folds == [1, 2]


def test_the_same_folder_gives_the_same_files(tmp_path):
    texts = []
    for names in (["b1.mp4", "a1.mp4", "c1.mp4"], ["c1.mp4", "b1.mp4", "a1.mp4"]):
        root = make(tmp_path / f"{len(texts)}/own", names)
        texts.append([path.read_text().replace(str(root), "") for path in init(root, gpu=True)[0]])
    assert texts[0] == texts[1]
    assert load(root / "config.yaml").training.backbone == "resnet50.tv_in1k"
    assert load(root / "config.yaml").compute.gpu


@pytest.mark.parametrize("there", ["sequences.tsv", "config.yaml"])
def test_nothing_is_overwritten(tmp_path, there, capsys):
    root = make(tmp_path, ["anna.mp4", "berta.mp4"])
    (root / there).write_text("mine")
    assert main(["init", str(root), "--device", "cpu"]) == 2
    assert f"{there}: is there already and is not overwritten" in capsys.readouterr().err
    assert (root / there).read_text() == "mine"
    assert len(list(root.iterdir())) == 5


def test_codes_in_a_folder_of_their_own_under_longer_names(tmp_path):
    root = make(tmp_path, ["videos/anna 1.mp4", "videos/Berta-1.mp4"])
    (root / "codes").mkdir()
    (root / "videos/anna 1.csv").rename(root / "codes/anna_1_codes.csv")
    (root / "videos/Berta-1.csv").rename(root / "codes/FACS berta 1.txt")
    init(root, gpu=False)
    assert sheet(root) == {
        "anna_1": ("anna", "videos/anna 1.mp4", "codes/anna_1_codes.csv"),
        "Berta-1": ("Berta", "videos/Berta-1.mp4", "codes/FACS berta 1.txt"),
    }


def test_what_is_left_out_is_said_with_the_reason(tmp_path):
    root = make(tmp_path, ["anna.mp4", "berta.mp4", "carl.mp4", "dora.mp4", "emil.mp4"])
    (root / "carl.csv").write_text("frame,AU06,AU12\n0,0,1\n")
    (root / "dora.csv").unlink()
    (root / "dora.xlsx").write_bytes(b"PK")
    (root / "emil.csv").write_text("frame,AU06\n1,0\n")
    said = init(root, gpu=False)[1]
    assert list(sheet(root)) == ["anna", "berta"]
    for words in (
        "carl.csv: line 2: frame 0, expected frames from 1 on: frames count from 1",
        "dora.mp4: no file of codes of this name",
        "dora.xlsx: a workbook or project: save the codes as CSV",
        "emil.csv: codes AU06; the others code AU06, AU12",
    ):
        assert words in said


@pytest.mark.parametrize("name", ["raw", "Figures", "2020", "no", "null", "synthetic"])
def test_any_name_of_the_folder_gives_a_configuration(tmp_path, name):
    root = make(tmp_path / name, ["anna.mp4", "berta.mp4"], CODES)
    init(root, gpu=False)
    (dataset,) = load(root / "config.yaml").datasets
    assert dataset.lower().endswith(name.lower())


def test_an_au_without_a_location_gets_one(tmp_path):
    root = make(tmp_path, ["anna.mp4", "berta.mp4"], CODES.replace("AU06", "AU07"))
    said = init(root, gpu=False)[1]
    assert load(root / "config.yaml").au_centres == {7: "37+41 44+46"}
    assert "AU07      at landmarks 37+41 44+46: a guess" in said
    assert load_manifests(load(root / "config.yaml"))


@pytest.mark.parametrize(
    ("names", "codes", "message"),
    [
        ([], CODES, "no recording with codes"),
        (["anna.mp4"], CODES, "one recording, or all of one subject"),
        (["anna.mp4", "berta.mp4"], CODES.replace("AU06", "AU33"), "AU33 has no known place"),
        (["anna.mp4", "berta.mp4"], "frame,AU06\n1,B\n", "FACS letter"),
    ],
)
def test_a_folder_that_gives_no_dataset(tmp_path, names, codes, message):
    root = make(tmp_path / "own", names, codes)
    root.mkdir(exist_ok=True)
    with pytest.raises(InputError, match=message):
        init(root, gpu=False)
    assert not (root / "sequences.tsv").exists()
    with pytest.raises(InputError, match="no such folder"):
        init(tmp_path / "none", gpu=False)


@pytest.mark.parametrize(
    ("media", "subjects"),
    [
        (["anna/1.mp4", "anna/2.mp4", "berta/1.mp4"], ["anna", "anna", "berta"]),
        (["P01_T1.mp4", "P01_T2.mp4", "P02_T1.mp4"], ["P01", "P01", "P02"]),
        (["anna1.mp4", "anna2.mp4", "berta1.mp4"], ["anna", "anna", "berta"]),
        (["P01.mp4", "P02.mp4", "P03.mp4"], ["P01", "P02", "P03"]),
        (["study_P01_a.mp4", "study_P01_b.mp4", "study_P02_a.mp4"], ["P01", "P01", "P02"]),
        (["clip_01.mp4", "clip_02.mp4"], ["01", "02"]),
        (["session1/anna.mp4", "session2/anna.mp4", "session1/berta.mp4"], ["anna", "anna", "berta"]),
        (["subj01.mp4", "subj02.mp4"], ["subj01", "subj02"]),
    ],
)
def test_subjects_are_guessed_from_the_names(media, subjects):
    paths = [Path(name) for name in media]
    stems = [path.stem for path in paths]
    names = [
        path.stem if stems.count(path.stem) == 1 else "_".join(path.with_suffix("").parts) for path in paths
    ]
    assert guess_subjects(paths, names)[0] == subjects


def test_folds_hold_about_as_many_frames_each():
    weights = {f"P{place}": 100 + 10 * place for place in range(9)}
    folds = divide_subjects(weights, 3)
    sizes = [sum(weights[name] for name in folds if folds[name] == number) for number in (1, 2, 3)]
    assert max(sizes) - min(sizes) <= 40
    assert divide_subjects({"a": 1, "b": 1}, 2) == {"a": 1, "b": 2}


def test_the_configuration_is_plain_yaml(tmp_path):
    root = make(tmp_path / 'a "b" #c', ["anna.mp4", "berta.mp4"])
    init(root, gpu=False)
    values = yaml.safe_load((root / "config.yaml").read_text())
    assert values["datasets"] == {"a_b_c": {"layout": "table", "root": str(root)}}
