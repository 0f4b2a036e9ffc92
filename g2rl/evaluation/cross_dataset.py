"""Trained on one dataset, tested on another, over the AUs they share."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.methods import ARROWS, method_title, read_metrics_by_method
from g2rl.evaluation.metrics import evaluate, mean_over_seeds
from g2rl.faces.sequence_file import AlignedSequence, read_sequence
from g2rl.inference.predictions import au_columns, prediction_table
from g2rl.paths import dataset_of_sequence, locate_fold_file

if TYPE_CHECKING:
    import torch

    from g2rl.network.model_file import Model

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CrossResult:
    """What one method's networks reached: a table of ``metrics.evaluate`` for each network.

    Attributes:
        train, test: dataset names; within one dataset, of the subjects that a network has not seen.
    """

    train: str
    test: str
    method: str
    metrics: Sequence[pd.DataFrame]


def shared_aus(first: Sequence[int], second: Sequence[int]) -> tuple[int, ...]:
    """The AUs of both, in the first's order."""
    return tuple(au for au in first if au in second)


def predict_shared(model: "Model", sequences: Sequence[AlignedSequence]) -> pd.DataFrame:
    """Predictions of another dataset's faces, of the AUs that both code; see ``prediction_table``.

    Subjects of whom the network has seen faces, as where it started from that dataset's network, are left
    out.

    Raises:
        InputError: they share no AU; a sequence's alignment is not the model's; no subject is left, or no
            frame in any sequence.
    """
    from g2rl.inference.predictor import check_alignment, predict_sequence

    aus = shared_aus(model.aus, sequences[0].aus)
    if not aus:
        raise InputError(
            f"the network knows AUs {model.aus}, {sequences[0].sequence} is coded for {sequences[0].aus}"
        )
    unseen = [sequence for sequence in sequences if sequence.subject not in model.subjects]
    if not unseen:
        raise InputError(
            f"{sequences[0].sequence} and the others: the network was trained on all of their subjects, by "
            "name: name subjects of two datasets alike only where they are the same people"
        )
    if left_out := len(sequences) - len(unseen):
        log.info("%d of %d sequences left out: the network knows their subjects", left_out, len(sequences))
    of_model = [model.aus.index(au) for au in aus]
    reduced, intensities = [], []
    for sequence in unseen:
        check_alignment(model, sequence)
        coded = [sequence.aus.index(au) for au in aus]
        reduced.append(replace(sequence, aus=aus, intensity=sequence.intensity[:, coded]))
        intensities.append(predict_sequence(model, sequence)[:, of_model])
    return prediction_table(reduced, intensities)


def within(metrics: pd.DataFrame, aus: Sequence[str]) -> pd.DataFrame:
    """A dataset's own ``metrics.csv`` of ``aus`` (``AU06``, …) and their average, without an interval."""
    rows = metrics[metrics["au"].isin(aus)]
    groups = rows.groupby(["metric", "aggregation"], sort=False, as_index=False)["value"]
    average = groups.agg(value="mean", aus="count")
    return pd.concat([rows, average.assign(au="avg", ci_low=np.nan, ci_high=np.nan)], ignore_index=True)


def cross_table(results: Sequence[CrossResult]) -> pd.DataFrame:
    """Columns train, test, method, metric (ICC, MAE), au (``6`` …, ``avg``), value, ci_low, ci_high, models.

    Values pool the test frames of a network and are averaged over the networks (one per fold and seed). A row
    within one dataset pools all folds' frames.
    """
    parts = []
    for result in results:
        mean = mean_over_seeds(result.metrics)
        mean = mean[(mean["aggregation"] == "pooled") & mean["metric"].isin(ARROWS)]
        parts.append(
            mean.assign(
                train=result.train,
                test=result.test,
                method=result.method,
                au=mean["au"].map(lambda au: au if au == "avg" else str(int(au.removeprefix("AU")))),
                models=len(result.metrics),
            )
        )
    columns = ["train", "test", "method", "metric", "au", "value", "ci_low", "ci_high", "models"]
    return pd.concat(parts, ignore_index=True)[columns]


def cross_results_from_files(
    models: Sequence[Path],
    sequences: Sequence[Path],
    metrics: Sequence[Path],
    device: "torch.device",
    resamples: int,
) -> list[CrossResult]:
    """Test every network on every other dataset; see ``cross_results``.

    Args:
        models: ``DATASET/RUN/foldK/model.safetensors``.
        sequences: ``DATASET/cache/SEQUENCE.h5`` of the test subjects.
        metrics: ``DATASET/RUN/metrics.csv`` of the models' runs.
    """
    from g2rl.network.model_file import read_model

    networks: dict[tuple[str, str], list[Model]] = {}
    for path in models:
        place = locate_fold_file(path)
        key = place.dataset, method_title(place.method)
        networks.setdefault(key, []).append(read_model(path, device))
    faces: dict[str, list[AlignedSequence]] = {}
    for path in sequences:
        faces.setdefault(dataset_of_sequence(path), []).append(read_sequence(path))
    return cross_results(networks, faces, read_metrics_by_method(metrics), resamples)


def cross_results(
    models: Mapping[tuple[str, str], Sequence["Model"]],
    sequences: Mapping[str, Sequence[AlignedSequence]],
    own: Mapping[tuple[str, str], Sequence[pd.DataFrame]],
    resamples: int,
) -> list[CrossResult]:
    """Test every network on every other dataset.

    Args:
        models: by dataset and method.
        sequences: of the test subjects, by dataset.
        own: by dataset and method, the ``metrics.csv`` within it, one per seed.

    Raises:
        InputError: there is one dataset alone, or two share no AU.
    """
    results = []
    for (train, method), networks in models.items():
        for test, faces in sequences.items():
            if test == train:
                continue
            predictions = [predict_shared(network, faces) for network in networks]
            aus = au_columns(predictions[0])
            results.append(CrossResult(train, train, method, [within(m, aus) for m in own[train, method]]))
            results.append(CrossResult(train, test, method, [evaluate([p], resamples) for p in predictions]))
    if not results:
        raise InputError(f"one dataset alone, {', '.join(sequences)}: there is no other to test on")
    return results
