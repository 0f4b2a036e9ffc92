"""The options for the points of a figure over σ or λ."""

import argparse
from pathlib import Path
from typing import Any

from g2rl.cli.options import above


def sweep_points(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--point",
        nargs=2,
        action="append",
        required=True,
        metavar=("VALUE", "CSV"),
        help="a value and its DATASET/RUN/metrics.csv; seeds are averaged",
    )


def read_sweep_points(options: argparse.Namespace) -> list[Any]:
    import pandas as pd

    from g2rl.report.figures.sweep import SweepPoint

    options.metrics = [Path(name) for _, name in options.point]  # for the provenance record
    groups: dict[tuple[str, float], list[pd.DataFrame]] = {}
    for value, name in options.point:
        groups.setdefault((above(Path(name), 2), float(value)), []).append(pd.read_csv(name))
    return [SweepPoint(dataset, value, tables) for (dataset, value), tables in groups.items()]
