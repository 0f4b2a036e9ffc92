"""Image-free baselines, which show what the networks add: a constant per AU, and a ridge on landmarks.

Intensities are (N, K) with −1 = not coded, as in aligned sequences; only training subjects may be passed to
the functions that fit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.errors import InputError
from g2rl.faces.sequence_file import read_sequence
from g2rl.inference.predictions import prediction_table

ALPHAS = np.logspace(-1, 5, 7)  # of features of unit variance, so the same grid fits every dataset
GROUPS = 5  # folds of the cross-validation over training subjects


def predict_image_free(method: str, train_files: Sequence[Path], test_files: Sequence[Path]) -> pd.DataFrame:
    """Fit a method on the aligned sequences of the training subjects, and predict those of the test subjects.

    Args:
        method: ``constant`` or ``landmark_ridge``.

    Returns:
        See ``prediction_table``.

    Raises:
        InputError: a subject is in both; see also the methods.
    """
    train, test = ([read_sequence(path) for path in paths] for paths in (train_files, test_files))
    if both := {each.subject for each in train} & {each.subject for each in test}:
        raise InputError(f"subjects {sorted(both)} are in both --train and --test: give other sequences")
    aus, intensity = train[0].aus, np.concatenate([each.intensity for each in train])
    if method == "constant":
        constant = best_constant(intensity, aus)
        return prediction_table(test, [np.tile(constant, (len(each.frame), 1)) for each in test])
    landmarks = np.concatenate([each.landmarks for each in train])
    subjects = np.concatenate([np.repeat(each.subject, len(each.frame)) for each in train])
    ridge = fit_landmark_ridge(landmarks, intensity, subjects, aus)
    return prediction_table(test, [ridge.predict(each.landmarks) for each in test])


def best_constant(intensity: np.ndarray, aus: Sequence[int]) -> np.ndarray:
    """The best constant for each AU: the median of its coded training frames.

    The median minimises the training MAE. Any constant has ICC 0 against a truth that varies.

    Args:
        intensity: (N, K) training frames, 0–5, −1 = not coded.
        aus: the K AUs, for messages.

    Returns:
        (K,) float64, 0–5.

    Raises:
        InputError: an AU is coded in no training frame.
    """
    _check_coded(intensity, aus)
    return np.array([np.median(column[column >= 0]) for column in intensity.T])


@dataclass(frozen=True)
class LandmarkRidge:
    """A fitted ridge regression, one row per AU: intensity = weights · (landmarks flattened) + offset."""

    weights: np.ndarray  # (K, 136) float64
    offset: np.ndarray  # (K,) float64

    def predict(self, landmarks: np.ndarray) -> np.ndarray:
        """(N, 68, 2) aligned pixels → (N, K) float64, cut to 0–5."""
        return (_flatten(landmarks) @ self.weights.T + self.offset).clip(0, MAX_INTENSITY)


def fit_landmark_ridge(
    landmarks: np.ndarray, intensity: np.ndarray, subjects: np.ndarray, aus: Sequence[int]
) -> LandmarkRidge:
    """Fit intensity on the standardised coordinates of the aligned landmarks, one AU at a time.

    The penalty is the one of ``ALPHAS`` with the least squared error in a cross-validation whose folds are
    disjoint in training subjects.

    Args:
        landmarks: (N, 68, 2) of the training frames, aligned pixels.
        intensity: (N, K) 0–5, −1 = not coded.
        subjects: (N,) whose face each frame shows.
        aus: the K AUs, for messages.

    Raises:
        InputError: an AU is coded for fewer than 2 training subjects.
    """
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV, GroupKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    _check_coded(intensity, aus)
    features, subjects = _flatten(landmarks), np.asarray(subjects)
    weights, offsets = [], []
    for au, column in zip(aus, intensity.T, strict=True):
        coded = column >= 0
        groups = np.unique(subjects[coded])
        if len(groups) < 2:
            raise InputError(
                f"{au_name(au)} is coded for one training subject only ({groups[0]}): the ridge regression "
                "needs two or more to choose its penalty"
            )
        search = GridSearchCV(
            make_pipeline(StandardScaler(), Ridge()),
            {"ridge__alpha": ALPHAS},
            scoring="neg_mean_squared_error",
            cv=GroupKFold(min(GROUPS, len(groups))),
        ).fit(features[coded], column[coded].astype(float), groups=subjects[coded])
        scaler, ridge = search.best_estimator_[0], search.best_estimator_[-1]
        weights.append(ridge.coef_ / scaler.scale_)
        offsets.append(ridge.intercept_ - weights[-1] @ scaler.mean_)
    return LandmarkRidge(np.array(weights), np.array(offsets))


def _flatten(landmarks: np.ndarray) -> np.ndarray:
    return np.asarray(landmarks, float).reshape(len(landmarks), 2 * 68)


def _check_coded(intensity: np.ndarray, aus: Sequence[int]) -> None:
    for au, column in zip(aus, intensity.T, strict=True):
        if not (column >= 0).any():
            raise InputError(
                f"{au_name(au)} is coded in no training frame: take it out, or add sequences that code it"
            )
