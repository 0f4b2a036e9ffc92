"""The running mean of ``g2rl predict`` against pandas' own."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from g2rl.inference.estimates import FaceEstimate, FrameEstimate
from g2rl.inference.smoothing import smooth


def frame(number: int, faces: dict[int, float], time: float, success: bool = True) -> FrameEstimate:
    points, maps, box, pose = np.zeros((68, 2)), np.zeros((0, 0, 0)), (0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 0.0)
    estimates = [
        FaceEstimate(face_id, box, points, 1.0, 1.0, success, pose, np.float32([value]), maps, np.eye(2, 3))
        for face_id, value in faces.items()
    ]
    return FrameEstimate("a.mp4", number, time, None, tuple(estimates))


@pytest.mark.parametrize("times", [np.arange(30) / 25, np.full(30, np.nan)])
def test_it_is_the_centred_mean_of_pandas(times):
    values = np.random.default_rng(0).uniform(0, 5, 30)
    frames = [frame(k, {0: value}, time) for k, (value, time) in enumerate(zip(values, times, strict=True))]
    got = list(smooth(frames, 0.17, 25.0))
    expected = pd.Series(values).rolling(5, center=True, min_periods=1).mean()
    assert [each.frame for each in got] == list(range(30))
    np.testing.assert_allclose([each.faces[0].intensity[0] for each in got], expected, rtol=1e-5)


def test_faces_and_untrusted_frames_are_kept_apart():
    frames = [
        frame(0, {0: 1.0, 1: 5.0}, 0.0),
        frame(1, {0: 3.0}, 0.04),
        frame(2, {0: 100.0}, 0.08, success=False),
        frame(3, {}, 0.12),
        frame(4, {0: 5.0}, 5.0),
    ]
    got = [
        {face.face_id: float(face.intensity[0]) for face in each.faces} for each in smooth(frames, 0.2, 25.0)
    ]
    assert got == [{0: 2.0, 1: 5.0}, {0: 2.0}, {0: 100.0}, {}, {0: 5.0}]


def test_a_blink_is_not_flattened():
    values = np.random.default_rng(0).uniform(0, 5, (20, 3)).astype(np.float32)
    frames = [
        replace(each, faces=(replace(each.faces[0], intensity=value),))
        for each, value in zip((frame(k, {0: 0.0}, k / 25) for k in range(20)), values, strict=True)
    ]
    got = np.stack([each.faces[0].intensity for each in smooth(frames, 0.2, 25.0, (1, 45, 12))])
    np.testing.assert_array_equal(got[:, 1], values[:, 1])
    expected = pd.DataFrame(values).rolling(5, center=True, min_periods=1).mean()
    np.testing.assert_allclose(got[:, [0, 2]], expected[[0, 2]], rtol=1e-5)
