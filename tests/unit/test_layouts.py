"""Layouts: where BP4D and DISFA keep frames and codes, in each spelling."""

import itertools
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from g2rl.datasets.integrity.check import check
from g2rl.datasets.integrity.findings_file import KnownFaults, read_known_faults, write_findings
from g2rl.datasets.registry import get_layout
from g2rl.datasets.root import check_root
from g2rl.errors import InputError
from g2rl.io.video import open_source
from tests.data.make_trees import FAULTS, make_bp4d, make_disfa


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_a_fault_that_the_check_knew_stops_its_sequence_alone(tmp_path, caplog):
    """Where faults are allowed it has no frame; a fault unknown to the check is an error."""
    make_bp4d(tmp_path, ["F009_T8", "M009_T8"])
    layout, sheet = get_layout("bp4d"), tmp_path / "sheet.tsv"
    sheet.write_text("sequence\tsubject\tfold\nF009_T8\tF009\t0\nM009_T8\tM009\t1\n")
    FAULTS["code_seven"].plant(tmp_path, "F009_T8")
    FAULTS["cover_image"].plant(tmp_path, "F009_T8")
    write_findings(tmp_path / "check.csv", check(layout, tmp_path, sheet, jobs=1))
    checked = read_known_faults(tmp_path / "check.csv")
    for sequence in ("F009_T8", "M009_T8"):
        if sequence == "M009_T8":  # which was clean when it was checked
            FAULTS["code_seven"].plant(tmp_path, sequence)
            FAULTS["cover_image"].plant(tmp_path, sequence)
        for known in (KnownFaults(), *([checked] if sequence == "M009_T8" else [])):
            with pytest.raises(InputError, match="intensity 7"):
                layout.read_labels(tmp_path, sequence, known)
            with pytest.raises(InputError, match=r"cover\.jpg: no frame number"):
                open_source(layout.media(tmp_path, sequence), known)
    labels = layout.read_labels(tmp_path, "F009_T8", checked)
    assert (labels.frame.shape, labels.intensity.shape, labels.aus) == ((0,), (0, 5), layout.aus)
    source = open_source(layout.media(tmp_path, "F009_T8"), checked)
    assert (list(source.numbers), list(source.grey()), list(source.rgb())) == ([], [], [])
    assert "intensity 7, expected 0 to 5 or 9 (not coded): no frame of the sequence is coded" in caplog.text
    assert "rename it or move it elsewhere: the sequence has no frame" in caplog.text


def test_missing_label_file(tmp_path):
    with pytest.raises(InputError, match=r"F001_T1_AU06\.csv: no such file"):
        get_layout("bp4d").read_labels(tmp_path, "F001_T1")


def test_aus_that_disagree_on_frames(tmp_path):
    for path in get_layout("bp4d").label_paths(tmp_path, "F001_T1"):
        write(path, "3,0\n4,9\n5,1\n" if "AU12" not in path.name else "3,0\n5,1\n6,0\n")
    with pytest.raises(InputError, match=r"AU12\.csv: no frame 4 \(2 frames differ\), expected .*AU06"):
        get_layout("bp4d").read_labels(tmp_path, "F001_T1")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.sets(st.integers(1, 60), min_size=1, max_size=12),
    coded=st.sets(st.integers(1, 60), min_size=1, max_size=12),
    padding=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    codes=st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 9]), min_size=60, max_size=60),
)
def test_bp4d_sequence_of_any_padding_gaps_and_extra_frames(tmp_path_factory, frames, coded, padding, codes):
    root, layout = tmp_path_factory.mktemp("bp4d"), get_layout("bp4d")
    folder = layout.media(root, "M007_T8")
    folder.mkdir(parents=True)
    for number, zeros in zip(sorted(frames), padding, strict=False):
        cv2.imwrite(str(folder / f"{'0' * zeros}{number}.jpg"), np.full((8, 8, 3), number * 4, np.uint8))
    stream = itertools.cycle(codes)
    table = {frame: [next(stream) for _ in layout.aus] for frame in coded}
    for column, path in enumerate(layout.label_paths(root, "M007_T8")):
        write(path, "".join(f"{frame},{row[column]}\r\n" for frame, row in table.items()))
    source, labels = open_source(folder), layout.read_labels(root, "M007_T8")
    assert source.numbers == sorted(frames)
    assert all(abs(int(image.mean()) - number * 4) <= 2 for number, image in source.grey())
    assert labels.aus == (6, 10, 12, 14, 17)
    assert labels.frame.tolist() == sorted(coded)
    assert labels.intensity.tolist() == [
        [-1 if code == 9 else code for code in table[frame]] for frame in sorted(coded)
    ]


