"""Figure 5: true and predicted intensity of two AUs of held-out subjects over frames."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY
from g2rl.io.figures import (
    COLOURS,
    LINES,
    ONE_COLUMN,
    TWO_COLUMNS,
    draw_grid,
    label,
    new_figure,
    save,
    style,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def figure5(data: pd.DataFrame, stem: str | os.PathLike) -> None:
    """One row of panels per AU, one column per subject. Lines break where frames are missing or not coded.

    Args:
        data: see ``evaluation.example_sequence.time_series``; it is also what ``stem``.csv holds.
    """
    aus, sequences = data["au"].unique(), data["sequence"].unique()
    width = ONE_COLUMN if len(sequences) == 1 else TWO_COLUMNS
    with style():
        figure = new_figure(width, 2.9, layout="constrained")
        panels = figure.subplots(len(aus), len(sequences), sharex="col", sharey=True, squeeze=False)
        for column, sequence in enumerate(sequences):
            of_sequence = data[data["sequence"] == sequence]
            for axes, au in zip(panels[:, column], aus, strict=True):
                _draw(axes, of_sequence[of_sequence["au"] == au])
                axes.set_title(f"AU{int(au[2:])}", loc="left", pad=3)
            subject = of_sequence["subject"].iloc[0]
            panels[-1, column].set_xlabel(
                f"Frame of {sequence}" + (f" (subject {subject})" if subject != sequence else "")
            )
        for axes in panels[:, 0]:
            axes.set_ylabel("Intensity")
        figure.suptitle(label(data["dataset"].iloc[0]), fontsize=8.5, weight="bold", x=0.01, ha="left")
        figure.legend(
            *panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=4, handlelength=1.8
        )
        save(figure, stem, data)


def _draw(axes: "Axes", of_au: pd.DataFrame) -> None:
    for number, (name, rows) in enumerate(of_au.groupby("series", sort=False)):
        frame, intensity = _with_gaps(rows["frame"].to_numpy(), rows["intensity"].to_numpy(float))
        if name == "true":
            look: dict[str, Any] = {"color": "black", "drawstyle": "steps-mid", "linewidth": 1.0}
        else:
            look = {"color": COLOURS[number - 1], "linestyle": LINES[(number - 1) % len(LINES)]}
        axes.plot(frame, intensity, label=name, **look)
    axes.set(ylim=(-0.15, MAX_INTENSITY + 0.15), yticks=range(MAX_INTENSITY + 1))
    draw_grid(axes)
    axes.margins(x=0.01)


def _with_gaps(frame: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A NaN wherever frames are further apart than their usual step, so that a line breaks there."""
    step = np.diff(frame)
    breaks = np.flatnonzero(step > np.median(step)) + 1 if len(step) else np.empty(0, int)
    return np.insert(frame.astype(float), breaks, np.nan), np.insert(intensity, breaks, np.nan)
