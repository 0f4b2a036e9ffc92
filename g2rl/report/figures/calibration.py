"""Calibration of all methods: predictions at each true intensity, truth and errors at each prediction."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY
from g2rl.errors import InputError
from g2rl.evaluation.methods import (
    METHODS,
    has_tools,
    on_shared_frames,
    read_predictions_by_method,
)
from g2rl.inference.predictions import au_columns, intensities
from g2rl.io.figures import COLOURS, LINES, MARKERS, TWO_COLUMNS, draw_grid, label, new_figure, save, style

POOLED = "all"  # the AUs together
LIMITS = (-0.15, MAX_INTENSITY + 0.15)
FEWEST = 20  # coded frames of a point that is drawn
PANELS = (  # what the points are of, x, y, and the names of the axes
    ("true", "true", "predicted", "True intensity", "Mean prediction"),
    ("predicted", "predicted", "true", "Prediction", "Mean true intensity"),
    ("true", "true", "mae", "True intensity", "MAE"),
)


def calibration(predictions: Iterable[Path]) -> pd.DataFrame:
    """How predictions and truth differ at each intensity.

    Args:
        predictions: ``DATASET/METHOD/foldK/predictions.csv``; folds and seeds of a method are pooled. Where
            a dataset has another tool's predictions, of the frames that all methods have.

    Returns:
        Columns dataset, method, au (``AU06``, …; ``all``: pooled), given (``true``: coded frames of one true
        intensity; ``predicted``: those whose prediction rounds to it), intensity 0–5, frames (how many, for
        each seed, and in ``all`` for each AU), and their means: true, predicted, mae.
    """
    parts = []
    for dataset, methods in read_predictions_by_method(predictions).items():
        shared = on_shared_frames(methods)[0] if has_tools(methods) else methods
        for method in sorted(shared, key=[*METHODS.values()].index):
            folds = [table for by_fold in shared[method].values() for table in by_fold.values()]
            found = by_intensity(pd.concat(map(entries, folds)))
            parts.append(found.assign(dataset=dataset, method=method))
    columns = ["dataset", "method", "au", "given", "intensity", "frames", "true", "predicted", "mae"]
    return pd.concat(parts, ignore_index=True)[columns]


def entries(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row for each frame and AU that is coded and predicted: au, true, predicted."""
    true, predicted = intensities(predictions)
    au = np.broadcast_to(au_columns(predictions), true.shape)
    return pd.DataFrame({"au": au.ravel(), "true": true.ravel(), "predicted": predicted.ravel()}).dropna()


def by_intensity(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of ``calibration`` of one method.

    Args:
        table: see ``entries``.
    """
    table = table.assign(mae=(table["true"] - table["predicted"]).abs(), frames=1)
    table = pd.concat([table, table.assign(au=POOLED)])
    sums = {"frames": "sum", "true": "mean", "predicted": "mean", "mae": "mean"}
    parts = [
        table.groupby(["au", table[given].round().astype(int).rename("intensity")])
        .agg(sums)
        .assign(given=given)
        for given in ("true", "predicted")
    ]
    return pd.concat(parts).reset_index()


def figure_calibration(data: pd.DataFrame, stem: str | os.PathLike, au: str = POOLED) -> None:
    """A row of panels for each dataset, of an AU or all: predictions by truth, truth by prediction, error.

    Args:
        data: see ``calibration``; it is also what ``stem``.csv holds. Points of fewer than ``FEWEST`` frames
            are not drawn.

    Raises:
        InputError: no dataset has this AU.
    """
    if au not in (known := [*data["au"].unique()]):
        raise InputError(f"AU {au!r}: none of {', '.join(known)}")
    drawn = data[(data["au"] == au) & (data["frames"] >= FEWEST)]
    datasets, methods = drawn["dataset"].unique(), drawn["method"].unique()
    with style():
        figure = new_figure(TWO_COLUMNS, 0.6 + 2.4 * len(datasets), layout="constrained")
        rows = figure.subfigures(len(datasets), 1, squeeze=False)[:, 0]
        for row, dataset in zip(rows, datasets, strict=True):
            row.suptitle(label(dataset), fontsize=8.5, weight="bold", x=0.01, ha="left")
            of_dataset = drawn[drawn["dataset"] == dataset]
            for axes, (given, x, y, *names) in zip(row.subplots(1, 3), PANELS, strict=True):
                points = of_dataset[of_dataset["given"] == given].set_index("method")[[x, y]]
                for number, method in enumerate(methods):
                    axes.plot(*points[points.index == method].to_numpy().T, label=method, **_look(number))
                axes.set(xlabel=names[0], ylabel=names[1], xlim=LIMITS, xticks=range(MAX_INTENSITY + 1))
                if y == "mae":
                    axes.set_ylim(bottom=0)
                else:
                    axes.set(ylim=LIMITS, yticks=range(MAX_INTENSITY + 1), aspect="equal")
                    axes.plot([0, MAX_INTENSITY], [0, MAX_INTENSITY], color="0.6", linewidth=0.8, zorder=0)
                draw_grid(axes)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=5)
        save(figure, stem, data)


def _look(number: int) -> dict[str, Any]:
    """Of the line of a method: no two of eighteen are alike."""
    count, turn = len(COLOURS), number // len(COLOURS)
    marker = MARKERS[(number + turn) % len(MARKERS)]
    return {"color": COLOURS[number % count], "linestyle": LINES[turn], "marker": marker, "markersize": 3}
