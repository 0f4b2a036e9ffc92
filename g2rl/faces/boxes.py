"""Boxes of faces: left, top, right and bottom in pixels of the image."""

import numpy as np

from g2rl.faces.mean_shape import MEAN_SHAPE

Box = tuple[float, float, float, float]

_MEAN = MEAN_SHAPE @ (1, 1j)
_FIT = (_MEAN - _MEAN.mean()).conj() / np.sum(np.abs(_MEAN - _MEAN.mean()) ** 2)
_TO_CENTRE = 0.5 + 0.5j - _MEAN.mean()


def expected_box(points: np.ndarray) -> Box:
    """The box that dlib's detector would put around the 68 points (68, 2).

    The mean shape is laid over the points by least squares (a similarity: as complex numbers z = a·w + b)
    together with its box. Bounds of the points would grow with every open mouth and drift.
    """
    z = points @ (1, 1j)
    a = z @ _FIT
    centre, half = z.mean() + a * _TO_CENTRE, abs(a) / 2
    return centre.real - half, centre.imag - half, centre.real + half, centre.imag + half


def width(box: Box) -> float:
    return box[2] - box[0]


def middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    common = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)
