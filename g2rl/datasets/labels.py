"""AU intensities of a sequence, and the label file of one AU: lines ``frame,intensity``."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.datasets.foreign_codes import name_line
from g2rl.errors import TextFileError
from g2rl.io.atomic import write_text
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


def write_codes(path: Path, frames: Iterable[int], codes: Iterable[int]) -> None:
    """Write the label file of one AU, atomically."""
    write_text(path, "".join(f"{frame},{code}\n" for frame, code in zip(frames, codes, strict=True)))


def read_codes(path: Path, not_coded: int | None, first_frame: int) -> Labels:
    """Read the label file of one AU: lines ``frame,intensity`` without a header.

    Args:
        not_coded: the code that stands for "not coded", if the dataset has one.
        first_frame: the lowest frame number there can be.

    Raises:
        TextFileError: see ``Layout.read_file``.
    """
    codes: dict[int, list[int]] = {}
    for line, text in numbered_lines(path):
        match = _ROW.fullmatch(text)
        if match is None:
            raise TextFileError(
                "columns", path, line, f"found {text.strip()[:60]!r}", "frame,intensity", name_line(text)
            )
        frame, code = int(match[1]), int(match[2])
        if code == not_coded:
            code = NOT_CODED
        elif not 0 <= code <= 5:
            also = f" or {not_coded} (not coded)" if not_coded is not None else ""
            raise TextFileError("value", path, line, f"intensity {code}", f"0 to 5{also}")
        check_frame(path, line, frame, codes, first_frame)
        codes[frame] = [code]
    if not codes:
        raise TextFileError("empty", path, None, "no coded frame", "lines frame,intensity")
    return by_frame(codes, ())


def check_frame(path: Path, line: int, frame: int, known: Collection[int], first_frame: int) -> None:
    """Raise TextFileError if a frame number is below the first there can be, or known already."""
    if frame < first_frame:
        action = f"frames count from {first_frame}: add {first_frame} to every frame number" * (not frame)
        expected = f"frames from {first_frame} on"
        raise TextFileError("frame number", path, line, f"frame {frame}", expected, action)
    if frame in known:
        raise TextFileError(
            "frame twice", path, line, f"frame {frame} for the second time", "each frame once"
        )


def by_frame(codes: dict[int, list[int]], aus: tuple[int, ...]) -> Labels:
    """Labels from the codes of each frame, in order of the frames."""
    frame = sorted(codes)
    return Labels(np.array(frame, np.int32), np.array([codes[number] for number in frame], np.int8), aus)


def other_frames(path: Path, frame: np.ndarray, other: Path, expected: np.ndarray) -> TextFileError:
    """The error of a label file that codes other frames than another one of its sequence.

    Args:
        frame: the frame numbers in ``path``.
        expected: those in ``other``.
    """
    odd = np.setxor1d(frame, expected)
    found = f"{'frame' if odd[0] in frame else 'no frame'} {odd[0]} ({len(odd)} frames differ)"
    return TextFileError("other frames", path, None, found, f"the frames of {Path(other).name}")
