"""DISFA: one video per subject and camera, one intensity file per subject and AU."""

import os
import re
from pathlib import Path

from g2rl.datasets.base import Layout, Part, find_entry, find_part
from g2rl.datasets.labels import Labels, read_codes
from g2rl.errors import InputError
from g2rl.io.tables import RESOURCES, read_rows

_CODES = "ActionUnit_Labels"

# As distributed the cameras' names differ in "Videos" and "comp"; either spelling is taken for either camera.
_CAMERAS = {
    "left": (("Videos_LeftCamera", "Video_LeftCamera"), "LeftVideo{}_comp.avi"),
    "right": (("Video_RightCamera", "Videos_RightCamera"), "RightVideo{}_Comp.avi"),
}


class Disfa(Layout):
    """``Videos_LeftCamera/LeftVideoSN001_comp.avi`` and ``ActionUnit_Labels/SN001/SN001_au1.txt``.

    Frames count from 1. ``disfa_right`` takes ``Video_RightCamera/RightVideoSN001_Comp.avi`` instead; the
    codes are the same.
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
        return find_entry(find_entry(Path(root), *self._folders), self._file.format(sequence))

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        folder = find_entry(Path(root), _CODES) / sequence
        return [folder / f"{sequence}_au{au}.txt" for au in self.aus]

    def read_file(self, path: Path) -> Labels:
        return read_codes(path, not_coded=None, first_frame=1)

    def parts(self, root: Path) -> list[Part]:
        return [
            find_part(f"{self.camera} camera's videos", self._video_name, root, *self._folders),
            find_part("intensity codes", r"SN\d{3}", root, _CODES),
        ]

    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        return {f"SN{number:03d}": (1, 4844 if number == 10 else 4845) for number in self.subjects}

    def known_bad(self, sequence: str) -> list[int]:
        table = read_rows(RESOURCES / "disfa_known_bad_frames.csv")
        rows = [row for row in table if row["sequence"] == sequence]
        ranges = [range(int(row["first_frame"]), int(row["last_frame"]) + 1) for row in rows]
        return [frame for frames in ranges for frame in frames]

    def found(self, root: Path) -> dict[str, Path]:
        folder = find_entry(root, *self._folders)
        matches = ((re.fullmatch(self._video_name, name), name) for name in sorted(os.listdir(folder)))
        return {match[1].upper(): folder / name for match, name in matches if match}

    @property
    def _video_name(self) -> str:
        return "(?i:" + self._file.replace(".", r"\.").format(r"(SN\d{3})") + ")"
