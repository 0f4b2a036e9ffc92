"""Figures 6 and 7: average ICC and MAE over σ and over λ."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.methods import ARROWS
from g2rl.evaluation.metrics import mean_over_seeds, read_metrics
from g2rl.io.figures import COLOURS, MARKERS, TWO_COLUMNS, draw_grid, label, new_figure, save, style
from g2rl.paths import Run, dataset_and_method

AXES = {"sigma": "σ (heatmap pixels)", "lambda": "λ"}


def sweep_from_files(metrics: Sequence[Path], parameter: str) -> pd.DataFrame:
    """What runs reached at each value of ``parameter``, ``sigma`` or ``lambda`` (0: the Baseline).

    Args:
        metrics: ``DATASET/RUN/metrics.csv``; the seeds of a value are averaged.

    Returns:
        Columns dataset, ``parameter``, metric, value (mean over AUs), ci_low, ci_high (over subjects), seeds.

    Raises:
        InputError: two runs of one dataset, value and seed.
    """
    seeds: dict[tuple[str, float], dict[int, pd.DataFrame]] = {}
    for path in metrics:
        dataset, folder = dataset_and_method(path)
        run = Run.parse(folder)
        tables = seeds.setdefault((dataset, run.sigma if parameter == "sigma" else run.lambda_), {})
        if run.seed in tables:
            raise InputError(f"{path}: a value of {parameter} twice for one dataset and seed: give one run")
        tables[run.seed] = read_metrics(path)
    parts = []
    for (dataset, value), tables in sorted(seeds.items(), key=lambda item: item[0]):
        mean = mean_over_seeds([*tables.values()])
        rows = mean[(mean["au"] == "avg") & (mean["aggregation"] == "pooled") & mean["metric"].isin(ARROWS)]
        parts.append(rows.assign(dataset=dataset, seeds=len(tables), **{parameter: value}))
    columns = ["dataset", parameter, "metric", "value", "ci_low", "ci_high", "seeds"]
    return pd.concat(parts, ignore_index=True)[columns]


def matched_sweep(metrics: Sequence[Path], lam: float) -> pd.DataFrame:
    """Figure 6 with two curves: at each σ one λ, ``lam``, and the λ that keeps the ratio of the losses.

    Args:
        metrics: those of σ that have no run with another λ than ``lam`` are on both curves.

    Returns:
        As ``sweep_from_files`` along σ, with the column ``curve``, ``fixed`` or ``matched``, and ``lambda``.
    """
    weights = {path: Run.parse(dataset_and_method(path)[1]) for path in metrics}
    fixed = [path for path, run in weights.items() if run.lambda_ == lam]
    others = [path for path, run in weights.items() if run.lambda_ != lam]
    matched = {weights[path].sigma: weights[path].lambda_ for path in others}
    shared = [path for path in fixed if weights[path].sigma not in matched]
    first = sweep_from_files(fixed, "sigma").assign(curve="fixed", **{"lambda": lam})
    if not others:
        return first
    second = sweep_from_files([*shared, *others], "sigma").assign(curve="matched")
    second["lambda"] = [matched.get(sigma, lam) for sigma in second["sigma"]]
    return pd.concat([first, second], ignore_index=True)


def tick_label(value: float) -> str:
    """A value as the paper writes it: 0.4472 is √0.2, as mathematical text."""
    square = round(value * value, 1)
    is_root = value != round(value, 1) and f"{square**0.5:.3g}" == f"{value:.3g}"
    return rf"$\sqrt{{{square:g}}}$" if is_root else f"{value:.3g}"


def figure_sweep(data: pd.DataFrame, stem: str | os.PathLike) -> None:
    """One panel per metric; bands are 95 % intervals over subjects; λ = 0, the Baseline, is a dashed line.

    Args:
        data: see ``sweep_from_files`` and ``matched_sweep``, whose second curve is dotted; it is also what
            ``stem``.csv holds. λ has a logarithmic axis.
    """
    name = data.columns[1]
    from matplotlib.layout_engine import ConstrainedLayoutEngine
    from matplotlib.lines import Line2D
    from matplotlib.ticker import MaxNLocator

    with style():
        figure = new_figure(TWO_COLUMNS, 2.35, layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, metric in zip(panels, ARROWS, strict=True):
            of_metric = data[data["metric"] == metric]
            for number, (dataset, rows) in enumerate(of_metric.groupby("dataset", sort=False)):
                colour, marker = COLOURS[number], MARKERS[number]
                for curve, points in _curves(rows):
                    line = points[points[name] > 0]
                    text = label(str(dataset)) + ", λ matched" * (curve == "matched")
                    dotted = {"linestyle": ":", "fillstyle": "none"} if curve == "matched" else {}
                    axes.plot(line[name], line["value"], color=colour, marker=marker, label=text, **dotted)
                    axes.fill_between(
                        line[name], line["ci_low"], line["ci_high"], color=colour, alpha=0.15, linewidth=0
                    )
                for value in rows.loc[rows[name] == 0, "value"]:
                    axes.axhline(value, color=colour, linestyle="--", linewidth=0.9)
            ticks = sorted(v for v in data[name].unique() if v > 0)
            if name == "lambda":
                axes.set_xscale("log")
            axes.set_xticks(ticks, list(map(tick_label, ticks)))
            axes.set_xticks([], minor=True)
            axes.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
            axes.set(xlabel=AXES[name], ylabel=f"{metric} {ARROWS[metric]}")
            draw_grid(axes)
        handles = panels[0].get_legend_handles_labels()
        if (data[name] == 0).any():
            handles[0].append(Line2D([], [], color="0.3", linestyle="--", linewidth=0.9))
            handles[1].append("λ = 0, the Baseline")
        figure.legend(*handles, loc="outside upper center", ncols=3)
        if isinstance(engine := figure.get_layout_engine(), ConstrainedLayoutEngine):
            engine.set(wspace=0.06)
        save(figure, stem, data)


def _curves(rows: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    """The curves of a dataset: one, or those of ``matched_sweep``."""
    if "curve" not in rows:
        return [("fixed", rows)]
    return [(str(curve), points) for curve, points in rows.groupby("curve", sort=False)]
