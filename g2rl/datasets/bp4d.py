"""BP4D: one folder of JPEG frames per sequence, one intensity file per sequence and AU."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from g2rl.datasets.base import Layout, Part, find_entries, find_entry, find_part
from g2rl.datasets.labels import Labels, read_codes
from g2rl.errors import InputError
from g2rl.io.tables import RESOURCES, read_rows

_SEQUENCE = re.compile(r"([FM]\d{3})_(T\d{1,2})", re.ASCII)
_FRAMES = "BP4D-training"
_CODES = "AU Intensity Codes3.0"
UNCODED = 9  # instead of an intensity, where none was coded


class Bp4d(Layout):
    """``BP4D-training/F001/T1/2440.jpg`` and ``AU Intensity Codes3.0/AU06/F001_T1_AU06.csv`` below the root.

    The zero padding of the frames' file names differs between sequences: frames are known by the integer.
    Code 9 means "not coded". The codes' folder may also be spelled as in BP4D+, ``AUCoding/AU_INT``.
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
        return find_entry(Path(root), _FRAMES).joinpath(*sequence.split("_"))

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        folder = next(_code_folders(Path(root)), Path(root) / _CODES)
        return [folder / f"AU{au:02d}" / f"{sequence}_AU{au:02d}.csv" for au in self.aus]

    def read_file(self, path: Path) -> Labels:
        return read_codes(path, not_coded=UNCODED, first_frame=0)

    def parts(self, root: Path) -> list[Part]:
        codes, *others = list(_code_folders(root)) or [root / _CODES]
        return [
            find_part("frames", r"[FM]\d{3}", root, _FRAMES),
            Part("intensity codes", codes, r"AU\d\d", tuple(others)),
        ]

    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        rows = read_rows(RESOURCES / "bp4d_annotated_ranges.csv")
        return {row["sequence"]: (int(row["first_frame"]), int(row["last_frame"])) for row in rows}

    def found(self, root: Path) -> dict[str, Path]:
        folder = find_entry(root, _FRAMES)
        paths = (task for subject in os.scandir(folder) if subject.is_dir() for task in os.scandir(subject))
        named = ((Path(path.path).parent.name + "_" + path.name, path) for path in paths if path.is_dir())
        return {name: Path(path.path) for name, path in sorted(named) if _SEQUENCE.fullmatch(name)}


def _code_folders(root: Path) -> Iterator[Path]:
    """Every folder of intensity codes there is, the one as distributed first."""
    first = root / _CODES
    if first.is_dir():
        yield first
    yield from (path for path in find_entries(root, _CODES) if path != first)
    yield from find_entries(find_entry(root, "AUCoding"), "AU_INT")
