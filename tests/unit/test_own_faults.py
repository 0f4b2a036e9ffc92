"""Mistakes in own data: g2rl check finds each before the run, those too that the workflow refuses."""

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from g2rl.cli.main import main
from g2rl.config.load import parse
from g2rl.config.own_data import own_configuration
from g2rl.datasets.integrity.check import check, exit_status
from g2rl.datasets.integrity.findings import format_findings
from g2rl.datasets.registry import get_layout
from g2rl.errors import InputError
from g2rl.workflow.manifest import load_manifests
from tests.data.make_trees import activity, video_bytes

FRAMES = 12
PEOPLE = {"anna": 1, "berta": 1, "carl": 2, "dora": 2}
HEADER = "frame,AU06,AU12\n"


def codes(name: str, first: int = 1) -> str:
    columns = [activity(f"{name}{au}", FRAMES) for au in (6, 12)]
    columns[0][3], columns[1][5] = 2, 3  # never without any activity
    rows = [f"{first + place},{a},{b}\n" for place, (a, b) in enumerate(zip(*columns, strict=True))]
    return HEADER + "".join(rows)


@pytest.fixture(scope="module")
def clean(tmp_path_factory) -> Path:
    """Two videos and two image folders of four people, with codes."""
    root = tmp_path_factory.mktemp("clean") / "own"
    (root / "videos").mkdir(parents=True)
    rows = ["sequence\tsubject\tfold\tmedia\tcodes"]
    for place, (name, fold) in enumerate(PEOPLE.items()):
        media = root / f"videos/{name}{'.avi' if place < 2 else ''}"
        if media.suffix:
            media.write_bytes(video_bytes(FRAMES, name))
        else:
            media.mkdir()
            random = np.random.default_rng(place)
            for number in range(1, FRAMES + 1):
                image = random.integers(0, 255, (48, 64, 3), np.uint8)
                cv2.imwrite(str(media / f"{name}_{number:03d}.jpg"), image)
        (root / f"{name}.csv").write_text(codes(name))
        rows.append(f"{name}_1\t{name}\t{fold}\t{media.relative_to(root)}\t{name}.csv")
    (root / "sequences.tsv").write_text("\n".join(rows) + "\n")
    return root


@pytest.fixture
def own(clean, tmp_path) -> Path:
    shutil.copytree(clean, tmp_path / "own")
    return tmp_path / "own"


def sheet(pattern: str, to: str):
    """Plants a mistake into sequences.tsv."""

    def plant(root: Path) -> None:
        path = root / "sequences.tsv"
        text, count = re.subn(pattern, to, path.read_text(), flags=re.MULTILINE)
        assert count
        path.write_text(text)

    return plant


