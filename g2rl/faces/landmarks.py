"""The 68 landmarks of the subject's face in every frame of a video or image folder."""

import logging

import numpy as np

from g2rl.config.alignment import DetectorName
from g2rl.faces.detectors import open_detector
from g2rl.faces.landmarks_file import Landmarks
from g2rl.faces.tracker import FaceTracker
from g2rl.io.frame_source import FrameSource
from g2rl.io.progress import progress

logger = logging.getLogger(__name__)


def detect_landmarks(
    source: FrameSource, independent: bool = False, detector: DetectorName = "dlib"
) -> Landmarks:
    """Find the subject's face and its 68 points in every frame of ``source``.

    Args:
        independent: the images are photos, not frames of one film: the largest face of each is taken.
        detector: one of the names that ``frames.detector`` may have.

    Of several faces the one nearest the last is taken, else the largest; doubtful ones (score under 0.31)
    count only where nothing better is seen. Frames without a face, and unreadable ones, have ``found`` False.
    Faces less than about 80 pixels wide (MediaPipe: a fortieth of the image's longer side) are not found.
    """
    finder = open_detector(detector)
    tracker = FaceTracker(finder)
    rows, unreadable = [], 0
    images = source.rgb() if finder.COLOUR else source.grey()
    for number, image in progress(images, "landmarks", len(source.numbers)):
        if independent:
            tracker = FaceTracker(finder)
        rows.append((number, *tracker(image)))
        unreadable += image is None
    if unreadable:
        logger.warning("%s: %d of %d frames cannot be decoded", source.path, unreadable, len(rows))
    frame, scores, box, points = zip(*rows, strict=True) if rows else ((), (), (), ())
    score = np.array(scores, np.float32)
    return Landmarks(
        frame=np.array(frame, np.int32),
        found=~np.isnan(score),
        score=score,
        box=np.array(box, np.float32).reshape(-1, 4),
        landmarks=np.array(points, np.float32).reshape(-1, 68, 2),
        detector=detector,
    )
