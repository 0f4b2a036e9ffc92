"""Roots of datasets: recognized, or the error names what the folder looks like instead."""

from pathlib import Path

import pytest

from g2rl.datasets.registry import LAYOUTS, get_layout
from g2rl.datasets.root import check_root
from g2rl.errors import InputError
from tests.data.make_trees import FAULTS, make_bp4d, make_disfa


def test_roots_that_are_right(tmp_path):
    make_bp4d(tmp_path / "bp4d", ["F001_T3"])
    make_disfa(tmp_path / "disfa", ["SN010"])
    make_disfa(tmp_path / "disfa", ["SN010"], camera="right")
    for name in ("bp4d", "disfa"):
        check_root(get_layout(name), tmp_path / name)
    check_root(get_layout("disfa_right"), tmp_path / "disfa")


@pytest.mark.parametrize(
    ("layout", "fault", "root", "message"),
    [
        ("bp4d", "nothing_there", "", r"no such folder, expected .*BP4D-training"),
        ("bp4d", "codes_not_copied", "", "the frames are there, the intensity codes are not"),
        (
            "bp4d",
            "every_subject_packed",
            "",
            r"frames are still packed: unpack F001\.zip in .*BP4D-training$",
        ),
        ("disfa", "videos_packed", "", r"videos are still packed: unpack Videos_LeftCamera\.zip in "),
        ("bp4d", "frames_one_level_down", "", r"give the folder below, .*disk$"),
        ("bp4d", None, "BP4D-training", r"give the folder above, "),
        ("bp4d", None, "BP4D-training/F001", r"give the folder above, .*tree$"),
        ("bp4d", None, "BP4D-training/F001/T3", r"give the folder above, .*tree$"),
        ("disfa", None, "Videos_LeftCamera/LeftVideoSN010_comp.avi", "a file, expected a folder of layout"),
        ("bp4d", "bp4d_plus", "", r"BP4D\+"),
        ("bp4d", "disfa_for_bp4d", "", "of layout disfa: set that"),
        ("disfa", "disfa_plus", "", r"DISFA\+"),
        ("disfa", "only_the_other_camera", "", "of layout disfa_right: set that"),
        ("disfa", None, "Videos_LeftCamera", "give the folder above"),
        ("table", None, "", "of layout disfa: set that"),
    ],
)
def test_roots_that_are_not(tmp_path, layout, fault, root, message):
    tree = tmp_path / "tree"
    if layout == "bp4d":
        make_bp4d(tree, ["F001_T3"])
    else:
        make_disfa(tree, ["SN010"])
    if fault:
        FAULTS[fault].plant(tree, "F001_T3" if layout == "bp4d" else "SN010")
    with pytest.raises(InputError, match=message) as error:
        check_root(get_layout(layout), tree / root)
    assert "\n" not in str(error.value)


def test_a_neighbour_that_may_not_be_read_hides_nothing(tmp_path, monkeypatch):
    """As ``lost+found`` of a disk whose top folder is given for the dataset below it."""
    make_disfa(tmp_path / "tree", ["SN010"])
    (tmp_path / "lost+found").mkdir()
    is_dir = Path.is_dir

    def guarded(path):
        if "lost+found" in path.parent.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", guarded)
    with pytest.raises(InputError, match=r"give the folder below, .*tree$"):
        check_root(get_layout("disfa"), tmp_path)


def test_root_that_is_anything(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    for layout in LAYOUTS.values():
        with pytest.raises(InputError, match=r"found holiday\.jpg"):
            check_root(layout, tmp_path)
