"""The landmarks file of a sequence: ``results/DATASET/landmarks/SEQUENCE.h5``."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.config.alignment import DetectorName
from g2rl.errors import InputError
from g2rl.io.hdf5 import read_hdf5, write_hdf5


@dataclass(frozen=True)
class Landmarks:
    """The landmarks of one sequence, one row per frame number that its media should hold.

    Attributes:
        frame: (N,) int32, frame numbers, ascending.
        found: (N,) bool, whether a face was found.
        score: (N,) float32, the detector's score, NaN where none was found.
        box: (N, 4) float32, left, top, right, bottom of the face's box in pixels of the raw frame.
        landmarks: (N, 68, 2) float32, x and y in pixels of the raw frame, NaN where none was found.
        detector: that found them; a file without this attribute is dlib's.
    """

    frame: np.ndarray
    found: np.ndarray
    score: np.ndarray
    box: np.ndarray
    landmarks: np.ndarray
    detector: DetectorName = "dlib"


ARRAYS = ("frame", "found", "score", "box", "landmarks")


def write_landmarks(path: Path, landmarks: Landmarks) -> None:
    """Write atomically, the same bytes for the same landmarks."""
    others = {} if landmarks.detector == "dlib" else {"detector": landmarks.detector}
    write_hdf5(path, {name: getattr(landmarks, name) for name in ARRAYS}, others)


def read_landmarks(path: Path) -> Landmarks:
    """Read a file written by ``write_landmarks``.

    Raises:
        InputError: not such a file, or its arrays do not fit together.
    """
    arrays, attributes = read_hdf5(path, ARRAYS)
    n = len(arrays["frame"])
    shapes = {"frame": (n,), "found": (n,), "score": (n,), "box": (n, 4), "landmarks": (n, 68, 2)}
    for name, shape in shapes.items():
        if arrays[name].shape != shape:
            raise InputError(f"{path}: {name} is {arrays[name].shape}, expected {shape}: delete it and rerun")
    return Landmarks(**arrays, detector=attributes.get("detector", "dlib"))
