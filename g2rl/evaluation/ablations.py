"""Trainings that differ in one thing, compared: is a variant better, and what does L_G do in it?"""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.metrics import compare
from g2rl.paths import Run

# A variant's predictions by seed, of every fold.
Seeds = Mapping[int, Sequence[pd.DataFrame]]


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
        run = Run.parse(folder)
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
