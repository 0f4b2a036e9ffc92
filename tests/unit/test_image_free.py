"""The constant and the landmark regression against plain NumPy."""

import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.evaluation.image_free import ALPHAS, best_constant, fit_landmark_ridge

AUS = (6, 12)


@pytest.fixture
def training():
    """Intensities that follow two landmarks, with noise, for 8 subjects of their own face shape."""
    rng = np.random.default_rng(0)
    subjects = np.repeat([f"F{i:03d}" for i in range(8)], 50)
    latent = rng.uniform(0, 5, (400, 2))
    landmarks = rng.uniform(60, 200, (68, 2)) + rng.normal(0, 3, (8, 68, 2)).repeat(50, 0)
    landmarks = landmarks + rng.normal(0, 0.5, (400, 68, 2))
    landmarks[:, 48, 1] -= 4 * latent[:, 0]
    landmarks[:, 54, 0] += 4 * latent[:, 1]
    intensity = latent.round().astype(np.int8)
    intensity[rng.random(intensity.shape) < 0.1] = -1
    return landmarks, intensity, subjects


def test_no_constant_has_a_smaller_training_mae(training):
    _, intensity, _ = training
    best = best_constant(intensity, AUS)
    for k in range(2):
        coded = intensity[intensity[:, k] >= 0, k]
        errors = [np.abs(coded - c).mean() for c in np.linspace(0, 5, 501)]
        assert np.abs(coded - best[k]).mean() == pytest.approx(min(errors))


def test_ridge_is_the_closed_form_on_coded_frames(training):
    landmarks, intensity, subjects = training
    model = fit_landmark_ridge(landmarks, intensity, subjects, AUS)
    new = landmarks[::7] + np.random.default_rng(1).normal(size=landmarks[::7].shape)
    for k in range(2):
        coded = intensity[:, k] >= 0
        x, y = landmarks[coded].reshape(coded.sum(), -1), intensity[coded, k].astype(float)
        mean, scale = x.mean(0), x.std(0)
        z = (x - mean) / scale
        gram = z.T @ z + model.alpha[k] * np.eye(136)
        expected = (new.reshape(len(new), -1) - mean) / scale @ np.linalg.solve(gram, z.T @ (y - y.mean()))
        np.testing.assert_allclose(model.predict(new)[:, k], (expected + y.mean()).clip(0, 5), atol=1e-8)


def test_ridge_finds_what_the_landmarks_say_about_unseen_subjects(training):
    landmarks, intensity, subjects = training
    seen = subjects < "F006"
    model = fit_landmark_ridge(landmarks[seen], intensity[seen], subjects[seen], AUS)
    pred, true = model.predict(landmarks[~seen]), intensity[~seen]
    assert pred.min() >= 0
    assert pred.max() <= 5
    for k in range(2):
        coded = true[:, k] >= 0
        ours = np.abs(pred[coded, k] - true[coded, k]).mean()
        assert ours < 0.8 * np.abs(best_constant(intensity[seen], AUS)[k] - true[coded, k]).mean()


def test_penalty_is_chosen_between_subjects_not_between_frames():
    """Landmarks that only tell subjects apart predict nobody else: the largest penalty must win."""
    rng = np.random.default_rng(2)
    subjects = np.repeat(np.arange(20), 30)
    landmarks = rng.normal(0, 5, (20, 68, 2))[subjects] + rng.normal(0, 0.01, (600, 68, 2))
    intensity = rng.integers(0, 6, (20, 1)).astype(np.int8)[subjects]
    assert fit_landmark_ridge(landmarks, intensity, subjects, (6,)).alpha[0] == ALPHAS[-1]


def test_landmarks_that_never_move_do_no_harm(training):
    landmarks, intensity, subjects = training
    landmarks[:, 30] = 128.0
    assert np.isfinite(fit_landmark_ridge(landmarks, intensity, subjects, AUS).predict(landmarks)).all()


def test_uncoded_aus_are_named(training):
    landmarks, intensity, subjects = training
    alone = intensity.copy()
    alone[subjects != "F003", 1] = -1
    with pytest.raises(InputError, match=r"AU12 is coded for one training subject only \(F003\)"):
        fit_landmark_ridge(landmarks, alone, subjects, AUS)
    intensity[:, 1] = -1
    with pytest.raises(InputError, match="AU12 is coded in no training frame"):
        best_constant(intensity, AUS)
    with pytest.raises(InputError, match="AU12 is coded in no training frame"):
        fit_landmark_ridge(landmarks, intensity, subjects, AUS)


def test_a_sequence_without_a_frame_has_no_prediction(training):
    landmarks, intensity, subjects = training
    model = fit_landmark_ridge(landmarks, intensity, subjects, AUS)
    assert model.predict(np.empty((0, 68, 2), np.float32)).shape == (0, 2)
