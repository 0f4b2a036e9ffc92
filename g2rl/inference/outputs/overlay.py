"""Overlay of a video as a video, of photos as JPEGs; see ``painter`` for what is drawn."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np

from g2rl.errors import os_errors_as_input_errors
from g2rl.inference.estimates import FrameEstimate
from g2rl.inference.outputs.mp4 import Mp4
from g2rl.inference.outputs.painter import Painter
from g2rl.inference.outputs.writer import Writer
from g2rl.io.atomic import atomic_folder, atomic_path

QUALITY = 22  # H.264's constant rate factor


class _Overlay(Writer):
    def __init__(self, path: Path, aus: Sequence[int]) -> None:
        super().__init__(path)
        self._aus = aus
        self._painter: Painter | None = None

    def _draw(self, frame: FrameEstimate) -> np.ndarray | None:
        if frame.image is None:
            return None
        size = frame.image.shape[:2]
        if self._painter is None or self._painter.size != size:
            self._painter = Painter(self._aus, *size)
        return self._painter.draw(frame)


class OverlayVideo(_Overlay):
    """``holiday.overlay.mp4``: H.264 that browsers play, each frame shown when the original's is.

    A frame that could not be decoded shows the one before.
    """

    def __init__(self, path: Path, aus: Sequence[int], fps: float) -> None:
        """
        Args:
            aus: the model's.
            fps: frames per second, for frames without a timestamp.
        """
        super().__init__(path, aus)
        self._fps = fps
        self._film: Mp4 | None = None

    def add(self, frame: FrameEstimate) -> None:
        with os_errors_as_input_errors(self.path):
            if self._film is None:
                temporary = self._files.enter_context(atomic_path(self.path))
                self._film = self._files.enter_context(closing(Mp4(str(temporary), self._fps, QUALITY)))
            self._film.add(self._draw(frame), frame.timestamp)


class OverlayPhotos(_Overlay):
    """``photo.overlay.jpg``; of several photos a folder ``holiday.overlay`` with a JPEG named after each."""

    def __init__(self, path: Path, aus: Sequence[int]) -> None:
        """
        Args:
            path: a folder, unless it ends in ``.jpg``.
            aus: the model's.
        """
        super().__init__(path, aus)
        self._part: Path | None = None

    def add(self, frame: FrameEstimate) -> None:
        drawn = self._draw(frame)
        if drawn is None:
            return
        with os_errors_as_input_errors(self.path):
            if self._part is None:
                files = atomic_path if self.path.suffix == ".jpg" else atomic_folder
                self._part = self._files.enter_context(files(self.path))
            part = self._part
            if self.path.suffix != ".jpg":
                part /= frame.file if frame.file.lower().endswith((".jpg", ".jpeg")) else f"{frame.file}.jpg"
            _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(drawn, cv2.COLOR_RGB2BGR))
            part.write_bytes(jpeg)
