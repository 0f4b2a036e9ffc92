"""DISFA: one video a subject, one intensity file per AU."""

import re
from pathlib import Path

from g2rl.datasets.layout import Labels, Layout, find_entry, read_code_files
from g2rl.files import InputError

_SEQUENCE = re.compile(r"SN\d{3}", re.ASCII)


class Disfa(Layout):
    """``Videos_LeftCamera/LeftVideoSN001_comp.avi`` and ``ActionUnit_Labels/SN001/SN001_au1.txt``.

    Frames count from 1. ``disfa_right`` takes ``Video_RightCamera/RightVideoSN001_Comp.avi`` instead; the
    codes are the same.
    """

    aus = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
    labels_folder = "ActionUnit_Labels"

    def __init__(self, camera: str = "left") -> None:
        self.name = "disfa" if camera == "left" else f"disfa_{camera}"
        # As distributed the right camera's names differ in "Video" and "Comp"; either is taken for either.
        self._folders, self._file = {
            "left": (("Videos_LeftCamera", "Video_LeftCamera"), "LeftVideo{}_comp.avi"),
            "right": (("Video_RightCamera", "Videos_RightCamera"), "RightVideo{}_Comp.avi"),
        }[camera]

    def media(self, root: Path, sequence: str) -> Path:
        _known(sequence)
        return find_entry(find_entry(Path(root), *self._folders), self._file.format(sequence))

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        _known(sequence)
        folder = find_entry(Path(root), self.labels_folder) / sequence
        return [folder / f"{sequence}_au{au}.txt" for au in self.aus]

    def read_labels(self, root: Path, sequence: str) -> Labels:
        return read_code_files(self.label_paths(root, sequence), self.aus, first_frame=1)

    def check_root(self, root: Path) -> None:
        root = Path(root)
        expected = f"{self._folders[0]}/ and {self.labels_folder}/"
        if not root.is_dir():
            raise InputError(f"{root}: no such folder, expected DISFA's with {expected} in it")
        videos, labels = find_entry(root, *self._folders), find_entry(root, self.labels_folder)
        if videos.is_dir() and labels.is_dir():
            return
        raise InputError(f"{root}: not DISFA's folder, expected {expected} in it: {_guess(root, self)}")


def _guess(root: Path, layout: Disfa) -> str:
    names = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    if find_entry(root, "Labels").is_dir():
        return "this is DISFA+ (Labels/SN001/<trial>/AU1.txt), another dataset"
    if find_entry(root, "BP4D-training").is_dir() or find_entry(root, "AU Intensity Codes3.0").is_dir():
        return "this is BP4D: set its layout to bp4d"
    if find_entry(root, layout.labels_folder).is_dir():
        left, right = Disfa("left"), Disfa("right")
        for other in (left, right):
            if find_entry(root, *other._folders).is_dir():
                return f"only the other camera's videos are here: set its layout to {other.name}"
        return "the codes are here, the videos are not: copy them beside the codes"
    if find_entry(root, *layout._folders).is_dir():
        return "the videos are here, the codes are not: copy them beside the videos"
    if find_entry(root.parent, layout.labels_folder).is_dir():
        return f"it is one level up: give {root.parent}"
    below = [name for name in names if find_entry(root / name, layout.labels_folder).is_dir()]
    if below:
        return f"it is one level down: give {root / below[0]}"
    return f"found {', '.join(names[:5]) or 'nothing'}"


def _known(sequence: str) -> None:
    if not _SEQUENCE.fullmatch(sequence):
        raise InputError(f"{sequence}: not a DISFA sequence, expected a name like SN001")
