"""Media in memory with landmarks and labels, for the tests of landmarks and alignment."""

import cv2
import numpy as np
from skimage.data import astronaut
from skimage.transform import SimilarityTransform

from g2rl.datasets.labels import Labels
from g2rl.faces.alignment import TEMPLATE
from g2rl.faces.landmarks_file import Landmarks
from g2rl.io.frame_source import FrameSource

AUS = (6, 12)


class Frames(FrameSource):
    """A sequence of {number: image}, or of images numbered from 1; None is a frame that cannot be decoded."""

    def __init__(self, images):
        self.path = "memory"
        self.images = images if isinstance(images, dict) else dict(enumerate(images, 1))
        self.numbers = sorted(self.images)

    def _frames(self, grey, wanted):
        for number in self.numbers:
            if wanted is None or number in wanted:
                yield number, self.images[number]


def face_at(seed):
    """Landmarks somewhere on a small image, with little expression."""
    rng = np.random.default_rng(seed)
    motion = SimilarityTransform(
        scale=rng.uniform(0.3, 0.6), rotation=rng.normal(0, 0.2), translation=rng.uniform(0, 40, 2)
    )
    return motion(TEMPLATE + rng.normal(0, 1, (68, 2)))


def landmarks_of(found):
    """Landmarks for {number: whether there is a face}."""
    frame = np.array(sorted(found), np.int32)
    has = np.array([found[number] for number in frame.tolist()], bool)
    points = np.array([face_at(number) for number in frame.tolist()], np.float32).reshape(-1, 68, 2)
    points[~has] = np.nan
    n = len(frame)
    return Landmarks(
        frame, has, np.where(has, 1, np.nan).astype(np.float32), np.zeros((n, 4), np.float32), points
    )


def labels_of(codes):
    """Labels for {number: (intensity, intensity)}."""
    frame = np.array(sorted(codes), np.int32)
    intensity = np.array([codes[number] for number in frame.tolist()], np.int8).reshape(-1, len(AUS))
    return Labels(frame, intensity, AUS)


def images_of(numbers):
    """A different piece of the photograph for every frame."""
    photograph = astronaut()
    return {number: np.ascontiguousarray(photograph[number : number + 150, 100:260]) for number in numbers}


def two_frames():
    """Frames, landmarks and codes of a sequence: a face, and no face."""
    found = {4: True, 5: False}
    return Frames(images_of(found)), landmarks_of(found), labels_of(dict.fromkeys(found, (1, 1)))


def placed(grey, positions, shape=(480, 640)):
    """A plain frame with the head of the photograph ``grey`` at each (x, y, scale)."""
    frame = np.full(shape, 150, np.uint8)
    for x, y, scale in positions:
        head = cv2.resize(grey[20:220, 130:310], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        frame[y : y + head.shape[0], x : x + head.shape[1]] = head
    return frame
