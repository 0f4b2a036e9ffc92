"""The paired comparison of two trainings, repeated with the same seeds on the same frames."""

import warnings
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.metrics import (
    COVERAGE,
    METRICS,
    check_folds,
    measures,
    sums_by_subject,
    with_average,
)
from g2rl.inference.predictions import KEYS, au_columns

Seeds = Mapping[int, Sequence[pd.DataFrame]]  # by seed, the predictions of every fold
Sums = Mapping[int, Sequence[np.ndarray]]  # by seed, of every fold (subjects, 13, K)


def compare(runs: Seeds, reference: Seeds, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """How much better a training is than another, on average over the AUs: the rows ``avg`` of
    ``compare_aus``."""
    table = compare_aus(runs, reference, resamples, seed)
    return table[table["au"] == "avg"].drop(columns="au").reset_index(drop=True)


def compare_aus(
    runs: Seeds, reference: Seeds, resamples: int = 1000, seed: int = 0, rounded: bool = False
) -> pd.DataFrame:
    """How much better a training is than another, for each AU and on average (``avg``).

    The value of a run pools its folds; the average is over the AUs that are defined on both sides, for every
    seed. The interval of the difference is the 95 % percentile bootstrap over subjects *and* seeds: each
    resample draws both with replacement, the same for the two sides, so that what a subject or a seed does to
    both cancels. With one seed it is over subjects. Where a fold has a single subject it is NaN, as in
    ``evaluate``: what differs between subjects cannot be drawn there.

    Args:
        reference: what ``runs`` is compared with.
        rounded: round the predictions to whole intensities first.

    Returns:
        For each of ``METRICS`` one row per AU and one for ``avg``: au, metric, mean (over seeds), difference,
        ci_low, ci_high, seeds.

    Raises:
        InputError: the two sides differ in seeds, folds, frames or truth.
    """
    _check_pairs(runs, reference)
    mine, theirs = (
        {number: [sums_by_subject(table, rounded) for table in folds] for number, folds in side.items()}
        for side in (runs, reference)
    )
    return compare_sums(mine, theirs, au_columns(next(iter(runs.values()))[0]), resamples, seed)


def compare_sums(
    runs: Sums, reference: Sums, aus: Sequence[str], resamples: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """``compare_aus`` from ``sums_by_subject`` of the two sides, the same subjects and AUs in each."""
    rng = np.random.default_rng(seed)

    # One set of draws for the two sides. The first row draws everything once: the measured value.
    def draw(count: int) -> np.ndarray:
        drawn = rng.multinomial(count, np.full(count, 1 / count), resamples)
        return np.concatenate([np.ones((1, count)), drawn])

    sides = [[side[number] for number in sorted(runs)] for side in (runs, reference)]
    counts = [len(sums) for sums in sides[0][0]]
    draws, weight = [draw(count) for count in counts], draw(len(runs))
    found = [_of_seeds(side, draws) for side in sides]
    names = [*aus, "avg"]
    rows = []
    for metric in METRICS:
        defined = ~np.isnan(np.stack([side[metric][:, 0] for side in found])).any((0, 1))
        means = [
            (with_average(side[metric], defined) * weight.T[..., None]).sum(0) / len(runs) for side in found
        ]
        difference = means[0] - means[1]  # (1 + resamples, K + 1)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "All-NaN slice")
            ends = (
                np.nanpercentile(difference[1:], COVERAGE, axis=0)
                if resamples and min(counts) > 1
                else [[np.nan] * len(names)] * 2
            )
        for row in zip(names, means[0][0], difference[0], *ends, strict=True):
            rows.append((row[0], metric, *row[1:], len(runs)))
    return pd.DataFrame(rows, columns=["au", "metric", "mean", "difference", "ci_low", "ci_high", "seeds"])


def _check_pairs(runs: Seeds, reference: Seeds) -> None:
    if runs.keys() != reference.keys():
        raise InputError(
            f"seeds {sorted(runs)} against {sorted(reference)}: the comparison pairs them, give both"
        )
    for seed, folds in runs.items():
        check_folds(folds)
        check_folds(reference[seed])
        for mine, theirs in zip(folds, reference[seed], strict=True):
            known = [name for name in mine if not str(name).endswith("_pred")]
            same = [table[known].sort_values(KEYS, ignore_index=True) for table in (mine, theirs)]
            if not same[0].equals(same[1]):
                raise InputError("a comparison needs predictions of the same frames with the same truth")


def _of_seeds(side: Sequence[Sequence[np.ndarray]], draws: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
    """Of each metric (seeds, 1 + resamples, K).

    Args:
        side: for each seed and fold, ``sums_by_subject``.
        draws: for each fold (1 + resamples, subjects), how often each subject was drawn.
    """
    totals = [sum(np.tensordot(d, s, 1) for d, s in zip(draws, folds, strict=True)) for folds in side]
    return measures(np.stack(totals))
