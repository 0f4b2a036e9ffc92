"""How well intensities are predicted: ICC(3,1), MAE and more per AU, with intervals over subjects.

Every measure is a function of sums over frames (``frame_sums``). So the sums are taken once for each
subject, and a bootstrap over subjects only adds them up again.
"""

import os
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.inference.predictions import au_columns, intensities
from g2rl.io.tables import read_csv, write_csv

METRICS = ("ICC", "MAE", "PCC", "MSE", "CCC", "F1", "kappa")
COLUMNS = ["au", "metric", "aggregation", "value", "ci_low", "ci_high", "aus"]  # of metrics.csv
PRESENT = 2  # an AU of this intensity or more counts as present for F1
PARTS = ["part", "name", "au", "metric", "value", "frames"]  # of parts.csv
COVERAGE = (2.5, 97.5)  # percentiles: the ends of a 95 % interval
CONSTANT = 1e-12  # a variance this small is rounding, not spread: predictions.csv has steps of 1e-4


def icc31(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """ICC(3,1) of k = 2 raters, truth and prediction: (MSR − MSE) / (MSR + (k − 1)·MSE).

    Shrout & Fleiss 1979; two-way mixed, single measure, consistency: a constant offset costs nothing. For
    k = 2 it equals 2·cov(true, pred) / (var(true) + var(pred)).

    Args:
        true: (N,) or (N, K) intensities 0–5, NaN = not coded; such entries do not count.
        pred: same shape, finite.

    Returns:
        () or (K,), −1…1; 0 if one of the two is constant; NaN if both are or fewer than 2 entries are coded.
    """
    return measures(frame_sums(true, pred).sum(1))["ICC"]


def evaluate(
    folds: Sequence[pd.DataFrame], resamples: int = 1000, seed: int = 0, rounded: bool = False
) -> pd.DataFrame:
    """Measure a run: its test predictions, one table for each fold, as ``read_predictions`` gives them.

    ``pooled`` takes the test frames of all folds together, ``fold_mean`` is the mean over the folds,
    defined if each fold is; ``avg`` is the mean over the AUs whose value is defined, ``aus`` of them. The
    interval is the 95 % percentile bootstrap over subjects: each resample draws, in every fold,
    as many of its subjects as it has, with replacement; one set of resamples serves all rows. Resamples in
    which a value is undefined are left out of its interval; where a fold has a single subject, or with no
    resamples, all are NaN.

    Args:
        rounded: round the predictions to whole intensities first.

    Returns:
        ``COLUMNS``: au is ``AU06``, … or ``avg``, metric one of ``METRICS``; aus of an AU is 1, or 0 if its
        value is not defined.

    Raises:
        InputError: no fold, folds with different AUs, or a subject tested in two folds.
    """
    check_folds(folds)
    rng = np.random.default_rng(seed)
    sums_of_folds, resamples_of_folds = [], []
    for table in folds:
        sums = sums_by_subject(table, rounded)  # (subjects, 13, K)
        n = len(sums)
        draws = rng.multinomial(n, np.full(n, 1 / n), size=max(resamples, 1))
        sums_of_folds.append(sums.sum(0))
        resamples_of_folds.append(np.tensordot(draws if n > 1 and resamples else draws * np.nan, sums, 1))
    total, resampled = np.stack(sums_of_folds), np.stack(resamples_of_folds)  # (folds[, resamples], 13, K)

    rows = []
    pooled = measures(total.sum(0)), measures(resampled.sum(0))
    by_fold = [{name: value.mean(0) for name, value in measures(s).items()} for s in (total, resampled)]
    for metric in METRICS:
        for aggregation, (measured, spread) in (("pooled", pooled), ("fold_mean", by_fold)):
            defined = ~np.isnan(measured[metric])
            value = with_average(measured[metric], defined)
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "All-NaN slice")
                low, high = np.nanpercentile(with_average(spread[metric], defined), COVERAGE, axis=0)
            count = [*defined.astype(int), defined.sum()]
            for row in zip([*au_columns(folds[0]), "avg"], value, low, high, count, strict=True):
                rows.append((row[0], metric, aggregation, *row[1:]))
    return pd.DataFrame(rows, columns=COLUMNS)


