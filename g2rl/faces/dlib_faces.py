"""Faces and landmarks by dlib's detector and its 68-point predictor.

The detector's cost grows with the image, so it searches the whole frame only when it must. Otherwise it
searches a region of interest around the face of the previous frame, shrunk to the one level of its image
pyramid at which that face fits the detector's window, its corner on the detector's own cell grid. The face is
detected in every frame: predicting from the last frame's points alone drifts off within a few frames of
motion.
"""

import math
from typing import Any

import cv2
import numpy as np

from g2rl.faces.boxes import Box, expected_box, middle, overlap, width
from g2rl.faces.detectors import OVERLAP, SURE, Face, nearest
from g2rl.faces.dlib_models import load_models
from g2rl.faces.dlib_one_level import WINDOW

COLOUR = False
BOX = 72  # from the left to the right side of the box that the detector returns for a face in its window, px
CELL = 8  # side of a cell of its feature grid, px
STEP = 6 / 5  # from one level of its image pyramid to the next
REGION = (1.6, 1.4)  # width and height of the region of interest, in expected boxes: heads move sideways more
AGREED = 0.7  # from this overlap on the face's box is averaged with the expected one
DETECTED = 1 / 2  # weight of the detected box in that average


def find_largest(grey: np.ndarray) -> Face | None:
    """The largest face. If 160 pixels wide it shows at half the resolution, in a quarter of the time."""
    half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    boxes = [box for score, box in _detect(load_models().detector, half) if score > SURE]
    if not boxes:
        return next(iter(find_all(grey)), None)
    left, top, right, bottom = max(boxes, key=width)
    expected = (2 * left, 2 * top, 2 * right, 2 * bottom)
    return _find_expected(grey, expected) or nearest(find_all(grey), expected)


def find_all(grey: np.ndarray) -> list[Face]:
    """Every face in a frame, the largest first; doubtful ones only where there is nothing better."""
    faces = _detect(load_models().detector, grey)
    faces = [face for face in faces if face[0] > SURE] or faces
    faces.sort(key=lambda face: width(face[1]), reverse=True)
    return [Face(score, box, predict_points(grey, box)) for score, box in faces]


def find_near(grey: np.ndarray, points: np.ndarray) -> Face | None:
    """The face near one of the frame before, whose points (68, 2) are given."""
    return _find_expected(grey, expected_box(points))


def _find_expected(grey: np.ndarray, expected: Box) -> Face | None:
    """The face in the region of interest around the expected box."""
    region, scale, corner = _region_of_interest(grey, expected)
    if region is None:
        return None
    faces = []
    for score, found in _detect(load_models().one_level, region):
        box = _to_raw(found, scale, corner)
        faces.append((overlap(box, expected), score, box))
    if not faces or max(faces)[0] < OVERLAP:
        return None
    common, score, box = max(faces)
    # The detector's boxes lie on a coarse grid and their sizes come in steps of a fifth; the expected one
    # is steadier, and late where a head jumps.
    half = math.sqrt(width(expected) * width(box)) / 2
    part = DETECTED if common >= AGREED else 1
    x, y = (part * at + (1 - part) * was for at, was in zip(middle(box), middle(expected), strict=True))
    steady = (x - half, y - half, x + half, y + half)
    return Face(score, steady, predict_points(grey, steady))


def predict_points(grey: np.ndarray, box: Box) -> np.ndarray:
    """(68, 2) x, y of the landmarks of the face in a box."""
    import dlib

    shape = load_models().predictor(grey, dlib.rectangle(*map(round, box)))
    return np.array([(point.x, point.y) for point in shape.parts()], np.float64)


def _region_of_interest(grey: np.ndarray, expected: Box) -> tuple[np.ndarray | None, float, tuple[int, int]]:
    """The part of a frame around the expected box, at the pyramid level at which the box fits the window.

    Returns:
        The region, None if the window does not fit in; raw pixels per pixel of it; its raw left and top.
    """
    (x, y), size = middle(expected), width(expected)
    level = max(0, round(math.log(size / BOX, STEP)))
    scale = STEP**level
    across, down = (math.ceil(part * size / scale / CELL) * CELL for part in REGION)
    # Corners at that level, the first on the grid of a detector run on the whole frame; then raw ones.
    left = max(0, round((x / scale - across / 2) / CELL) * CELL)
    top = max(0, round((y / scale - down / 2) / CELL) * CELL)
    x0, y0, x1, y1 = (round(at * scale) for at in (left, top, left + across, top + down))
    region = np.ascontiguousarray(grey[y0:y1, x0:x1])
    if min(region.shape) < WINDOW:
        return None, scale, (x0, y0)
    if level:
        shrunk = [round(length / scale) for length in region.shape[::-1]]
        region = cv2.resize(region, shrunk, interpolation=cv2.INTER_LINEAR)
    return region, scale, (x0, y0)


def _detect(detector: Any, grey: np.ndarray) -> list[tuple[float, Box]]:
    """Score and box of every face in an image."""
    boxes, scores, _ = detector.run(grey, 0, 0.0)
    sides = [(box.left(), box.top(), box.right(), box.bottom()) for box in boxes]
    return list(zip(scores, sides, strict=True))


def _to_raw(box: Box, scale: float, corner: tuple[int, int]) -> Box:
    """A box of a region in raw pixels."""
    left, top, right, bottom = (
        (at + 0.5) * scale - 0.5 + start for at, start in zip(box, (*corner, *corner), strict=True)
    )
    return left, top, right, bottom
