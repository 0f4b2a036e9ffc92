"""The interface to the frames of one sequence: number, time and image of each, in order."""

import math
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np


class FrameSource(ABC):
    """Frames of one sequence, each under the number that the labels use for it.

    Images are upright and their pixels square: orientation and pixel aspect ratio are applied.

    Attributes:
        path: the video file or the image folder.
        numbers: the frame numbers to expect, increasing: the integer in each file name of a folder;
            1…N for a video of N frames.
        frame_rate: frames per second, as declared by a video; 0 where none is.
    """

    path: Path
    numbers: Sequence[int]
    frame_rate: float = 0.0

    def grey(self) -> Iterator[tuple[int, np.ndarray | None]]:
        """Yield (number, (H,W) uint8) in order; None in place of a frame that cannot be decoded."""
        return self._frames(grey=True, wanted=None)

    def rgb(self, wanted: Collection[int] | None = None) -> Iterator[tuple[int, np.ndarray | None]]:
        """Yield (number, (H,W,3) uint8 RGB) in order; None in place of a frame that cannot be decoded.

        Args:
            wanted: the numbers to yield, all if None; the others are passed over as cheaply as can be.
        """
        return self._frames(grey=False, wanted=None if wanted is None else frozenset(wanted))

    def timestamp(self, number: int) -> float:
        """When a frame is shown, in seconds after the first one; NaN where that is not known."""
        return math.nan

    @abstractmethod
    def _frames(
        self, grey: bool, wanted: frozenset[int] | None
    ) -> Iterator[tuple[int, np.ndarray | None]]: ...


class NoFrames(FrameSource):
    """A source without frames, in place of media that cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.numbers = []

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        yield from ()
