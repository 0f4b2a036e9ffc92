"""BP4D: one folder of JPEG frames per sequence, one intensity file per sequence and AU.

A licence holder's copy comes in two forms: Binghamton's, ``Sequences(2D+3D)`` beside ``AUCoding/AU_INT``,
and that of the challenge FERA 2015, ``BP4D-training`` beside ``AU Intensity Codes3.0``. Subjects' folders,
known by their names, may also lie in the root or in another folder below it.
"""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from g2rl.datasets.base import Layout, Part, find_entries, find_entry
from g2rl.datasets.labels import Labels, read_codes
from g2rl.errors import InputError
from g2rl.io.tables import RESOURCES, read_rows

_SEQUENCE = re.compile(r"([FM]\d{3})_(T\d{1,2})", re.ASCII)
_FRAMES = ("BP4D-training", "Sequences(2D+3D)", "2D+3D", "Sequences")
_SUBJECT, _TASK = r"[FM]\d{3}", r"T[1-8]"
_CODES = "AU Intensity Codes3.0"
MOST = 50  # folders of each level that are looked at
UNCODED = 9  # instead of an intensity, where none was coded


class Bp4d(Layout):
    """``BP4D-training/F001/T1/2440.jpg`` and ``AU Intensity Codes3.0/AU06/F001_T1_AU06.csv`` below the root.

    For the other places of frames and codes see ``_frame_folders`` and ``_code_folders``. The zero padding of
    the frames' file names differs between sequences: frames are known by the integer.
    Code 9 means "not coded".
    """

    name = "bp4d"
    title = "BP4D"
    aus = (6, 10, 12, 14, 17)
    sequence_pattern = "{subject}_{task}"
    rate_class = "bp4d"
    unknown_sequence = "other-dataset"  # BP4D is every task of every subject: any other is of BP4D+

    def media(self, root: Path, sequence: str) -> Path:
        if sequence != self.sequence_pattern and not _SEQUENCE.fullmatch(sequence):
            raise InputError(f"{sequence}: not a BP4D sequence, expected a name like F001_T1")
        return _frame_folder(Path(root)).joinpath(*sequence.split("_"))

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        folder = next(_code_folders(Path(root)), Path(root) / _CODES)
        return [folder / f"AU{au:02d}" / f"{sequence}_AU{au:02d}.csv" for au in self.aus]

    def read_file(self, path: Path) -> Labels:
        return read_codes(path, not_coded=UNCODED, first_frame=0)

    def parts(self, root: Path) -> list[Part]:
        codes, *others = list(_code_folders(root)) or [root / _CODES]
        return [
            Part("frames", _frame_folder(root), _SUBJECT, tuple(_frame_folders(root)[1:])),
            Part("intensity codes", codes, r"AU\d\d", tuple(others)),
        ]

    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        rows = read_rows(RESOURCES / "bp4d_annotated_ranges.csv")
        return {row["sequence"]: (int(row["first_frame"]), int(row["last_frame"])) for row in rows}

    def found(self, root: Path) -> dict[str, Path]:
        folder = _frame_folder(root)
        paths = (task for subject in os.scandir(folder) if subject.is_dir() for task in os.scandir(subject))
        named = ((Path(path.path).parent.name + "_" + path.name, path) for path in paths if path.is_dir())
        return {name: Path(path.path) for name, path in sorted(named) if _SEQUENCE.fullmatch(name)}


def _frame_folder(root: Path) -> Path:
    """The folder of the subjects' folders; where there is none (yet), one of that name, or as distributed."""
    return next(iter(_frame_folders(root)), find_entry(root, *_FRAMES))


def _frame_folders(root: Path) -> list[Path]:
    """Every folder with subjects' folders: under the names of both distributions; else the root itself; else
    any folder at most two levels below it."""
    named = [path for path in find_entries(root, *_FRAMES) if _holds_subjects(path)]
    if named or _holds_subjects(root):
        return named or [root]
    below = _folders(root)[:MOST]
    return [path for folder in below for path in (folder, *_folders(folder)[:MOST]) if _holds_subjects(path)]


def _holds_subjects(folder: Path) -> bool:
    """Whether a folder holds the tasks of a subject: ``F001/T1``."""
    subjects = (path for path in _folders(folder) if re.fullmatch(_SUBJECT, path.name))
    return any(re.fullmatch(_TASK, task.name) for subject in subjects for task in _folders(subject))


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(Path(entry.path) for entry in os.scandir(folder) if entry.is_dir())
    except OSError:
        return []


def _code_folders(root: Path) -> Iterator[Path]:
    """Every folder of intensity codes there is, the one as distributed first."""
    first = root / _CODES
    if first.is_dir():
        yield first
    yield from (path for path in find_entries(root, _CODES) if path != first)
    yield from find_entries(find_entry(root, "AUCoding"), "AU_INT", _CODES)
    yield from find_entries(root, "AU_INT")
