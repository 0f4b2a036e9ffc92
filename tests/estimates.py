"""Estimates of faces made by hand, for the tests of what ``g2rl predict`` writes."""

import math

import numpy as np

from g2rl.inference.estimates import FaceEstimate, FrameEstimate

AUS = (6, 12)
nan = math.nan


def face(intensity=(1.0, 4.0), face_id=0, success=True, at=(40.0, 30.0)):
    """A face 64 pixels wide at ``at``; the heatmaps, 16×16, of AU6 and AU12 peak at (3, 5) and (12, 10)."""
    x, y = at
    heatmaps = np.zeros((2, 16, 16), np.float32)
    heatmaps[0, 5, 3], heatmaps[1, 10, 12] = 0.02, 0.03
    landmarks = np.random.default_rng(0).uniform(8, 56, (68, 2)) + at
    return FaceEstimate(
        face_id,
        (x, y, x + 64, y + 64),
        landmarks,
        1.0,
        0.9,
        success,
        (0.0, 0.0, 0.0),
        np.array(intensity, np.float32),
        heatmaps,
        np.array([[4.0, 0, -4 * x], [0, 4, -4 * y]]),
    )


GREY = np.full((121, 161, 3), 90, np.uint8)


def frames(times, faces=(), image=GREY):
    return [FrameEstimate("clip.mp4", n, t, image, tuple(faces)) for n, t in enumerate(times, 1)]


def write(writer, estimates):
    with writer:
        for frame in estimates:
            writer.add(frame)
