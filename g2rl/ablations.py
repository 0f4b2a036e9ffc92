"""Trainings that differ in one thing, compared: is a variant better, and what does L_G do in it?"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.config import PLUS, Run
from g2rl.files import InputError, write_text
from g2rl.metrics import compare
from g2rl.notes import verdict
from g2rl.tables import ARROWS, is_rendered

RUN = re.compile(r"(baseline|g2rlplus|g2rl)_sigma([^_]+)(?:_lambda([^_]+))?(?:_(.+))?_seed(\d+)")
# A variant's predictions by seed, of every fold.
Seeds = Mapping[int, Sequence[pd.DataFrame]]


def read_run(folder: str) -> Run:
    """The run of a folder's name, which is ``Run.name``.

    Raises:
        InputError: no run's folder.
    """
    if not (found := RUN.fullmatch(folder)):
        raise InputError(
            f"{folder}: no run's folder, expected one like g2rl_sigma2_lambda0.05_detached_seed0"
        )
    method, sigma, weight, change, seed = found.groups()
    variant = PLUS if method == PLUS else change or ""
    return Run(float(sigma), float(weight or 0), int(seed), variant)


def ablation_table(
    results: Mapping[str, Mapping[str, Seeds]], against: Mapping[str, str], resamples: int = 1000
) -> pd.DataFrame:
    """Every variant beside what it is compared with; see ``metrics.compare``.

    Args:
        results: by dataset and variant.
        against: what each variant is compared with.

    Returns:
        Columns dataset, variant, metric (ICC, MAE, …), mean, difference, ci_low, ci_high, seeds.

    Raises:
        InputError: what a variant is compared with is not there; see also ``compare``.
    """
    parts = []
    for dataset, variants in results.items():
        for name, runs in variants.items():
            if against[name] not in variants:
                raise InputError(
                    f"{name} on {dataset} is compared with {against[name]}: give its predictions"
                )
            rows = compare(runs, variants[against[name]], resamples)
            rows.insert(0, "dataset", dataset)
            rows.insert(1, "variant", name)
            parts.append(rows)
    return pd.concat(parts, ignore_index=True)


def ablation_markdown(table: pd.DataFrame, against: Mapping[str, str], where: str) -> str:
    """GitHub Markdown of ``ablation_table``, a table a dataset; an interval that excludes 0 is in bold.

    Args:
        where: which subjects were predicted, a phrase.
    """
    seeds = sorted(set(table["seeds"]))
    over = "subjects and seeds" if max(seeds) > 1 else "subjects"
    lines = [
        "**Ablations.** ICC(3,1), higher is better, and MAE, lower is better, mean over the AUs, on "
        f"{where}. Difference from what the variant is compared with, of the same seeds on the same "
        f"frames, with its 95 % interval, bootstrap over {over}, in bold "
        "if it excludes 0; nothing is corrected for the number of comparisons. Seeds: "
        f"{', '.join(map(str, seeds))}."
    ]
    for dataset, rows in table.groupby("dataset", sort=False):
        lines += ["", f"*{dataset}{' (rendered faces)' if is_rendered(dataset) else ''}*", ""]
        lines += [
            "| variant | against | ICC ↑ | difference | MAE ↓ | difference |",
            "|:--|:--|--:|--:|--:|--:|",
        ]
        for name, part in rows.groupby("variant", sort=False):
            values = part.set_index("metric").loc[list(ARROWS)]
            cells = [name.replace("_", "\\_"), against[name].replace("_", "\\_")]
            for _, row in values.iterrows():
                cells += [f"{row['mean']:.3f}", _difference(row)]
            if against[name] == name:
                cells[1] = cells[3] = cells[5] = "–"
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _difference(row: pd.Series) -> str:
    text = f"{row['difference']:+.3f} [{row['ci_low']:+.3f}, {row['ci_high']:+.3f}]".replace("-", "−")
    return f"**{text}**" if row["ci_low"] * row["ci_high"] > 0 else text


def guidance_table(histories: Iterable[tuple[str, str, pd.DataFrame]]) -> pd.DataFrame:
    """What Eq. 6 does over a training: means over its seeds and folds, epoch by epoch.

    Args:
        histories: dataset, run's folder, and ``history.csv``, of guided trainings; see ``training.train``.

    Returns:
        Columns dataset, training (its λ and variant), epoch (0 is before the first step), var_G,
        share_G (var_G in the mean square of G), rank_G, loss_G, norm_WM, norm_W, and pull: the gradient
        that Eq. 8's λ·L_G sends into the network over that of (1 − λ)·L_S; runs, their number.

    Raises:
        InputError: a Baseline among them; trainings that differ in σ alone, whose mean would say nothing.
    """
    parts, sigmas = [], {}
    for dataset, folder, table in histories:
        run = read_run(folder)
        if not (weight := run.lambda_):
            raise InputError(f"{folder}: a training without guidance: leave it out")
        name = f"λ = {weight:g}, {run.variant or 'G2RL'}"
        if (other := sigmas.setdefault((dataset, name), run.sigma)) != run.sigma:
            raise InputError(
                f"{dataset}: trainings at σ = {other:g} and {run.sigma:g} would be averaged: give one σ"
            )
        pull = weight * table["grad_G"] / ((1 - weight) * table["grad_S"])
        share = table["var_G"] / table["norm_G"] ** 2
        parts.append(table.assign(dataset=dataset, training=name, pull=pull, share_G=share))
    every = pd.concat(parts, ignore_index=True)
    keys, columns = ["dataset", "training", "epoch"], ["var_G", "share_G", "rank_G", "loss_G", "norm_WM"]
    grouped = every.groupby(keys, sort=False)
    found = grouped[[*columns, "norm_W", "pull"]].mean()
    return found.assign(runs=grouped.size()).reset_index().astype({"epoch": int})


def guidance_markdown(table: pd.DataFrame) -> str:
    """GitHub Markdown: before the first step → after the last, and whether G collapsed."""
    columns = {
        "var_G": "Var(G)",
        "share_G": "in ‖G‖²",
        "rank_G": "rank",
        "loss_G": "L_G",
        "norm_W": "‖W‖",
        "pull": "pull",
    }
    lines = [
        "**What L_G really does.** Before the first step → after the last, mean over folds and seeds. "
        "Var(G): variance of the geometry vector over faces, and its share in G's mean square; rank: "
        "effective rank of G; pull: the gradient that λ·L_G sends into the network over that of "
        "(1 − λ)·L_S, on one batch.",
        "",
        f"| dataset | training | {' | '.join(columns.values())} | G | runs |",
        f"|:--|:--|{'--:|' * len(columns)}:--|--:|",
    ]
    for (dataset, training), rows in table.groupby(["dataset", "training"], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        cells = [dataset.replace("_", "\\_"), training.replace("_", "\\_")]
        cells += [f"{_short(first[column])} → {_short(last[column])}" for column in columns]
        cells += [verdict(first["var_G"], last["var_G"], last["share_G"]), str(last["runs"])]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _short(value: float) -> str:
    return (
        np.format_float_positional(value, 2, fractional=False, trim="-") if value >= 1e-3 else f"{value:.0e}"
    )


def write_ablations(
    results: Mapping[str, Mapping[str, Seeds]],
    against: Mapping[str, str],
    where: str,
    stem: str | os.PathLike,
    resamples: int = 1000,
) -> None:
    """Write ``stem``.csv, .md, .png and .pdf; see ``ablation_table``."""
    from g2rl.figures import figure_ablations

    table = ablation_table(results, against, resamples)
    write_text(Path(f"{stem}.md"), ablation_markdown(table, against, where))
    figure_ablations(table, against, stem)


def write_guidance(histories: Iterable[tuple[str, str, pd.DataFrame]], stem: str | os.PathLike) -> None:
    """Write ``stem``.csv, .md, .png and .pdf; see ``guidance_table``."""
    from g2rl.figures import figure_guidance

    table = guidance_table(histories)
    write_text(Path(f"{stem}.md"), guidance_markdown(table))
    figure_guidance(table, stem)
