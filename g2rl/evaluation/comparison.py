"""The paired comparison of two trainings, repeated with the same seeds on the same frames."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.metrics import COVERAGE, METRICS, check_folds, measures, sums_by_subject
from g2rl.inference.predictions import KEYS

Seeds = Mapping[int, Sequence[pd.DataFrame]]  # by seed, the predictions of every fold


def compare(runs: Seeds, reference: Seeds, resamples: int = 1000, seed: int = 0) -> pd.DataFrame:
    """How much better a training is than another.

    The value of a run pools its folds and averages over AUs. The interval of the difference is the 95 %
    percentile bootstrap over subjects *and* seeds: each resample draws both with replacement, the same for
    the two sides, so that what a subject or a seed does to both cancels. With one seed it is over subjects.

    Args:
        reference: what ``runs`` is compared with.

    Returns:
        One row for each of ``METRICS``: metric, mean (over seeds), difference, ci_low, ci_high, seeds.

    Raises:
        InputError: the two sides differ in seeds, folds, frames or truth.
    """
    _check_pairs(runs, reference)
    sides = [[list(map(sums_by_subject, side[s])) for s in sorted(runs)] for side in (runs, reference)]
    rng = np.random.default_rng(seed)

    # One set of draws for the two sides. The first row draws everything once: the measured value.
    def draw(count: int) -> np.ndarray:
        drawn = rng.multinomial(count, np.full(count, 1 / count), resamples)
        return np.concatenate([np.ones((1, count)), drawn])

    draws, weight = [draw(len(sums)) for sums in sides[0][0]], draw(len(runs))
    values = [_means(side, draws, weight) for side in sides]
    rows = []
    for metric in METRICS:
        mean, difference = values[0][metric][0], values[0][metric] - values[1][metric]
        ends = np.nanpercentile(difference[1:], COVERAGE) if resamples else (np.nan, np.nan)
        rows.append((metric, mean, difference[0], *ends, len(runs)))
    return pd.DataFrame(rows, columns=["metric", "mean", "difference", "ci_low", "ci_high", "seeds"])


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


def _means(
    side: Sequence[Sequence[np.ndarray]], draws: Sequence[np.ndarray], weight: np.ndarray
) -> dict[str, np.ndarray]:
    """Of each metric (1 + resamples,): its mean over AUs and over the drawn seeds.

    Args:
        side: for each seed and fold, ``sums_by_subject``.
        draws: for each fold (1 + resamples, subjects), how often each subject was drawn.
        weight: (1 + resamples, seeds), how often each seed was.
    """
    totals = [sum(np.tensordot(d, s, 1) for d, s in zip(draws, folds, strict=True)) for folds in side]
    found = measures(np.stack(totals))  # each (seeds, 1 + resamples, K)
    return {name: (value.mean(-1) * weight.T).sum(0) / len(side) for name, value in found.items()}
