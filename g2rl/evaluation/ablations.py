"""Trainings that differ in one thing, compared: is a variant better, and what does L_G do in it?"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.comparison import Seeds, compare
from g2rl.inference.predictions import read_predictions
from g2rl.paths import Run, locate_fold_file
from g2rl.training.history import read_history


def read_ablation_results(paths: Sequence[Path]) -> tuple[Mapping[str, Mapping[str, Seeds]], bool]:
    """Read every ``DATASET/RUN/foldK/predictions.csv``.

    Returns:
        By dataset and variant (of a run without one, its method), the predictions of every fold by seed; and
        whether they are of held-out training subjects, not of test subjects.

    Raises:
        InputError: one variant with two (σ, λ), a file given twice, test and held-out training subjects.
    """
    settings: dict[tuple[str, str], tuple[float, float]] = {}
    folds: dict[str, dict[str, dict[int, dict[int, pd.DataFrame]]]] = defaultdict(lambda: defaultdict(dict))
    places = {path: locate_fold_file(path) for path in paths}
    if len(kinds := {place.fold.validation for place in places.values()}) > 1:
        raise InputError("predictions of test subjects and of held-out training subjects: give one kind")
    for path in paths:
        place = places[path]
        run = Run.parse(place.method)
        variant = run.variant or run.method
        setting, key = (run.sigma, run.lambda_), (place.dataset, variant)
        if (other := settings.setdefault(key, setting)) != setting:
            raise InputError(f"{path}: (σ, λ) = {setting}, other runs of {variant} have {other}: give one")
        seed = folds[place.dataset][variant].setdefault(run.seed, {})
        if place.fold.number in seed:
            raise InputError(f"{path}: given twice, or another dataset of that name has the same run")
        seed[place.fold.number] = read_predictions(path)
    results = {
        dataset: {
            variant: {seed: [table for _, table in sorted(parts.items())] for seed, parts in seeds.items()}
            for variant, seeds in variants.items()
        }
        for dataset, variants in folds.items()
    }
    return results, kinds == {True}


def ablation_table(
    results: Mapping[str, Mapping[str, Seeds]], against: Mapping[str, str], resamples: int = 1000
) -> pd.DataFrame:
    """Every variant beside what it is compared with; see ``compare``.

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


def guidance_table(histories: Iterable[Path]) -> pd.DataFrame:
    """What Eq. 6 does over a training: means over its seeds and folds, epoch by epoch.

    Args:
        histories: ``DATASET/RUN/foldK/history.csv`` of guided trainings.

    Returns:
        Columns dataset, training (its λ and variant), epoch (0 is before the first step), var_G,
        share_G (var_G in the mean square of G), rank_G, loss_G, norm_WM, norm_W, and pull: the gradient
        that Eq. 8's λ·L_G sends into the network over that of (1 − λ)·L_S; runs, their number.

    Raises:
        InputError: a Baseline among them; trainings that differ in σ alone, whose mean would say nothing.
    """
    parts = []
    sigmas: dict[tuple[str, str], float] = {}
    for path in histories:
        place, table = locate_fold_file(path), read_history(path)
        dataset, run = place.dataset, Run.parse(place.method)
        if not (weight := run.lambda_):
            raise InputError(f"{path}: a training without guidance: leave it out")
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
