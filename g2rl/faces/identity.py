"""Which of several people a face is: dlib's face descriptor, kept for one video and never stored."""

from collections.abc import Collection

import numpy as np

from g2rl.faces.boxes import Box
from g2rl.faces.dlib_models import load_descriptor

SAME = 0.5  # distance of the descriptors of one person; a new number is a lesser mistake than a wrong one
OTHER = 0.6  # and of another than the one who was there: dlib's own threshold
KEPT = 3  # pictures of each person


class People:
    """The people seen so far in a video, by number from 0."""

    def __init__(self) -> None:
        self._pictures: list[list[np.ndarray]] = []  # (150, 150, 3), whose descriptor nobody has asked for
        self._descriptors: list[list[np.ndarray]] = []

    def recognise(self, picture: np.ndarray, elsewhere: Collection[int], before: int) -> int:
        """The person on a picture (see ``take_picture``): one of those known, or a new one.

        Args:
            elsewhere: people who are at other places of the same frame.
            before: the person who was here, such as before a hand covered the face; -1: nobody.
        """
        if known := set(range(len(self._pictures))) - set(elsewhere):
            descriptor = _describe(picture)
            distances = {person: self._distance(person, descriptor) for person in known}
            nearest = min(distances, key=lambda person: distances[person])
            if distances[nearest] < (OTHER if nearest == before else SAME):
                return nearest
        self._pictures.append([picture])
        self._descriptors.append([])
        return len(self._pictures) - 1

    def remember(self, person: int, picture: np.ndarray) -> None:
        """Keep one more picture of a person, up to ``KEPT``."""
        if len(self._pictures[person]) + len(self._descriptors[person]) < KEPT:
            self._pictures[person].append(picture)

    def _distance(self, person: int, descriptor: np.ndarray) -> float:
        """To the nearest picture of a person."""
        waiting, known = self._pictures[person], self._descriptors[person]
        while waiting:
            known.append(_describe(waiting.pop()))
        return min(float(np.linalg.norm(descriptor - each)) for each in known)


def take_picture(image: np.ndarray, box: Box, points: np.ndarray) -> np.ndarray:
    """The face, (150, 150, 3) uint8, aligned as dlib's descriptor wants it.

    Args:
        image: (H, W, 3) uint8 RGB.
        points: (68, 2) pixels of the image.
    """
    import dlib

    parts = [dlib.point(*map(round, point)) for point in points.tolist()]
    shape = dlib.full_object_detection(dlib.rectangle(*map(round, box)), parts)
    return dlib.get_face_chip(image, shape, size=150, padding=0.25)


def _describe(picture: np.ndarray) -> np.ndarray:
    """(128,) float64."""
    return np.array(load_descriptor().compute_face_descriptor(picture))
