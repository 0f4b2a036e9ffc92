"""Facial landmarks of every frame: dlib's face detector and its 68-point predictor, one face a frame.

The detector's cost grows with the picture, so it sees the whole frame only when it must. Otherwise it sees a
region of interest around the face of the frame before, shrunk to the one level of its pyramid at which that
face fits the detector's window, its corner on the detector's own cell grid. Every frame is detected anew:
predicting from the last frame's points alone drifts off the face within a few frames of motion.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from g2rl.errors import InputError
from g2rl.faces.face_finder import Finder
from g2rl.io.hdf5 import read_hdf5, write_hdf5
from g2rl.io.progress import progress

if TYPE_CHECKING:
    from g2rl.faces.video import FrameSource


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of one sequence, a row for every frame number its media should hold.

    Attributes:
        frame: (N,) int32, frame numbers, ascending.
        found: (N,) bool, whether a face was found.
        score: (N,) float32, the detector's score, NaN where none was found.
        box: (N, 4) float32, left, top, right, bottom of the detector's box in pixels of the raw frame.
        landmarks: (N, 68, 2) float32, x and y in pixels of the raw frame, NaN where none was found.
    """

    frame: np.ndarray
    found: np.ndarray
    score: np.ndarray
    box: np.ndarray
    landmarks: np.ndarray

    def write(self, path: Path) -> None:
        """Write as HDF5, atomically, the same bytes every time."""
        write_hdf5(path, {field.name: getattr(self, field.name) for field in fields(self)}, {})


def read(path: Path) -> Landmarks:
    """Read what :meth:`Landmarks.write` wrote.

    Raises:
        InputError: not such a file, or its arrays do not fit together.
    """
    arrays, _ = read_hdf5(path, [field.name for field in fields(Landmarks)])
    n = len(arrays["frame"])
    shapes = {"frame": (n,), "found": (n,), "score": (n,), "box": (n, 4), "landmarks": (n, 68, 2)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise InputError(f"{path}: {name} is {arrays[name].shape}, expected {shape}: delete it and rerun")
    return Landmarks(**arrays)


def detect(source: "FrameSource") -> Landmarks:
    """Find the subject's face and its 68 points in every frame of ``source``.

    Of several faces the one nearest the last is taken, else the largest; doubtful ones (score under 0.31)
    count only where nothing better is seen. Frames without a face, and unreadable ones, have ``found`` False.
    Faces less than about 80 pixels wide are not found.
    """
    finder = Finder()
    rows = [
        (number, *finder(grey)) for number, grey in progress(source.grey(), "landmarks", len(source.numbers))
    ]
    frame, score, box, points = zip(*rows, strict=True) if rows else ((), (), (), ())
    score = np.array(score, np.float32)
    return Landmarks(
        frame=np.array(frame, np.int32),
        found=~np.isnan(score),
        score=score,
        box=np.array(box, np.float32).reshape(-1, 4),
        landmarks=np.array(points, np.float32).reshape(-1, 68, 2),
    )
