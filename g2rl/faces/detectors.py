"""The detectors of faces and their 68 landmarks that ``frames.detector`` names."""

import math
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np

from g2rl.config.alignment import DetectorName
from g2rl.faces.boxes import Box, middle

OVERLAP = 0.35  # from this overlap (intersection over union) on, boxes of two frames are of one face
SURE = 0.31  # dlib's false positives score less; MediaPipe's faces all score more


class Face(NamedTuple):
    """A face as a detector finds it.

    Attributes:
        score: dlib's, or the probability that it is a face.
        box: as dlib puts it around a face.
        points: (68, 2) float64 x, y in pixels of the image.
    """

    score: float
    box: Box
    points: np.ndarray


class Detector(Protocol):
    """A module that finds faces.

    Attributes:
        COLOUR: whether it takes images (H, W, 3) uint8 RGB, else (H, W) uint8 grey.
    """

    COLOUR: bool

    def find_largest(self, image: np.ndarray) -> Face | None:
        """The largest face in an image, the first one of a film."""

    def find_all(self, image: np.ndarray) -> list[Face]:
        """Every face in an image, the largest first; doubtful ones only where there is nothing better."""

    def find_near(self, image: np.ndarray, points: np.ndarray) -> Face | None:
        """The face near one of the frame before, whose points (68, 2) are given."""


def open_detector(name: DetectorName) -> Detector:
    """The detector of a name."""
    from g2rl.faces import dlib_faces, mediapipe

    detectors: dict[DetectorName, Detector] = {"dlib": dlib_faces, "mediapipe": mediapipe}
    return detectors[name]


def nearest(faces: Iterable[Face], box: Box) -> Face | None:
    """The face whose middle is nearest to that of a box."""
    return min(faces, key=lambda face: math.dist(middle(face.box), middle(box)), default=None)