def test_paths_before_anything_is_there(tmp_path):
    root = tmp_path / "not/yet"
    assert get_layout("bp4d").media(root, "F001_T1") == root / "BP4D-training/F001/T1"
    assert get_layout("bp4d").label_paths(root, "F001_T1")[1] == (
        root / "AU Intensity Codes3.0/AU10/F001_T1_AU10.csv"
    )
    assert get_layout("disfa").media(root, "SN001") == root / "Videos_LeftCamera/LeftVideoSN001_comp.avi"
    assert (
        get_layout("disfa_right").media(root, "SN001") == root / "Video_RightCamera/RightVideoSN001_Comp.avi"
    )
    assert get_layout("disfa").label_paths(root, "SN001")[5] == root / "ActionUnit_Labels/SN001/SN001_au9.txt"
    assert not root.exists()


@pytest.mark.parametrize(
    ("layout", "sequence", "parts"),
    [("bp4d", "F001_T1", {"subject": "F001", "task": "T1"}), ("disfa", "SN001", {"subject": "SN001"})],
)
def test_patterns_stand_for_the_files_of_every_sequence(tmp_path, layout, sequence, parts):
    place = get_layout(layout)
    pattern = place.sequence_pattern
    assert pattern.format(**parts) == sequence
    for files in (lambda name: [place.media(tmp_path, name)], lambda name: place.label_paths(tmp_path, name)):
        assert [str(path).format(**parts) for path in files(pattern)] == list(map(str, files(sequence)))


@pytest.mark.parametrize("codes", ["AU Intensity Codes3.0", "AU-Intensity-Codes3.0", "AUCoding/AU_INT"])
def test_bp4d_folders_in_each_spelling(tmp_path, codes):
    make_bp4d(tmp_path, ["F003_T3"], codes=codes)
    layout = get_layout("bp4d")
    check_root(layout, tmp_path)
    assert all(
        str(path).startswith(str(tmp_path / codes)) for path in layout.label_paths(tmp_path, "F003_T3")
    )
    labels = layout.read_labels(tmp_path, "F003_T3")
    assert labels.intensity.shape == (278, 5)
    assert (labels.intensity[:3, 3] == -1).all()


def test_disfa_file_names_in_each_spelling(tmp_path):
    make_disfa(tmp_path, ["SN010"])
    videos = tmp_path / "Videos_LeftCamera"
    (videos / "LeftVideoSN010_comp.avi").rename(videos / "LeftVideoSN010_Comp.AVI")
    videos.rename(tmp_path / "Video_LeftCamera")
    layout = get_layout("disfa")
    assert layout.media(tmp_path, "SN010").is_file()
    assert layout.read_labels(tmp_path, "SN010").intensity.shape == (4844, 12)


@pytest.mark.parametrize(("layout", "name"), [("bp4d", "SN001"), ("bp4d", "F001"), ("disfa", "F001_T1")])
def test_names_of_another_layout(tmp_path, layout, name):
    with pytest.raises(InputError, match=f"{name}: not a"):
        get_layout(layout).media(tmp_path, name)


def test_known_bad_frames_are_disfas():
    bad = {name: get_layout("disfa").known_bad(name) for name in get_layout("disfa").published(Path())}
    assert bad["SN001"] == [*range(398, 421), *range(3190, 3244)]
    assert bad["SN003"] == []
    assert bad == {name: get_layout("disfa_right").known_bad(name) for name in bad}
    # As listed: 34 runs in 13 videos, each inside its video, none overlapping.
    assert sum(map(len, bad.values())) == 4670
    assert sum(map(bool, bad.values())) == 13
    assert all(frames == sorted(set(frames)) and max(frames, default=1) <= 4845 for frames in bad.values())
    assert get_layout("bp4d").known_bad("F001_T1") == []


def test_unknown_layout():
    with pytest.raises(InputError, match="no layout 'bp4', did you mean 'bp4d'\\?"):
        get_layout("bp4")
