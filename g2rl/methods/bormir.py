"""BORMIR-style: a linear function of the landmarks, learned from the codes of peaks and valleys alone.

After Zhang, Zhao, Dong, Hu & Ji, "Bilateral Ordinal Relevance Multi-instance Regression for Facial Action
Unit Intensity Estimation", CVPR 2018; rewritten from the publication, so details may differ. An AU's sequence
is cut into segments between a valley and a peak. A segment is a bag with two labels, the intensities at its
ends; each end is explained by a relevance-weighted mean of the segment's frames, whose relevance grows
towards that end. The regressor w and the relevances take turns:

    min Σ_segments (w·Xᵀa − y_peak)² + (w·Xᵀb − y_valley)² + relevance_smoothness·(‖Da‖² + ‖Db‖²)
        + intensity_smoothness·‖D X w‖²/frames   + ridge·‖w‖²

over w and over a ≥ 0 rising, b ≥ 0 falling, each of sum 1; D takes differences of neighbouring frames.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from sklearn.linear_model import LinearRegression

from g2rl.action_units import au_name
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.methods.network import describe, read_trained_file, without_heatmaps, write_trained
from g2rl.methods.segments import valley_to_peak
from g2rl.network.description import FaceModel, Prediction
from g2rl.training.data import draw_subjects
from g2rl.training.history import COLUMNS, write_history

TITLE = "BORMIR-style (weak)"
SETTINGS = {"ridge": 5.0, "relevance_smoothness": 0.3, "intensity_smoothness": 1.0, "rounds": 5}
SUM = 1e3  # weight of the row that makes relevances sum to 1


class Segment(NamedTuple):
    """Frames between a valley and a peak, the valley first."""

    features: np.ndarray  # (n, D), standardised, a constant 1 last
    valley: float
    peak: float


def train(
    sequences: Sequence[AlignedSequence],
    settings: Settings,
    model_path: Path,
    history_path: Path,
    device: torch.device,
    pretrained: object = None,
    checkpoint: object = None,
    key: str = "",
    first: object = None,
    dataset: str = "",
    **own: Any,
) -> None:
    """Fit every AU and write the model; on the CPU in minutes, so without a checkpoint. The history has the
    objective of the last round alone.

    Raises:
        InputError: an AU that changes in no training sequence.
    """
    sequences = draw_subjects(sequences, settings)
    points = np.concatenate([features(each.landmarks) for each in sequences])
    mean, scale = points.mean(0), points.std(0).clip(1e-6)
    weights, objective = [], 0.0
    for k, au in enumerate(sequences[0].aus):
        found = [
            part
            for each in sequences
            for part in segments((features(each.landmarks) - mean) / scale, each.intensity[:, k])
        ]
        if not found:
            raise InputError(f"{au_name(au)} changes in no training sequence: bormir needs valleys and peaks")
        w, value = fit(found, **own)
        weights.append(w)
        objective += value
    stacked = np.stack(weights)  # (K, D), of standardised features → of features
    slope = stacked[:, :-1] / scale
    tensors = {"slope": slope, "offset": stacked[:, -1] - slope @ mean}
    saved = {name: torch.from_numpy(value.astype(np.float32)) for name, value in tensors.items()}
    write_trained("bormir", describe(sequences, settings, dataset), own, saved, model_path)
    write_history(history_path, [dict.fromkeys(COLUMNS, 0.0) | {"loss": objective}])


def features(landmarks: np.ndarray) -> np.ndarray:
    """(N, 68, 2) aligned pixels → (N, 136): less their mean, over their size, as the landmarks of a shape."""
    centred = landmarks - landmarks.mean(1, keepdims=True)
    size = np.sqrt((centred**2).sum(-1).mean(1))[:, None, None]
    return (centred / size).reshape(len(landmarks), -1).astype(float)


def segments(points: np.ndarray, codes: np.ndarray) -> Iterator[Segment]:
    """The segments of one AU of a sequence: (N, D) features, (N,) codes, −1 not coded."""
    points = np.column_stack([points, np.ones(len(points))])
    for frames in valley_to_peak(codes):
        yield Segment(points[frames], float(codes[frames[0]]), float(codes[frames[-1]]))


def fit(
    bags: Sequence[Segment],
    ridge: float,
    relevance_smoothness: float,
    intensity_smoothness: float,
    rounds: int,
) -> tuple[np.ndarray, float]:
    """The regressor of one AU, (D,), its offset last and without penalty; and the objective."""
    width = bags[0].features.shape[1]
    smooth = sum(
        (intensity_smoothness / len(bag.features)) * (step := np.diff(bag.features, axis=0)).T @ step
        for bag in bags
    )
    penalty = ridge * np.eye(width) + smooth
    penalty[-1, -1] = 1e-9
    labels = np.array([label for bag in bags for label in (bag.peak, bag.valley)])
    # At first each end is explained by itself.
    ends = [np.eye(len(bag.features))[[-1, 0]] for bag in bags]
    for turn in range(rounds):
        means = np.concatenate([end @ bag.features for end, bag in zip(ends, bags, strict=True)])
        w = np.linalg.solve(means.T @ means + penalty, means.T @ labels)
        if turn < rounds - 1:
            ends = [
                np.stack(
                    [
                        relevance(bag.features @ w, bag.peak, relevance_smoothness),
                        relevance(bag.features[::-1] @ w, bag.valley, relevance_smoothness)[::-1],
                    ]
                )
                for bag in bags
            ]
    roughness = relevance_smoothness * sum((np.diff(end, axis=1) ** 2).sum() for end in ends)
    return w, float(((means @ w - labels) ** 2).sum() + w @ penalty @ w + roughness)


def relevance(values: np.ndarray, label: float, smoothness: float) -> np.ndarray:
    """Of n frames, a ≥ 0 rising and of sum 1, that minimises (a·values − label)² + smoothness·‖Da‖².

    A rising a is a mixture of the means over the last 1, 2, … n frames: least squares with weights ≥ 0.
    """
    n = len(values)
    tails = np.tril(np.ones((n, n)))
    mixture = tails / tails.sum(0)  # (n, n): column j is the mean over frames j…n − 1
    rows = np.vstack([values @ mixture, smoothness**0.5 * np.diff(mixture, axis=0), np.full(n, SUM)])
    solver = LinearRegression(fit_intercept=False, positive=True)
    return mixture @ solver.fit(rows, np.r_[label, np.zeros(n - 1), SUM]).coef_


@dataclass(frozen=True, kw_only=True)
class Linear(FaceModel):
    """The fitted regressors of all AUs."""

    slope: np.ndarray  # (K, 136)
    offset: np.ndarray  # (K,)

    def predict(self, faces: np.ndarray, landmarks: np.ndarray | None = None) -> Prediction:
        if landmarks is None:
            raise InputError("bormir estimates from landmarks: expected those of each face")
        return without_heatmaps(features(landmarks) @ self.slope.T + self.offset)


def read(path: Path, device: torch.device) -> Linear:
    """Read what ``train`` wrote."""
    about, _, tensors = read_trained_file(path)
    try:
        slope, offset = (tensors[name].double().numpy() for name in ("slope", "offset"))
    except KeyError as error:
        raise InputError(f"{path}: no {error} in it, expected slope and offset") from None
    return Linear(**vars(about), slope=slope, offset=offset)
