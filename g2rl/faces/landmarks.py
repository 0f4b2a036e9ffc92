"""The 68 landmarks of the subject's face in every frame of a video or image folder."""

import numpy as np

from g2rl.faces.landmarks_file import Landmarks
from g2rl.faces.tracker import FaceTracker
from g2rl.io.frame_source import FrameSource
from g2rl.io.progress import progress


def detect_landmarks(source: FrameSource) -> Landmarks:
    """Find the subject's face and its 68 points in every frame of ``source``.

    Of several faces the one nearest the last is taken, else the largest; doubtful ones (score under 0.31)
    count only where nothing better is seen. Frames without a face, and unreadable ones, have ``found`` False.
    Faces less than about 80 pixels wide are not found.
    """
    tracker = FaceTracker()
    rows = [
        (number, *tracker(grey)) for number, grey in progress(source.grey(), "landmarks", len(source.numbers))
    ]
    frame, scores, box, points = zip(*rows, strict=True) if rows else ((), (), (), ())
    score = np.array(scores, np.float32)
    return Landmarks(
        frame=np.array(frame, np.int32),
        found=~np.isnan(score),
        score=score,
        box=np.array(box, np.float32).reshape(-1, 4),
        landmarks=np.array(points, np.float32).reshape(-1, 68, 2),
    )
