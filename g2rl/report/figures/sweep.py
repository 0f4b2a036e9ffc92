"""TODO: one line."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.metrics import mean_over_seeds
from g2rl.report.figures.style import COLOURS, MARKERS, TWO_COLUMNS, new_figure, save, style
from g2rl.report.methods import ARROWS


@dataclass(frozen=True)
class SweepPoint:
    """What G2RL reached at one value of σ or λ: a table of ``metrics.evaluate`` for each seed."""

    dataset: str
    value: float
    metrics: Sequence[pd.DataFrame]


def figure6(points: Sequence[SweepPoint], stem: str | os.PathLike) -> pd.DataFrame:
    """ICC and MAE, averaged over AUs, over σ; bands are 95 % intervals over subjects.

    Returns:
        What ``stem``.csv holds: dataset, sigma, metric, value, ci_low, ci_high, seeds.
    """
    return _sweep(points, "sigma", "σ (heatmap pixels)", stem)


def figure7(points: Sequence[SweepPoint], stem: str | os.PathLike) -> pd.DataFrame:
    """As ``figure6`` over λ, on a logarithmic axis; λ = 0, the Baseline, is a dashed line."""
    return _sweep(points, "lambda", "λ", stem)


def _sweep(points: Sequence[SweepPoint], name: str, label: str, stem: str | os.PathLike) -> pd.DataFrame:
    parts = []
    for point in sorted(points, key=lambda p: (p.dataset, p.value)):
        mean = mean_over_seeds(point.metrics)
        rows = mean[(mean["au"] == "avg") & (mean["aggregation"] == "pooled") & mean["metric"].isin(ARROWS)]
        parts.append(rows.assign(dataset=point.dataset, seeds=len(point.metrics), **{name: point.value}))
    columns = ["dataset", name, "metric", "value", "ci_low", "ci_high", "seeds"]
    data = pd.concat(parts, ignore_index=True)[columns]
    if data.duplicated(["dataset", name, "metric"]).any():
        raise InputError(f"{name} sweep: a value twice for one dataset; give all seeds of a value together")

    from matplotlib.lines import Line2D

    with style():
        figure = new_figure(TWO_COLUMNS, 2.35, layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, metric in zip(panels, ARROWS, strict=True):
            of_metric = data[data["metric"] == metric]
            for number, (dataset, rows) in enumerate(of_metric.groupby("dataset", sort=False)):
                line = rows[rows[name] > 0]
                colour, marker = COLOURS[number], MARKERS[number]
                axes.plot(line[name], line["value"], color=colour, marker=marker, label=label(dataset))
                axes.fill_between(
                    line[name], line["ci_low"], line["ci_high"], color=colour, alpha=0.15, linewidth=0
                )
                for value in rows.loc[rows[name] == 0, "value"]:
                    axes.axhline(value, color=colour, linestyle="--", linewidth=0.9)
            ticks = sorted(v for v in data[name].unique() if v > 0)
            if name == "lambda":
                axes.set_xscale("log")
            axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
            axes.set_xticks([], minor=True)
            axes.set(xlabel=label, ylabel=f"{metric} {ARROWS[metric]}")
            axes.grid(axis="y", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
        handles = panels[0].get_legend_handles_labels()
        if (data[name] == 0).any():
            handles[0].append(Line2D([], [], color="0.3", linestyle="--", linewidth=0.9))
            handles[1].append("λ = 0, the Baseline")
        figure.legend(*handles, loc="outside upper center", ncols=3)
        figure.get_layout_engine().set(wspace=0.06)
        save(figure, stem, data)
    return data
