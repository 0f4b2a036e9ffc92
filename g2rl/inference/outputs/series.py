"""The intensities of all frames by face, collected while the frames go by."""

import math
from array import array
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from g2rl.inference.estimates import FrameEstimate
from g2rl.inference.outputs.writer import Writer


class Series:
    """N frames, K AUs.

    Attributes:
        aus: the model's.
        file: name of the video.
    """

    def __init__(self, aus: Sequence[int], fps: float) -> None:
        """
        Args:
            fps: frames per second, for frames without a timestamp.
        """
        self.aus, self._fps, self.file = tuple(aus), fps, ""
        self._time = array("d")
        self._row_frame, self._row_face, self._row_success = array("q"), array("q"), array("b")
        self._intensity = array("f")

    def add(self, frame: FrameEstimate) -> None:
        self.file = frame.file
        index = len(self._time)
        self._time.append(index / self._fps if math.isnan(frame.timestamp) else frame.timestamp)
        for face in frame.faces:
            self._row_frame.append(index)
            self._row_face.append(face.face_id)
            self._row_success.append(face.success)
            self._intensity.extend(face.intensity.tolist())

    @property
    def time(self) -> np.ndarray:
        """(N,) float64, seconds after the first frame."""
        return np.array(self._time)

    @property
    def edges(self) -> np.ndarray:
        """(N + 1,) float64: when each frame is shown, and the end of the last one, as long as most."""
        time = self.time
        last = float(np.median(np.diff(time))) if len(time) > 1 else 1 / self._fps
        return np.append(time, time[-1] + last) if len(time) else time

    def rows(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Of each of R faces, in the order of the frames: its frame's index, ``face_id`` and ``success``,
        all (R,), and (R, K) float32 intensities."""
        intensity = np.array(self._intensity, np.float32).reshape(-1, len(self.aus))
        frame, face, success = map(np.array, (self._row_frame, self._row_face, self._row_success))
        return frame, face, success.astype(bool), intensity

    def faces(self) -> list[int]:
        """Every ``face_id``, those seen longest first."""
        seen = Counter(self._row_face)
        return sorted(seen, key=lambda face: (-seen[face], face))

    def of_face(self, face_id: int) -> tuple[np.ndarray, np.ndarray]:
        """(N, K) float32 intensities, NaN where the face is not found; (N,) bool, where trusted."""
        frame, face, trusted, values = self.rows()
        its = face == face_id
        intensity = np.full((len(self._time), len(self.aus)), np.nan, np.float32)
        success = np.zeros(len(self._time), bool)
        intensity[frame[its]], success[frame[its]] = values[its], trusted[its]
        return intensity, success


class SeriesWriter(Writer):
    """What is written of a whole video at its end, from the series."""

    def __init__(self, path: Path, aus: Sequence[int], fps: float, model: str) -> None:
        """
        Args:
            aus: the model's.
            fps: frames per second, for frames without a timestamp.
            model: what it was trained on, in one line.
        """
        super().__init__(path)
        self._series, self._model = Series(aus, fps), model

    def add(self, frame: FrameEstimate) -> None:
        self._series.add(frame)