def file(name: str, content: str | bytes | None):
    """Plants a file in place of another, or removes it."""

    def plant(root: Path) -> None:
        if content is None:
            (root / name).unlink()
        else:
            (root / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    return plant


def shifted(root: Path) -> None:
    (root / "anna.csv").write_text(codes("anna", first=0))


def far_off(root: Path) -> None:
    (root / "carl.csv").write_text(codes("carl", first=1000))


def without_number(root: Path) -> None:
    (root / "videos/carl/carl_002.jpg").rename(root / "videos/carl/cover.jpg")


# What is planted → the mistake, the finding, and whether the workflow refuses to start.
MISTAKES = {
    "a subject in two folds": (sheet(r"berta\t1", "anna\t2"), "sheet", True),
    "a sequence twice": (sheet("^berta_1", "anna_1"), "sheet", True),
    "a name with a blank": (sheet("^berta_1", "berta 1"), "sheet", True),
    "a name with a slash": (sheet("^berta_1", "b/1"), "sheet", True),
    "a fold that is no number": (sheet(r"berta\t1", "berta\tA"), "sheet", True),
    "one fold": (sheet(r"\t2\t", "\t1\t"), "sheet", True),
    "one subject": (sheet(r"\t(anna|berta|carl|dora)\t\d", "\tanna\t1"), "sheet", True),
    "no fold that tests": (sheet(r"\t[12]\t", "\t0\t"), "sheet", True),
    "a column missing": (sheet("codes$", "labels"), "root", True),
    "a Windows path": (sheet("videos/anna", r"D:\\\\anna"), "root", True),
    "a subject in two spellings": (sheet(r"dora\t2", "Carl\t2"), "subject-spelling", False),
    "an AU without a location": (lambda root: au_seven(root), "au-location", True),
    "media that are not there": (sheet("videos/anna.avi", "videos/ann.avi"), "subject-missing", True),
    "codes that are not there": (sheet("anna.csv", "ana.csv"), "label-file-missing", True),
    "the same video for two": (sheet("videos/berta.avi", "videos/anna.avi"), "frames-copied", False),
    "a video that does not open": (file("videos/anna.avi", b"cut"), "video-unreadable", False),
    "images without a number": (without_number, "frame-unnumbered", False),
    "codes counted from 0": (shifted, "label-frame-number", False),
    "codes of other frames": (far_off, "frames-other", False),
    "codes longer than the video": (file("anna.csv", codes("anna") + "13,0,0\n"), "frame-missing", False),
    "FACS letters": (file("anna.csv", HEADER + "1,B,0\n"), "label-value", False),
    "half steps": (file("anna.csv", HEADER + "1,2.5,0\n"), "label-value", False),
    "an export of ELAN": (file("anna.csv", "AU06\t\t00:00:01.2\t00:00:02.4\n"), "label-columns", False),
    "a workbook as codes": (file("anna.csv", b"PK\x03\x04"), "label-not-text", False),
    "a frame twice": (file("anna.csv", codes("anna") + "12,0,0\n"), "label-frame-twice", False),
    "no codes below the header": (file("anna.csv", HEADER), "label-empty", False),
    "another AU in one file": (file("anna.csv", codes("anna").replace("AU12", "AU17")), "aus-differ", False),
    "occurrence in place of intensity": (lambda root: occurrence(root), "occurrence-codes", False),
}


def au_seven(root: Path) -> None:
    for name in PEOPLE:
        path = root / f"{name}.csv"
        path.write_text(path.read_text().replace("AU06", "AU07"))


def occurrence(root: Path) -> None:
    for name in PEOPLE:
        path = root / f"{name}.csv"
        header, *rows = path.read_text().splitlines()
        path.write_text("\n".join([header, *(re.sub(r",[2-5]", ",1", row) for row in rows)]))


def start(root: Path) -> None:
    """What the workflow reads before it runs anything."""
    load_manifests(parse({"datasets": {"own": {"layout": "table", "root": str(root)}}}, "config.yaml"))


def test_own_data_without_a_mistake(clean):
    assert check(get_layout("table"), clean, jobs=1, centres="") == []
    start(clean)


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake_is_found_before_the_run(own, name):
    plant, code, is_refused = MISTAKES[name]
    plant(own)
    findings = check(get_layout("table"), own, jobs=1, centres="")
    assert code in {finding.code for finding in findings}, format_findings(findings)
    for finding in findings:
        assert "distribut" not in finding.action  # advice for a copy of a published dataset
        assert finding.found
    is_warning = code in ("subject-spelling", "frame-missing")
    assert exit_status(findings) == (not is_warning), format_findings(findings)
    if is_refused:
        with pytest.raises(InputError):
            start(own)
    else:
        start(own)


def test_there_are_twenty_mistakes_and_more():
    assert len(MISTAKES) >= 20


def test_a_location_given_by_hand_is_taken(own):
    au_seven(own)
    findings = check(get_layout("table"), own, jobs=1, centres="7: 37+41 44+46")
    assert findings == []
    assert check(get_layout("table"), own, jobs=1, centres=None) == []


def test_the_configuration_in_the_folder_says_how_to_check_it(own, capsys):
    au_seven(own)
    config = own / "config.yaml"
    config.write_text(own_configuration(own, (7, 12), False, "a test"))
    command = ["check", str(own), "--jobs=1"]
    assert main(command) == 0
    said = f"{config}: layout table, centre set default, centres 7: 37+41 44+46\n"
    assert said in capsys.readouterr().err
    assert main([*command, "--layout=table"]) == 0
    assert said.replace("layout table, ", "") in capsys.readouterr().err
    assert main([*command, "--au-centres="]) == 1  # what is given counts
    assert "au-location" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text.replace("/own", "/elsewhere"), "config.yaml: none of its datasets has root "),
        (lambda text: "of: another program\n", "config.yaml: datasets: missing"),
    ],
)
def test_a_configuration_of_something_else_in_the_folder(own, capsys, change, message):
    (own / "config.yaml").write_text(change(own_configuration(own, (6, 12), False, "a test")))
    command = ["check", str(own), "--jobs=1"]
    assert main(command) == 2
    assert message in capsys.readouterr().err
    assert main([*command, "--layout=table"]) == 0
    assert ": not used" in capsys.readouterr().err
    (own / "config.yaml").unlink()
    assert main(command) == 2
    assert "no layout given, and no config.yaml in it that names one" in capsys.readouterr().err