def frame_sums(true: np.ndarray, pred: np.ndarray) -> np.ndarray:
    """(13, N[, K]): for each entry the terms of n, Σt, Σp, Σt², Σp², Σtp, Σ|t − p|; of q, the rounded p, Σq,
    Σq², Σtq; and of presence (``PRESENT``) the numbers of t, of q and of both; 0 where not coded."""
    true, pred = np.asarray(true, float), np.asarray(pred, float)
    coded = ~(np.isnan(true) | np.isnan(pred))  # an AU that a tool does not estimate has no prediction
    t, p = np.where(coded, true, 0), np.where(coded, pred, 0)
    q = np.round(p)
    present_t, present_q = t >= PRESENT, q >= PRESENT
    plain = [coded, t, p, t * t, p * p, t * p, np.abs(t - p)]
    return np.stack([*plain, q, q * q, t * q, present_t, present_q, present_t & present_q])


def measures(sums: np.ndarray) -> dict[str, np.ndarray]:
    """(..., 13, K), or (13,) → each measure (..., K) or ().

    CCC is Lin's 1989; kappa Cohen's with quadratic weights, the CCC of the rounded predictions; F1 that of
    presence. The last two are of rounded predictions. F1 is NaN if nothing is coded or predicted as present.
    """
    n, t, p, tt, pp, tp, absolute, q, qq, tq, *present = np.moveaxis(sums, -2, 0) if sums.ndim > 1 else sums
    with np.errstate(invalid="ignore", divide="ignore"):
        variance_t, variance_p, covariance = (
            s / n - a * b / n**2 for s, a, b in ((tt, t, t), (pp, p, p), (tp, t, p))
        )
        variance_t, variance_p = (np.where(v > CONSTANT, v, 0) for v in (variance_t, variance_p))
        varied = (variance_t > 0) & (variance_p > 0)
        covariance = np.where(varied, covariance, 0)  # 0/0 below is NaN: both constant, or no entry at all
        return {
            "ICC": 2 * covariance / (variance_t + variance_p),
            "MAE": absolute / n,
            "PCC": np.where(varied, covariance / np.sqrt(variance_t * variance_p), np.nan),
            "MSE": (tt - 2 * tp + pp) / n,
            "CCC": _concordance(n, t, p, tt, pp, tp),
            "F1": 2 * present[2] / (present[0] + present[1]),
            "kappa": _concordance(n, t, q, tt, qq, tq),
        }


def _concordance(n: Any, t: Any, p: Any, tt: Any, pp: Any, tp: Any) -> Any:
    """2·cov / (var_t + var_p + (mean_t − mean_p)²); NaN if both are the same constant."""
    spread = (tt + pp) / n - 2 * t * p / n**2  # var_t + var_p + (mean_t − mean_p)²
    return np.where(spread > CONSTANT, 2 * (tp / n - t * p / n**2) / spread, np.nan)


def sums_by_subject(table: pd.DataFrame, rounded: bool = False) -> np.ndarray:
    """(subjects, 13, K), subjects in the order of their names; with ``rounded`` of rounded predictions."""
    order = np.argsort(table["subject"].to_numpy(), kind="stable")
    subject = table["subject"].to_numpy()[order]
    starts = np.flatnonzero(np.r_[True, subject[1:] != subject[:-1]])
    true, pred = (values[order] for values in intensities(table))
    pred = np.round(pred) if rounded else pred
    return np.add.reduceat(frame_sums(true, pred), starts, axis=1).swapaxes(0, 1)


