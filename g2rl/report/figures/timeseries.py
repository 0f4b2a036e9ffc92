"""TODO: one line."""

import os
from collections.abc import Mapping

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY
from g2rl.errors import InputError
from g2rl.inference.predictions import au_columns
from g2rl.report.figures.style import COLOURS, LINES, ONE_COLUMN, label, new_figure, save, style


def choose_sequence(predictions: pd.DataFrame) -> tuple[str, list[str]]:
    """The sequence and the two AUs for ``figure5``: those whose truth varies most.

    In each sequence the two AUs with the largest standard deviation of the truth count; the sequence where
    the two add up to most is taken, the first by name of equals.

    Raises:
        InputError: fewer than two AUs, or in no sequence are two of them coded twice.
    """
    columns = {f"{au}_true": au for au in au_columns(predictions)}
    spread = predictions.groupby("sequence")[list(columns)].std().rename(columns=columns)
    top = np.sort(spread.fillna(-np.inf).to_numpy(), axis=1)[:, -2:].sum(1)
    if len(columns) < 2 or not np.isfinite(top).any():
        raise InputError("figure 5: it needs two AUs that are coded in one sequence, in two frames or more")
    sequence = spread.index[np.argmax(top)]
    order = spread.loc[sequence].sort_values(ascending=False, kind="stable", na_position="last")
    return sequence, sorted(order.index[:2])


def figure5(predictions: Mapping[str, pd.DataFrame], dataset: str, stem: str | os.PathLike) -> pd.DataFrame:
    """Two AUs of one held-out subject over frames: the true intensity and each method's prediction.

    The sequence and the AUs come from ``choose_sequence``. Lines break where frames are missing or not coded.

    Args:
        predictions: by a method's name, its test predictions; all hold the same frames.

    Returns:
        What ``stem``.csv holds: dataset, subject, sequence, frame, au, series (``true`` or a method) and
        intensity.
    """
    first = next(iter(predictions.values()))
    sequence, aus = choose_sequence(first)
    shown = {
        name: table[table["sequence"] == sequence].sort_values("frame") for name, table in predictions.items()
    }
    truth = next(iter(shown.values()))
    parts = []
    for au in aus:
        series = {"true": truth[f"{au}_true"]} | {name: t[f"{au}_pred"] for name, t in shown.items()}
        keys = {"subject": truth["subject"], "sequence": sequence, "frame": truth["frame"]}
        parts += [
            pd.DataFrame(
                {"dataset": dataset, **keys, "au": au, "series": name, "intensity": values.to_numpy()}
            )
            for name, values in series.items()
        ]
    data = pd.concat(parts, ignore_index=True)

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
                    look = {
                        "color": COLOURS[number - 1],
                        "linestyle": LINES[(number - 1) % len(LINES)],
                    }
                axes.plot(frame, intensity, label=name, **look)
            axes.set_title(f"AU{int(au[2:])}", loc="left", pad=3)
            axes.set(ylim=(-0.15, MAX_INTENSITY + 0.15), yticks=range(MAX_INTENSITY + 1), ylabel="Intensity")
            axes.grid(axis="y", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
            axes.margins(x=0.01)
        subject = truth["subject"].iloc[0]
        panels[-1].set_xlabel(
            f"Frame of {sequence}" + (f" (subject {subject})" if subject != sequence else "")
        )
        figure.suptitle(label(dataset), fontsize=8.5, weight="bold", x=0.01, ha="left")
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, handlelength=1.8
        )
        save(figure, stem, data)
    return data


def _with_gaps(frame: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A NaN wherever frames are further apart than their usual step, so that a line breaks there."""
    step = np.diff(frame)
    breaks = np.flatnonzero(step > np.median(step)) + 1 if len(step) else []
    return np.insert(frame.astype(float), breaks, np.nan), np.insert(intensity, breaks, np.nan)
