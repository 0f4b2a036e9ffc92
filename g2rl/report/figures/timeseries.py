"""Figure 5: true and predicted intensity of two AUs of one held-out subject over frames."""

import os

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY
from g2rl.io.figures import COLOURS, LINES, ONE_COLUMN, draw_grid, label, new_figure, save, style


def figure5(data: pd.DataFrame, stem: str | os.PathLike) -> None:
    """One panel per AU. Lines break where frames are missing or not coded.

    Args:
        data: see ``evaluation.example_sequence.time_series``; it is also what ``stem``.csv holds.
    """
    aus = data["au"].unique()
    dataset, subject, sequence = data[["dataset", "subject", "sequence"]].iloc[0]
    with style():
        figure = new_figure(ONE_COLUMN, 2.9, layout="constrained")
        panels = figure.subplots(2, 1, sharex=True, sharey=True)
        for axes, au in zip(panels, aus, strict=True):
            of_au = data[data["au"] == au]
            for number, (name, rows) in enumerate(of_au.groupby("series", sort=False)):
                frame, intensity = _with_gaps(rows["frame"].to_numpy(), rows["intensity"].to_numpy(float))
                if name == "true":
                    look = {"color": "black", "drawstyle": "steps-mid", "linewidth": 1.0}
                else:
                    look = {"color": COLOURS[number - 1], "linestyle": LINES[(number - 1) % len(LINES)]}
                axes.plot(frame, intensity, label=name, **look)
            axes.set_title(f"AU{int(au[2:])}", loc="left", pad=3)
            axes.set(ylim=(-0.15, MAX_INTENSITY + 0.15), yticks=range(MAX_INTENSITY + 1), ylabel="Intensity")
            draw_grid(axes)
            axes.margins(x=0.01)
        panels[-1].set_xlabel(
            f"Frame of {sequence}" + (f" (subject {subject})" if subject != sequence else "")
        )
        figure.suptitle(label(dataset), fontsize=8.5, weight="bold", x=0.01, ha="left")
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, handlelength=1.8
        )
        save(figure, stem, data)


def _with_gaps(frame: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A NaN wherever frames are further apart than their usual step, so that a line breaks there."""
    step = np.diff(frame)
    breaks = np.flatnonzero(step > np.median(step)) + 1 if len(step) else np.empty(0, int)
    return np.insert(frame.astype(float), breaks, np.nan), np.insert(intensity, breaks, np.nan)
