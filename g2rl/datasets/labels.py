"""TODO: one line."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.errors import LabelError
from g2rl.io.tables import numbered_lines

NOT_CODED = -1


_ROW = re.compile(r"\s*(\d{1,9})\s*,\s*(-?\d{1,9})\s*,?\s*", re.ASCII)


@dataclass(frozen=True)
class Labels:
    """AU intensities of one sequence.

    Attributes:
        frame: (N,) int32 frame numbers, increasing.
        intensity: (N,K) int8 in 0…5, −1 = not coded.
        aus: the K action units of the columns.
    """

    frame: np.ndarray
    intensity: np.ndarray
    aus: tuple[int, ...]


def read_codes(path: Path, not_coded: int | None, first_frame: int) -> Labels:
    """Read a label file of one AU: lines ``frame,intensity`` without a header; see ``Layout.read_file``.

    Args:
        not_coded: the code that stands for "not coded", if the dataset has one.
        first_frame: the lowest frame number there can be.
    """
    codes: dict[int, list[int]] = {}
    for line, text in numbered_lines(path):
        match = _ROW.fullmatch(text)
        if match is None:
            raise LabelError("columns", path, line, f"found {text.strip()[:60]!r}", "frame,intensity")
        frame, code = int(match[1]), int(match[2])
        if code == not_coded:
            code = NOT_CODED
        elif not 0 <= code <= 5:
            also = f" or {not_coded} (not coded)" if not_coded is not None else ""
            raise LabelError("value", path, line, f"intensity {code}", f"0 to 5{also}")
        check_frame(path, line, frame, codes, first_frame)
        codes[frame] = [code]
    if not codes:
        raise LabelError("empty", path, None, "no coded frame", "lines frame,intensity")
    return by_frame(codes, ())


def check_frame(path: Path, line: int, frame: int, known: dict[int, object], first_frame: int) -> None:
    """Raise LabelError if a frame number is below the first there can be, or known already."""
    if frame < first_frame:
        raise LabelError("frame number", path, line, f"frame {frame}", f"frames from {first_frame} on")
    if frame in known:
        raise LabelError("frame twice", path, line, f"frame {frame} for the second time", "each frame once")


def by_frame(codes: dict[int, list[int]], aus: tuple[int, ...]) -> Labels:
    """Labels from the codes of each frame, in order of the frames."""
    frame = sorted(codes)
    return Labels(np.array(frame, np.int32), np.array([codes[number] for number in frame], np.int8), aus)


def other_frames(path: Path, frame: np.ndarray, other: Path, expected: np.ndarray) -> LabelError:
    """What is wrong where two label files of one sequence code different frames."""
    odd = np.setxor1d(frame, expected)
    found = f"{'frame' if odd[0] in frame else 'no frame'} {odd[0]} ({len(odd)} frames differ)"
    return LabelError("other frames", path, None, found, f"the frames of {Path(other).name}")
