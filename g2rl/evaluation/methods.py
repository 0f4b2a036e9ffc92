"""The compared methods and metrics: their names, their order, and which value of a metric is better."""

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from g2rl.config.methods import PAPER, known_methods
from g2rl.evaluation.comparison import Seeds
from g2rl.evaluation.metrics import read_metrics
from g2rl.inference.predictions import KEYS, read_predictions
from g2rl.paths import IMAGE_FREE, TOOLS, Run, dataset_and_method, locate_fold_file

ByMethod = Mapping[str, Mapping[int, Mapping[str, pd.DataFrame]]]  # title → seed → fold → predictions

UNTRAINED = (*IMAGE_FREE, *TOOLS)  # folders that are no run's: no seed
METHODS = {  # a method → its name in tables and figures, in the order of the rows
    "constant": "Best constant",
    "landmark_ridge": "Landmarks ridge",
    "baseline": "Baseline",
    "g2rl": "G2RL",
    "g2rlplus": "G2RL+",
    **{name: method.title for name, method in known_methods().items() if name not in PAPER},
    "openface": "OpenFace 2",
    "libreface": "LibreFace",
    "pyfeat": "Py-Feat",
    "pyfaceau": "pyfaceau",
}
BEST = {"ICC": max, "MAE": min}  # the metrics of tables and figures → which value is best
ARROWS = {"ICC": "↑", "MAE": "↓"}


def method_title(folder: str) -> str:
    """The name in tables of a method's folder: ``g2rl_sigma2_lambda0.05_seed0`` is G2RL.

    Raises:
        InputError: neither an image-free baseline, a tool nor a run.
    """
    return METHODS[folder if folder in UNTRAINED else Run.parse(folder).method]


def read_metrics_by_method(paths: Iterable[Path]) -> dict[tuple[str, str], list[pd.DataFrame]]:
    """Read every ``DATASET/METHOD/metrics.csv``.

    Returns:
        By dataset and the method's name in tables, a table for each of its seeds.
    """
    groups: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path in paths:
        dataset, folder = dataset_and_method(path)
        groups.setdefault((dataset, method_title(folder)), []).append(read_metrics(path))
    return groups


def read_predictions_by_method(paths: Iterable[Path]) -> Mapping[str, ByMethod]:
    """Read every ``DATASET/METHOD/foldK/predictions.csv``, by dataset; without a seed as seed 0."""
    found: dict[str, dict[str, dict[int, dict[str, pd.DataFrame]]]] = {}
    for path in paths:
        place = locate_fold_file(path)
        seed = 0 if place.method in UNTRAINED else Run.parse(place.method).seed
        seeds = found.setdefault(place.dataset, {}).setdefault(method_title(place.method), {})
        seeds.setdefault(seed, {})[place.fold.name] = read_predictions(path)
    return found


def has_tools(methods: ByMethod) -> bool:
    """Whether another tool's predictions are among them."""
    return bool(methods.keys() & {METHODS[tool] for tool in TOOLS})


def on_shared_frames(methods: ByMethod) -> tuple[ByMethod, int, int]:
    """The predictions of the frames that all methods have, how many there are, and how many any has."""
    tables = [table for seeds in methods.values() for folds in seeds.values() for table in folds.values()]
    frames = [pd.MultiIndex.from_frame(table[KEYS]) for table in tables]
    every = functools.reduce(lambda a, b: a.union(b), frames)
    keys = {
        (title, seed): pd.MultiIndex.from_frame(pd.concat(folds.values())[KEYS])
        for title, seeds in methods.items()
        for seed, folds in seeds.items()
    }
    shared = functools.reduce(lambda a, b: a.intersection(b), keys.values())
    kept = {
        title: {
            seed: {
                fold: table[pd.MultiIndex.from_frame(table[KEYS]).isin(shared)].reset_index(drop=True)
                for fold, table in folds.items()
            }
            for seed, folds in seeds.items()
        }
        for title, seeds in methods.items()
    }
    return kept, len(shared), len(every)


def paired_with(methods: ByMethod, reference: str) -> dict[str, tuple[Seeds, Seeds]]:
    """Every other method and the ``reference``, over the seeds that both have; what has no seed of its own is
    compared with each. None where the reference is not there, or they share no seed."""
    if reference not in methods:
        return {}
    untrained = {METHODS[name] for name in UNTRAINED}
    theirs = _folds(methods[reference])
    pairs: dict[str, tuple[Seeds, Seeds]] = {}
    for title, seeds in methods.items():
        mine = _folds(seeds)
        if title in untrained:
            mine = dict.fromkeys(theirs, next(iter(mine.values())))
        shared = sorted(mine.keys() & theirs.keys())
        if title != reference and shared:
            pairs[title] = {seed: mine[seed] for seed in shared}, {seed: theirs[seed] for seed in shared}
    return pairs


def _folds(seeds: Mapping[int, Mapping[str, pd.DataFrame]]) -> dict[int, list[pd.DataFrame]]:
    return {seed: [table for _, table in sorted(folds.items())] for seed, folds in seeds.items()}
