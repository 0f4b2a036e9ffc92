"""Calibration to each face's own neutral expression: what the network sees in it is taken off."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from g2rl.errors import InputError
from g2rl.inference.estimates import FrameEstimate

PERCENTILE = 5


@dataclass(frozen=True)
class Neutral:
    """Where a face's neutral expression is taken from.

    Attributes:
        seconds: the median over so many seconds from the face's first trusted frame on; None: the
            ``percentile`` of the clip.
        least: trusted frames that a face needs.
    """

    seconds: float | None
    percentile: int = PERCENTILE
    least: int = 1

    def __str__(self) -> str:
        if self.seconds is None:
            return f"minus each face's {_ordinal(self.percentile)} percentile"
        return f"minus each face's median over its first {self.seconds:g} s"

    def measure(self, frames: Iterable[FrameEstimate]) -> dict[int, np.ndarray | None]:
        """The intensities (K,) of each face's neutral expression, over trusted frames, by ``face_id``; None
        of a face with fewer than ``least``.

        Raises:
            InputError: seconds are asked for, and the frames have no times.
        """
        start: dict[int, float] = {}
        values: dict[int, list[np.ndarray]] = defaultdict(list)
        for frame in frames:
            if self.seconds and math.isnan(frame.timestamp):
                raise InputError(f"{frame.file}: images have no times: use --neutral percentile")
            for face in frame.faces:
                found = values[face.face_id]
                if face.success:
                    first = start.setdefault(face.face_id, frame.timestamp)
                    if not (self.seconds and frame.timestamp - first > self.seconds):
                        found.append(face.intensity)
        share = 50 if self.seconds else self.percentile
        return {
            face: np.percentile(found, share, axis=0) if len(found) >= self.least else None
            for face, found in values.items()
        }


def parse_neutral(text: str) -> Neutral:
    """``percentile``, another one such as ``20%``, or a number of seconds above 0.

    Raises:
        InputError: it is something else.
    """
    if text == "percentile":
        return Neutral(None)
    if (number := text.removesuffix("%")) != text and number.isdecimal() and 0 < int(number) < 100:
        return Neutral(None, int(number))
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds < float("inf"):
        raise InputError(
            f"--neutral {text}: expected percentile, another one such as 20%, or seconds after a face "
            "appears, such as 2"
        )
    return Neutral(seconds)


def _ordinal(number: int) -> str:
    """Such as 21st."""
    last = number % 10 if number % 100 not in (11, 12, 13) else 0
    return f"{number}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(last, 'th') }"


def subtract_neutral(frame: FrameEstimate, neutral: Mapping[int, np.ndarray | None]) -> FrameEstimate:
    """The frame with the intensities above each face's neutral ones, 0 where they are below."""
    faces = []
    for face in frame.faces:
        if (base := neutral.get(face.face_id)) is not None:
            face = replace(face, intensity=np.maximum(face.intensity - base, 0).astype(np.float32))
        faces.append(face)
    return replace(frame, faces=tuple(faces))
