"""The compared methods and metrics: their names, their order, and which value of a metric is better."""

from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from g2rl.evaluation.metrics import read_metrics
from g2rl.paths import IMAGE_FREE, Run, dataset_and_method

METHODS = {  # a method → its name in tables and figures, in the order of the rows
    "constant": "Best constant",
    "landmark_ridge": "Landmarks ridge",
    "baseline": "Baseline",
    "g2rl": "G2RL",
    "g2rlplus": "G2RL+",
}
BEST = {"ICC": max, "MAE": min}  # the metrics of tables and figures → which value is best
ARROWS = {"ICC": "↑", "MAE": "↓"}


def method_title(folder: str) -> str:
    """The name in tables of a method's folder: ``g2rl_sigma2_lambda0.05_seed0`` is G2RL.

    Raises:
        InputError: neither an image-free baseline nor a run.
    """
    return METHODS[folder if folder in IMAGE_FREE else Run.parse(folder).method]


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
