"""The figures of the ablations, and of what L_G does epoch by epoch."""

import os
from collections.abc import Mapping
from typing import Any

import pandas as pd

from g2rl.evaluation.methods import ARROWS
from g2rl.io.figures import (
    COLOURS,
    LINES,
    MARKERS,
    TWO_COLUMNS,
    draw_grid,
    label,
    new_figure,
    save,
    style,
)


def figure_ablations(data: pd.DataFrame, against: Mapping[str, str], stem: str | os.PathLike) -> None:
    """Each variant's difference from what it is compared with, ICC and MAE, and its 95 % interval.

    Args:
        data: see ``evaluation.ablations.ablation_table``.
        against: what each variant is compared with; the variant itself is not drawn.
    """
    shown = data[[against[name] != name for name in data["variant"]]]
    names, datasets = list(dict.fromkeys(shown["variant"])), list(dict.fromkeys(shown["dataset"]))
    with style():
        figure = new_figure(
            TWO_COLUMNS, 0.75 + 0.21 * len(names) * max(1, 0.6 * len(datasets)), layout="constrained"
        )
        for axes, metric in zip(figure.subplots(1, 2, sharey=True), ARROWS, strict=True):
            axes.axvline(0, color="0.3", linewidth=0.8)
            for number, dataset in enumerate(datasets):
                rows = shown[(shown["dataset"] == dataset) & (shown["metric"] == metric)].set_index("variant")
                at = [names.index(name) + (number - (len(datasets) - 1) / 2) * 0.25 for name in rows.index]
                sides = [rows["difference"] - rows["ci_low"], rows["ci_high"] - rows["difference"]]
                look = {"color": COLOURS[number], "fmt": MARKERS[number], "elinewidth": 1, "capsize": 2}
                axes.errorbar(rows["difference"], at, xerr=sides, label=label(dataset), **look)
            labels = [name if against[name] == "baseline" else f"{name} − {against[name]}" for name in names]
            axes.set_yticks(range(len(names)), labels)
            axes.set(xlabel=f"difference in {metric} {ARROWS[metric]}", ylim=(len(names) - 0.4, -0.6))
            draw_grid(axes, "x")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        save(figure, stem, data)


def figure_guidance(data: pd.DataFrame, stem: str | os.PathLike) -> None:
    """What L_G does, epoch by epoch, one line per dataset and training: G's variance over faces and its share
    of G's mean square, G's effective rank, L_G, W's norm, and L_G's pull on the network beside that of L_S.

    Args:
        data: see ``evaluation.ablations.guidance_table``.
    """
    from matplotlib.ticker import MaxNLocator

    panels = {
        "var_G": "variance of G over faces",
        "share_G": "share of variance in G's mean square",
        "rank_G": "effective rank of G",
        "loss_G": "$L_G$",
        "norm_W": "‖W‖",
        "pull": "$λ|∇L_G|\\;/\\;(1-λ)|∇L_S|$",
    }
    trainings, datasets = (list(dict.fromkeys(data[name])) for name in ("training", "dataset"))
    with style():
        lines = -(-data.groupby(["dataset", "training"]).ngroups // 3)  # of the legend
        figure = new_figure(TWO_COLUMNS, 4.2 + 0.16 * max(0, lines - 2), layout="constrained")
        for axes, (column, title) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
            log = column not in ("norm_W", "rank_G")
            for (dataset, training), rows in data.groupby(["dataset", "training"], sort=False):
                number = trainings.index(training)
                turn = number + number // len(COLOURS)  # a colour that comes again has another marker
                look: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)]}
                look |= {"marker": MARKERS[turn % len(MARKERS)], "markersize": 3}
                look["linestyle"] = LINES[datasets.index(dataset) % len(LINES)]
                values = rows[column].where(rows[column] > 0) if log else rows[column]  # 0: the line ends
                name = training if len(datasets) == 1 else f"{training}, {dataset}"
                axes.plot(rows["epoch"], values, label=name, **look)
            if log:
                axes.set_yscale("log")
            axes.set_title(title, loc="left", pad=3)
            axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
            draw_grid(axes)
        figure.supxlabel("epoch; 0: before the first step", fontsize=8.5)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        save(figure, stem, data)
