"""DISFA: a video, or a folder of its frames, per subject and camera, an intensity file per subject and AU."""

import os
import re
from pathlib import Path

from g2rl.datasets.base import Layout, Part, find_entries
from g2rl.datasets.labels import Labels, read_codes
from g2rl.errors import InputError
from g2rl.io.tables import RESOURCES, read_rows

_CODES = ("ActionUnit_Labels", "AU_Labels")

# As distributed the cameras' names differ in "Videos" and "comp"; either spelling is taken for either camera.
# Copies as frames have a folder for each video, under the video's name or the subject's alone.
_CAMERAS = {
    "left": (
        (
            "Videos_LeftCamera",
            "Video_LeftCamera",
            "Images/Left",
            "Images_Left",
            "Images_LeftCamera",
            "Images",
        ),
        "LeftVideo{}_comp.avi",
    ),
    "right": (
        ("Video_RightCamera", "Videos_RightCamera", "Images/Right", "Images_Right", "Images_RightCamera"),
        "RightVideo{}_Comp.avi",
    ),
}


class Disfa(Layout):
    """``Videos_LeftCamera/LeftVideoSN001_comp.avi`` and ``ActionUnit_Labels/SN001/SN001_au1.txt``.

    Frames count from 1. ``disfa_right`` takes ``Video_RightCamera/RightVideoSN001_Comp.avi`` instead; the
    codes are the same. In place of a video there may be a folder of its frames, ``LeftVideoSN001/00001.jpg``,
    which may count from 0: see ``frame_shift``.
    """

    title = "DISFA"
    aus = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
    codes_every_frame = True
    frame_rate = 20.0
    sequence_pattern = "{subject}"
    has_known_bad_frames = True
    subjects = (*range(1, 14), 16, 17, 18, 21, *range(23, 33))

    def __init__(self, camera: str = "left") -> None:
        self.name = "disfa" if camera == "left" else f"disfa_{camera}"
        self.camera = camera
        self._folders, self._file = _CAMERAS[camera]

    def media(self, root: Path, sequence: str) -> Path:
        if sequence != self.sequence_pattern and not re.fullmatch(r"SN\d{3}", sequence, re.ASCII):
            raise InputError(f"{sequence}: not a DISFA sequence, expected a name like SN001")
        folder = self._folder(Path(root))
        return next(iter(find_entries(folder, *self._names(sequence))), folder / self._names(sequence)[0])

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        folder = _places(Path(root), _CODES)[0] / sequence
        return [folder / f"{sequence}_au{au}.txt" for au in self.aus]

    def read_file(self, path: Path) -> Labels:
        return read_codes(path, not_coded=None, first_frame=1)

    def frame_shift(self, root: Path, sequence: str) -> int:
        """−1 where a folder of frames counts from 0: that it holds frames 0 to one before the last coded one.

        Raises:
            InputError: it holds a frame 0, and its last one is another.
        """
        from g2rl.io.images import frame_number, is_frame_file  # here: a plan does without OpenCV

        media = self.media(root, sequence)
        if not media.is_dir():
            return 0
        numbers = {frame_number(name) for name in filter(is_frame_file, os.listdir(media))}
        if 0 not in numbers:
            return 0
        highest = max(number for number in numbers if number is not None)
        last = self._ranges.get(sequence, (1, highest + 1))[1]
        if highest != last - 1:
            raise InputError(
                f"{media}: frames 0 to {highest}, expected 1 to {last}, or 0 to {last - 1}: which of them is "
                "the first coded one cannot be told: number the images from 1, one per frame of the video"
            )
        return -1

    def parts(self, root: Path) -> list[Part]:
        media, codes = _places(root, self._folders), _places(root, _CODES)
        return [
            Part(f"{self.camera} camera's videos", self._folder(root), self._entry, self._twins(media)),
            Part("intensity codes", codes[0], r"SN\d{3}", tuple(codes[1:])),
        ]

    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        return dict(self._ranges)

    @property
    def _ranges(self) -> dict[str, tuple[int, int]]:
        return {f"SN{number:03d}": (1, 4844 if number == 10 else 4845) for number in self.subjects}

    def known_bad(self, sequence: str) -> list[int]:
        table = read_rows(RESOURCES / "disfa_known_bad_frames.csv")
        rows = [row for row in table if row["sequence"] == sequence]
        ranges = [range(int(row["first_frame"]), int(row["last_frame"]) + 1) for row in rows]
        return [frame for frames in ranges for frame in frames]

    def found(self, root: Path) -> dict[str, Path]:
        folder = self._folder(root)
        names = [name for name in sorted(os.listdir(folder)) if re.fullmatch(self._entry, name)]
        return {name.upper()[name.upper().index("SN") :][:5]: folder / name for name in names}

    def _names(self, sequence: str) -> tuple[str, ...]:
        """The names that a sequence's video, or folder of frames, may have."""
        video = self._file.format(sequence)
        stem = Path(video).stem
        return video, stem, stem.rpartition("_")[0], sequence

    @property
    def _entry(self) -> str:
        """The names that a video, or folder of frames, may have, as a regular expression."""
        side, end = Path(self._file).stem.split("{}")
        return rf"(?i:{side}SN\d{{3}}(?:{end}(?:\.avi)?)?|SN\d{{3}})"

    def _folder(self, root: Path) -> Path:
        """The folder of the videos, or of the folders of frames, as ``_places`` orders them."""
        places = _places(root, self._folders)
        return next((path for path in places if Part("", path, self._entry).is_there), places[0])

    def _twins(self, places: list[Path]) -> tuple[Path, ...]:
        used, *others = [path for path in places if Part("", path, self._entry).is_there] or places[:1]
        return tuple(path for path in others if path.parent != used and used.parent != path)


def _places(root: Path, spellings: tuple[str, ...]) -> list[Path]:
    """The folders below the root under these names, in this order; where there is none, the first."""
    found: dict[Path, None] = {}
    for spelling in spellings:
        folders = [root]
        for name in spelling.split("/"):
            folders = [path for folder in folders for path in find_entries(folder, name)]
        found |= dict.fromkeys(folders)
    first = root / spellings[0]
    return ([first] if first.exists() else []) + [path for path in found if path != first] or [first]
