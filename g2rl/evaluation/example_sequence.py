"""The held-out sequences and the AUs of Figure 5: chosen by their true intensities, never by a prediction."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.methods import method_title
from g2rl.inference.predictions import au_columns, read_predictions
from g2rl.paths import locate_fold_file

log = logging.getLogger(__name__)


def choose_sequence(predictions: pd.DataFrame, aus: Sequence[str] = ()) -> tuple[str, list[str]]:
    """The sequence and the two AUs for ``figure5``: those whose truth varies most.

    In each sequence the two AUs with the largest standard deviation of the truth count; the sequence where
    the two add up to most is taken, the first by name of equals.

    Args:
        aus: choose among those of them that are coded, such as ``AU01``; if fewer than two are, among all.

    Raises:
        InputError: fewer than two AUs, or in no sequence are two of them coded twice.
    """
    known = au_columns(predictions)
    asked = [au for au in known if au in aus]
    if aus and len(asked) < 2:
        log.warning("Figure 5: of %s fewer than two are coded; two of all are shown", ", ".join(aus))
    columns = {f"{au}_true": au for au in (asked if len(asked) >= 2 else known)}
    spread = predictions.groupby("sequence")[list(columns)].std().rename(columns=columns)
    top = np.sort(spread.fillna(-np.inf).to_numpy(), axis=1)[:, -2:].sum(1)
    if len(columns) < 2 or not np.isfinite(top).any():
        raise InputError("figure 5: it needs two AUs that are coded in one sequence, in two frames or more")
    sequence = str(spread.index[int(np.argmax(top))])
    order = spread.T[sequence].sort_values(ascending=False, kind="stable", na_position="last")
    return sequence, sorted(order.index[:2])


def one_per_subject(predictions: pd.DataFrame, aus: Sequence[str], count: int) -> list[str]:
    """The sequences of ``count`` subjects in which the truth of these AUs varies most, one of each subject,
    in descending order; fewer where fewer subjects have all of them coded.
    """
    truth = predictions.groupby(["sequence", "subject"])[[f"{au}_true" for au in aus]].std()
    spread = truth.sum(axis=1, skipna=False).dropna().sort_values(ascending=False, kind="stable")
    return spread.reset_index().drop_duplicates("subject")["sequence"].head(count).tolist()


def time_series(predictions: Sequence[Path], aus: Sequence[str] = (), subjects: int = 1) -> pd.DataFrame:
    """Two AUs of held-out subjects over frames, see ``choose_sequence``: the truth and each prediction.

    Args:
        predictions: ``DATASET/RUN/foldK/predictions.csv`` of one dataset; all runs predicted the same frames.
        aus: see ``choose_sequence``.
        subjects: their number; see ``one_per_subject``.

    Returns:
        Columns dataset, subject, sequence, frame, au, series (``true`` or a method) and intensity.
    """
    folds: dict[str, list[pd.DataFrame]] = {}
    for path in predictions:
        folds.setdefault(method_title(locate_fold_file(path).method), []).append(read_predictions(path))
    tables = {method: pd.concat(parts, ignore_index=True) for method, parts in folds.items()}
    return series_of(tables, locate_fold_file(predictions[0]).dataset, aus, subjects)


def series_of(
    predictions: Mapping[str, pd.DataFrame], dataset: str, aus: Sequence[str] = (), subjects: int = 1
) -> pd.DataFrame:
    """As ``time_series``, from the predictions of each method by its name."""
    first = next(iter(predictions.values()))
    _, shown_aus = choose_sequence(first, aus)
    parts = []
    for sequence in one_per_subject(first, shown_aus, subjects):
        shown = {
            name: table[table["sequence"] == sequence].sort_values("frame")
            for name, table in predictions.items()
        }
        truth = next(iter(shown.values()))
        keys = {"subject": truth["subject"], "sequence": sequence, "frame": truth["frame"]}
        for au in shown_aus:
            series = {"true": truth[f"{au}_true"]} | {name: t[f"{au}_pred"] for name, t in shown.items()}
            parts += [
                pd.DataFrame(
                    {"dataset": dataset, **keys, "au": au, "series": name, "intensity": values.to_numpy()}
                )
                for name, values in series.items()
            ]
    return pd.concat(parts, ignore_index=True)
