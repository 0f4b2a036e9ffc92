"""The subject's face followed from frame to frame."""

import numpy as np

from g2rl.faces.boxes import expected_box
from g2rl.faces.detectors import Detector, Face, nearest

NO_FACE = Face(np.nan, (np.nan, np.nan, np.nan, np.nan), np.full((68, 2), np.nan))


class FaceTracker:
    """Finds the face in one frame after another, remembering where the last one was.

    Calling it with the next frame, as the detector takes it, or None, returns the face: the one near the last
    one, else the nearest to it, at first the largest; ``NO_FACE`` where there is none.
    """

    def __init__(self, detector: Detector) -> None:
        self._detector = detector
        self._last: Face | None = None  # the last face seen
        self._seen = False  # whether that was in the previous frame

    def __call__(self, image: np.ndarray | None) -> Face:
        face = None if image is None else self._find(image)
        self._seen = face is not None
        self._last = face or self._last
        return face or NO_FACE

    def _find(self, image: np.ndarray) -> Face | None:
        if self._last is None:
            return self._detector.find_largest(image)
        points = self._last.points
        near = self._detector.find_near(image, points) if self._seen else None
        return near or nearest(self._detector.find_all(image), expected_box(points))