def with_average(values: np.ndarray, defined: np.ndarray) -> np.ndarray:
    """(..., K) → (..., K + 1), behind them the mean over those ``defined``, (K,); NaN if none is."""
    kept = values if defined.all() else np.compress(defined, values, -1)
    average = kept.mean(-1, keepdims=True) if kept.shape[-1] else np.full((*values.shape[:-1], 1), np.nan)
    return np.concatenate([values, average], -1)


def evaluate_parts(folds: Mapping[str, pd.DataFrame], rounded: bool = False) -> pd.DataFrame:
    """Measure each test subject and each fold alone.

    Args:
        folds: by name.
        rounded: round the predictions to whole intensities first.

    Returns:
        ``PARTS``: part is ``fold`` or ``subject``, name which; frames, those coded: of ``avg``, of all AUs.
    """
    check_folds([*folds.values()])
    rows = []
    for part, name, sums in _parts(folds, rounded):
        frames = [*sums[0].astype(int), int(sums[0].sum())]
        for metric, value in measures(sums).items():
            values = with_average(value, ~np.isnan(value))
            aus = [*au_columns(next(iter(folds.values()))), "avg"]
            rows += [(part, name, *row) for row in zip(aus, [metric] * len(aus), values, frames, strict=True)]
    return pd.DataFrame(rows, columns=PARTS)


def _parts(folds: Mapping[str, pd.DataFrame], rounded: bool) -> Iterator[tuple[str, str, np.ndarray]]:
    """Folds, then subjects, each with its sums (13, K)."""
    of_subjects = {fold: sums_by_subject(table, rounded) for fold, table in folds.items()}
    for fold, sums in of_subjects.items():
        yield "fold", fold, sums.sum(0)
    for fold, table in folds.items():
        for subject, sums in zip(sorted(table["subject"].unique()), of_subjects[fold], strict=True):
            yield "subject", subject, sums


def check_folds(folds: Sequence[pd.DataFrame]) -> None:
    if not folds:
        raise InputError("no predictions to evaluate: give the predictions.csv of every fold")
    for number, table in enumerate(folds):
        if au_columns(table) != au_columns(folds[0]):
            raise InputError(
                f"table {number + 1} of the predictions has AUs {au_columns(table)}, "
                f"the first {au_columns(folds[0])}: folds of one run share their AUs"
            )
    subjects = pd.concat([pd.Series(table["subject"].unique()) for table in folds])
    if subjects.duplicated().any():
        twice = sorted(subjects[subjects.duplicated()].unique())
        raise InputError(f"subjects {twice} are tested in more than one fold: give each fold of one run once")


def mean_over_seeds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean of one or more tables of ``metrics.evaluate``, row by row, and of their intervals' ends.

    Such an interval is one over subjects, not over seeds; of ``aus`` the least. Rows keep the first table's
    order.

    Raises:
        InputError: the tables differ in AUs.
    """
    keys = ["au", "metric", "aggregation"]
    first = tables[0][keys].reset_index(drop=True)
    for table in tables[1:]:
        if not table[keys].reset_index(drop=True).equals(first):
            found, expected = (list(dict.fromkeys(t["au"])) for t in (table, first))
            raise InputError(f"metrics of several seeds differ in their rows: AUs {found} and {expected}")
    mean = np.mean([table[["value", "ci_low", "ci_high"]].to_numpy(float) for table in tables], axis=0)
    aus = np.min([table["aus"].to_numpy() for table in tables], axis=0)
    return first.assign(value=mean[:, 0], ci_low=mean[:, 1], ci_high=mean[:, 2], aus=aus)


def write_metrics(path: str | os.PathLike, table: pd.DataFrame) -> None:
    """Write the table of ``evaluate`` as ``metrics.csv``."""
    write_csv(path, table, "%.6f")


def read_metrics(path: str | os.PathLike) -> pd.DataFrame:
    """Read what ``write_metrics`` wrote.

    Raises:
        InputError: not a CSV file, or other columns.
    """
    return read_csv(path, COLUMNS)
