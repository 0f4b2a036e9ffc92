"""Shifted codes are noticed by the mouth: a course of openings whose codes are known, moved against it."""

import numpy as np
import pytest

from g2rl.datasets.labels import Labels
from g2rl.faces.alignment import TEMPLATE
from g2rl.faces.lag import find_lag, mouth_opening
from g2rl.faces.landmarks_file import Landmarks

FRAMES = np.arange(1, 301, dtype=np.int32)


def openings(seed: int = 0) -> np.ndarray:
    """(300,) between 0 and 1: a mouth that opens and closes at irregular times."""
    anchors = np.random.default_rng(seed).uniform(0, 1, 45).round(1) ** 2
    return np.interp(FRAMES / 7, np.arange(45), anchors)


def landmarks(opening: np.ndarray, missing: int = 0) -> Landmarks:
    points = np.repeat(TEMPLATE[None], len(opening), 0)
    points[:, 65:68, 1] += 30 * opening[:, None]
    points += np.random.default_rng(1).normal(0, 1, points.shape)
    points[:missing] = np.nan
    n = len(opening)
    score = np.where(np.isnan(points[:, 0, 0]), np.nan, 1).astype(np.float32)
    return Landmarks(FRAMES, ~np.isnan(score), score, np.zeros((n, 4), np.float32), points.astype(np.float32))


def codes(opening: np.ndarray, aus: tuple[int, ...] = (12, 25, 26)) -> Labels:
    intensity = np.zeros((len(opening), len(aus)), np.int8)
    intensity[:, 1] = np.round(5 * opening)
    return Labels(FRAMES, intensity, aus)


@pytest.mark.parametrize("shift", [-15, -8, -3, -1, 0, 2, 3, 5, 15])
def test_the_lag_is_the_one_planted(shift):
    opening = openings()
    lag = find_lag(landmarks(opening, missing=20), codes(np.roll(opening, shift)))
    assert lag.frames == shift
    assert lag.is_shift == (abs(shift) > 2)
    assert lag.correlation == pytest.approx(np.corrcoef(opening, np.round(5 * opening))[0, 1], abs=0.05)


def test_what_cannot_be_told_is_left_alone():
    opening = openings()
    assert find_lag(landmarks(opening), codes(opening, (6, 10, 12))) is None  # as BP4D
    assert find_lag(landmarks(opening), codes(np.zeros(300))) is None  # never opened
    assert find_lag(landmarks(opening, missing=299), codes(opening)) is None
    unrelated = find_lag(landmarks(opening), codes(openings(seed=5)))
    assert not unrelated.is_shift or unrelated.correlation > 0.3
    assert not find_lag(landmarks(np.zeros(300)), codes(opening)).is_shift  # noise against codes


def test_the_opening_does_not_depend_on_the_faces_size():
    points = landmarks(openings()).landmarks.astype(float)
    np.testing.assert_allclose(mouth_opening(points * 3 + 40), mouth_opening(points))
