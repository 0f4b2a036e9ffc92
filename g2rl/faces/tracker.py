"""The subject's face followed from frame to frame, with dlib's detector and its 68-point predictor.

The detector's cost grows with the image, so it searches the whole frame only when it must. Otherwise it
searches a region of interest around the face of the previous frame, shrunk to the one level of its image
pyramid at which that face fits the detector's window, its corner on the detector's own cell grid. The face is
detected in every frame: predicting from the last frame's points alone drifts off within a few frames of
motion.
"""

import math
from typing import Any

import numpy as np

from g2rl.faces.dlib_models import load_models
from g2rl.faces.dlib_one_level import WINDOW
from g2rl.faces.mean_shape import MEAN_SHAPE

BOX = 72  # from the left to the right side of the box that the detector returns for a face in its window, px
CELL = 8  # side of a cell of its feature grid, px
STEP = 6 / 5  # from one level of its image pyramid to the next
REGION = (1.6, 1.4)  # width and height of the region of interest, in expected boxes: heads move sideways more
OVERLAP = 0.35  # a face in the region must overlap the expected box by this (intersection over union)
AGREED = 0.7  # from this overlap on the face's box is averaged with the expected one
DETECTED = 1 / 2  # weight of the detected box in that average
SURE = 0.31  # dlib's false positives score less than this

Box = tuple[float, float, float, float]  # left, top, right, bottom
Face = tuple[float, Box]  # the detector's score and box
NO_FACE: tuple[float, Box] = (np.nan, (np.nan, np.nan, np.nan, np.nan))

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


class FaceTracker:
    """Finds the face in one frame after another, remembering where the last one was.

    Calling it with the next frame, (H, W) uint8 grey or None, returns ``(score, box, points)``: the
    detector's score, left, top, right and bottom, and (68, 2) x, y; all NaN where there is no face.
    """

    def __init__(self) -> None:
        self._expected: Box | None = None  # where the last face seen would be detected now
        self._seen = False  # whether that was in the previous frame

    def __call__(self, grey: np.ndarray | None) -> tuple[float, Box, np.ndarray]:
        face = None if grey is None else self._find(grey)
        self._seen = face is not None
        if grey is None or face is None:
            return *NO_FACE, np.full((68, 2), np.nan)
        score, box = face
        points = predict_points(grey, box)
        self._expected = expected_box(points)
        return score, box, points

    def _find(self, grey: np.ndarray) -> Face | None:
        face = None
        if self._expected is None:
            face = self._first(grey)
        elif self._seen:
            face = find_near(grey, self._expected)
        return face or self._anywhere(grey)

    def _first(self, grey: np.ndarray) -> Face | None:
        """The largest face, if 160 pixels wide: it shows at half the resolution, in a quarter of the time."""
        import cv2

        half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        boxes = [box for score, box in _detect(load_models().detector, half) if score > SURE]
        if not boxes:
            return None
        left, top, right, bottom = max(boxes, key=width)
        self._expected = (2 * left, 2 * top, 2 * right, 2 * bottom)
        return find_near(grey, self._expected)

    def _anywhere(self, grey: np.ndarray) -> Face | None:
        """The subject's face in the whole frame: the one nearest the last, else the largest."""
        faces = find_all(grey)
        if self._expected is None:
            return faces[0] if faces else None
        last = _middle(self._expected)
        return min(faces, key=lambda face: math.dist(_middle(face[1]), last), default=None)


def find_all(grey: np.ndarray) -> list[Face]:
    """Every face in a frame, the largest first; doubtful ones only where there is nothing better."""
    faces = _detect(load_models().detector, grey)
    faces = [face for face in faces if face[0] > SURE] or faces
    return sorted(faces, key=lambda face: width(face[1]), reverse=True)


def find_near(grey: np.ndarray, expected: Box) -> Face | None:
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
    x, y = (part * at + (1 - part) * was for at, was in zip(_middle(box), _middle(expected), strict=True))
    return score, (x - half, y - half, x + half, y + half)


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
    import cv2

    (x, y), size = _middle(expected), width(expected)
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


def _detect(detector: Any, grey: np.ndarray) -> list[Face]:
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


def width(box: Box) -> float:
    return box[2] - box[0]


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    common = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)
