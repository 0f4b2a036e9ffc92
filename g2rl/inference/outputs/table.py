"""The CSV of ``g2rl predict``: one row per face and frame."""

import csv
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from g2rl.action_units import au_name
from g2rl.inference.estimates import FrameEstimate
from g2rl.inference.outputs.writer import Writer
from g2rl.io.atomic import atomic_path

POINTS = [f"{axis}_{i}" for axis in "xy" for i in range(68)]
DECIMALS = {  # of the numbers of a column; of intensities 4
    "timestamp": 6,
    "confidence": 3,
    **dict.fromkeys(("left", "top", "width", "height", "pitch", "yaw", "roll", *POINTS), 1),
}


def rows_of_frame(
    frame: FrameEstimate, aus: Sequence[int], landmarks: bool = False
) -> Iterator[dict[str, Any]]:
    """Values by column, of each face; of a frame without a face one row, whose success is 0.

    Args:
        landmarks: whether to add ``x_0`` … ``y_67``.
    """
    of_frame = {"file": frame.file, "frame": frame.frame, "timestamp": frame.timestamp}
    names = ["face_id", "confidence", "success", "left", "top", "width", "height", "pitch", "yaw", "roll"]
    names += [*map(au_name, aus), *(POINTS if landmarks else ())]
    if not frame.faces:
        yield of_frame | dict.fromkeys(names) | {"success": 0}
    for face in frame.faces:
        left, top, right, bottom = face.box
        values = [face.face_id, face.confidence, int(face.success), left, top, right - left, bottom - top]
        values += [*face.pose, *face.intensity.tolist()]
        if landmarks:
            values += face.landmarks.T.ravel().tolist()
        yield of_frame | dict(zip(names, values, strict=True))


def openface_rows(
    frame: FrameEstimate, aus: Sequence[int], landmarks: bool = True
) -> Iterator[dict[str, Any]]:
    """The same under OpenFace 2's names: rotations in radians, intensities as ``AU01_r``, and last the
    file; without what it has beyond (gaze, the head's place, presence)."""
    for row in rows_of_frame(frame, aus, landmarks):
        turned = {
            f"pose_R{axis}": None if row[name] is None else math.radians(row[name])
            for axis, name in zip("xyz", ("pitch", "yaw", "roll"), strict=True)
        }
        kept = {name: row[name] for name in ("frame", "face_id", "timestamp", "confidence", "success")}
        points = {name: row[name] for name in POINTS if landmarks}
        intensities = {f"{au_name(au)}_r": row[au_name(au)] for au in aus}
        yield kept | turned | points | intensities | {"file": row["file"]}


FORMATS = {"g2rl": rows_of_frame, "openface": openface_rows}


class Table(Writer):
    """``holiday.csv``."""

    def __init__(
        self,
        path: Path,
        aus: Sequence[int],
        kind: str = "g2rl",
        landmarks: bool = False,
        extra: Mapping[str, str] | None = None,
        without: Collection[int] = (),
    ) -> None:
        """
        Args:
            aus: the model's.
            kind: one of ``FORMATS``.
            landmarks: whether the 68 points are written; OpenFace's columns always have them.
            extra: columns that are the same in every row.
            without: ``face_id`` of the faces in whose rows these are empty.
        """
        super().__init__(path)
        self._aus, self._rows, self._extra = aus, FORMATS[kind], dict(extra or {})
        self._without = without
        self._landmarks = landmarks or kind == "openface"
        self._csv: Any = None

    def add(self, frame: FrameEstimate) -> None:
        for row in self._rows(frame, self._aus, self._landmarks):
            row |= dict.fromkeys(self._extra) if row["face_id"] in self._without else self._extra
            if self._csv is None:
                temporary = self._files.enter_context(atomic_path(self.path))
                stream = open(temporary, "w", encoding="utf-8", newline="")  # noqa: SIM115, closed by the stack
                self._files.enter_context(stream)
                self._csv = csv.writer(stream, lineterminator="\n")
                self._csv.writerow(row)
            self._csv.writerow(_text(name, value) for name, value in row.items())


def _text(name: str, value: Any) -> str:
    """A field of the CSV; empty where there is no value."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if name in DECIMALS or isinstance(value, float):
        return f"{value:.{DECIMALS.get(name, 4)}f}"
    return str(value)
