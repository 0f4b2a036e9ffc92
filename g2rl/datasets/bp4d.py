"""BP4D: a folder of JPEG frames a sequence, one intensity file per AU."""

import re
from pathlib import Path

from g2rl.datasets.layout import Labels, Layout, find_entry, read_code_files
from g2rl.files import InputError

_SEQUENCE = re.compile(r"([FM]\d{3})_(T\d)", re.ASCII)


class Bp4d(Layout):
    """``BP4D-training/F001/T1/2440.jpg`` and ``AU Intensity Codes3.0/AU06/F001_T1_AU06.csv`` below the root.

    The zero padding of the frames' file names differs between sequences: frames are known by the integer.
    Code 9 means "not coded".
    """

    name = "bp4d"
    aus = (6, 10, 12, 14, 17)
    frames_folder = ("BP4D-training",)
    labels_folder = ("AU Intensity Codes3.0", "AU_INT")

    def media(self, root: Path, sequence: str) -> Path:
        subject, task = _split(sequence)
        return find_entry(Path(root), *self.frames_folder) / subject / task

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        _split(sequence)
        folder = self.labels(Path(root))
        return [folder / f"AU{au:02d}" / f"{sequence}_AU{au:02d}.csv" for au in self.aus]

    def labels(self, root: Path) -> Path:
        """The folder of the intensity codes, in the spelling found; also BP4D+'s ``AUCoding/AU_INT``."""
        for parent in (root, find_entry(root, "AUCoding")):
            if (folder := find_entry(parent, *self.labels_folder)).is_dir():
                return folder
        return root / self.labels_folder[0]

    def read_labels(self, root: Path, sequence: str) -> Labels:
        return read_code_files(self.label_paths(root, sequence), self.aus, not_coded=9)

    def check_root(self, root: Path) -> None:
        root = Path(root)
        expected = f"{self.frames_folder[0]}/ and {self.labels_folder[0]}/"
        if not root.is_dir():
            raise InputError(f"{root}: no such folder, expected BP4D's with {expected} in it")
        frames, labels = find_entry(root, *self.frames_folder), self.labels(root)
        if frames.is_dir() and labels.is_dir():
            return
        raise InputError(f"{root}: not BP4D's folder, expected {expected} in it: {_guess(root, self)}")


def _guess(root: Path, layout: Bp4d) -> str:
    names = sorted(entry.name for entry in root.iterdir() if not entry.name.startswith("."))
    if find_entry(root, *layout.frames_folder).is_dir():
        return "the frames are here, the intensity codes are not: copy them beside the frames"
    if find_entry(root, "ActionUnit_Labels").is_dir() or find_entry(root, "Videos_LeftCamera").is_dir():
        return "this is DISFA: set its layout to disfa"
    if any(re.fullmatch(r"[FM]\d{3}", name) for name in names):
        if "F024" in names or any(
            (root / name / f"T{task}").is_dir() for name in names[:3] for task in (9, 10)
        ):
            return "this is BP4D+ (tasks T9, T10 or subjects past F023), another dataset"
        return (
            f"the subjects lie right here: give the folder above, with this one named {expected_name(layout)}"
        )
    below = [name for name in names if find_entry(root / name, *layout.frames_folder).is_dir()]
    if below:
        return f"it is one level down: give {root / below[0]}"
    return f"found {', '.join(names[:5]) or 'nothing'}"


def expected_name(layout: Bp4d) -> str:
    """The name that the folder of the frames has as distributed."""
    return layout.frames_folder[0]


def _split(sequence: str) -> tuple[str, str]:
    match = _SEQUENCE.fullmatch(sequence)
    if match is None:
        raise InputError(f"{sequence}: not a BP4D sequence, expected a name like F001_T1")
    return match[1], match[2]
