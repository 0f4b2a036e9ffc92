"""The image-free baselines against plain NumPy."""

import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.evaluation.image_free import ALPHAS, best_constant, fit_landmark_ridge, predict_image_free
from g2rl.faces.sequence_file import write_sequence
from tests.factories import make_sequence

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


def closed_form(landmarks, intensity, new, alpha):
    """The ridge regression on standardised coordinates, solved directly; one AU, all frames coded."""
    x, y = landmarks.reshape(len(landmarks), -1), intensity.astype(float)
    mean, scale = x.mean(0), x.std(0)
    z = (x - mean) / scale
    weights = np.linalg.solve(z.T @ z + alpha * np.eye(136), z.T @ (y - y.mean()))
    return ((new.reshape(len(new), -1) - mean) / scale @ weights + y.mean()).clip(0, 5)


def test_ridge_is_the_closed_form_on_coded_frames(training):
    landmarks, intensity, subjects = training
    model = fit_landmark_ridge(landmarks, intensity, subjects, AUS)
    new = landmarks[::7] + np.random.default_rng(1).normal(size=landmarks[::7].shape)
    for k in range(2):
        coded = intensity[:, k] >= 0
        found = model.predict(new)[:, k]
        expected = [closed_form(landmarks[coded], intensity[coded, k], new, alpha) for alpha in ALPHAS]
        assert sum(np.allclose(found, each, rtol=0, atol=1e-8) for each in expected) == 1  # one penalty


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
    found = fit_landmark_ridge(landmarks, intensity, subjects, (6,)).predict(landmarks)
    expected = closed_form(landmarks, intensity[:, 0], landmarks, ALPHAS[-1])
    np.testing.assert_allclose(found[:, 0], expected, atol=1e-8)


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


def test_both_are_fitted_on_the_training_files_and_predict_the_test_files(tmp_path):
    files = {}
    for subject in ("F001", "M002", "F003"):
        files[subject] = tmp_path / f"{subject}_T1.h5"
        write_sequence(files[subject], make_sequence(subject))
    train, test = [files["F001"], files["M002"]], [files["F003"]]
    intensity = np.concatenate([make_sequence(subject).intensity for subject in ("F001", "M002")])
    table = predict_image_free("constant", train, test)
    assert table["sequence"].unique().tolist() == ["F003_T1"]
    np.testing.assert_array_equal(
        table[["AU06_pred", "AU12_pred"]], np.tile(best_constant(intensity, AUS), (len(table), 1))
    )
    landmarks = np.concatenate([make_sequence(subject).landmarks for subject in ("F001", "M002")])
    ridge = fit_landmark_ridge(landmarks, intensity, np.repeat(["F001", "M002"], 10), AUS)
    found = predict_image_free("landmark_ridge", train, test)[["AU06_pred", "AU12_pred"]]
    np.testing.assert_array_equal(found, ridge.predict(make_sequence("F003").landmarks))
    with pytest.raises(InputError, match=r"subjects \['F001'\] are in both"):
        predict_image_free("constant", train, [files["F001"]])
