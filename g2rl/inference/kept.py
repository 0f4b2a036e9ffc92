"""Estimates kept on disk between two passes over a video, so that the second need not find them again."""

import contextlib
import pickle
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from g2rl.errors import os_errors_as_input_errors
from g2rl.inference.estimates import FrameEstimate
from g2rl.io.ahead import FRAMES, ahead
from g2rl.io.frame_source import FrameSource


class KeptEstimates:
    """A file without a name, gone after the ``with``: 2 KB per face, and its heatmaps where they are drawn.

    Args:
        folder: where the file lies.
        drawn: whether images and heatmaps are needed again. The images are decoded again, the heatmaps kept
            in 16 bits.
    """

    def __init__(self, folder: Path, drawn: bool) -> None:
        self._folder, self._drawn = folder, drawn

    def __enter__(self) -> Self:
        with os_errors_as_input_errors(self._folder):
            self._file = tempfile.TemporaryFile(dir=self._folder)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # of a full disk, which `keep` has told of
            self._file.close()

    def keep(self, frames: Iterable[FrameEstimate]) -> Iterator[FrameEstimate]:
        """The same frames, written as they pass.

        Raises:
            InputError: the disk is full.
        """
        for frame in frames:
            faces = []
            for face in frame.faces:
                maps = face.heatmaps.astype(np.float16) if self._drawn else np.empty((0, 0, 0))
                faces.append(replace(face, heatmaps=maps))
            with os_errors_as_input_errors(self._folder):
                pickle.dump(replace(frame, image=None, faces=tuple(faces)), self._file)
            yield frame

    def replay(self, source: FrameSource) -> Iterator[FrameEstimate]:
        """All frames that were kept, with images if they are drawn.

        Raises:
            InputError: the disk is full.
        """
        with os_errors_as_input_errors(self._folder):
            self._file.seek(0)
        if not self._drawn:
            yield from self._read()
            return
        for frame, (_, image) in zip(self._read(), ahead(source.rgb(), FRAMES), strict=True):
            faces = [replace(face, heatmaps=face.heatmaps.astype(np.float32)) for face in frame.faces]
            yield replace(frame, image=image, faces=tuple(faces))

    def _read(self) -> Iterator[FrameEstimate]:
        while self._file.peek(1):
            yield pickle.load(self._file)
