"""Compare variants of the training with the Baseline, seeds and subjects paired: CSV, Markdown, figure.

example: g2rl ablations results/bp4d/baseline_sigma2_*seed*/fold*/predictions.csv \
             results/bp4d/g2rl_sigma2_lambda0.05_*seed*/fold*/predictions.csv \
             --against few=few_baseline -o ablations.csv
"""

import argparse
from pathlib import Path
from typing import Any

from g2rl.cli.options import above, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("predictions", type=Path, nargs="+", help="DATASET/RUN/foldK/predictions.csv")
    parser.add_argument(
        "--against",
        action="append",
        default=[],
        metavar="VARIANT=OTHER",
        help="what a variant is compared with, if not with the Baseline",
    )
    parser.add_argument("--resamples", type=int, default=1000, help="of subjects and seeds; default: 1000")
    output(parser, "the .csv; .md, .png and .pdf are written beside it")


def run(options: argparse.Namespace) -> None:
    from collections import defaultdict

    from g2rl.errors import InputError
    from g2rl.inference.predictions import read_predictions
    from g2rl.paths import Run
    from g2rl.report.ablations import write_ablations

    settings: dict[tuple[str, str], tuple[float, float]] = {}
    folds: dict[tuple[str, str], dict[int, dict[str, Any]]] = defaultdict(lambda: defaultdict(dict))
    for path in options.predictions:
        dataset, folder, fold = path.absolute().parts[-4:-1]
        found = Run.parse(folder)
        variant = found.variant or found.method
        setting, key = (found.sigma, found.lambda_), (dataset, variant)
        if (other := settings.setdefault(key, setting)) != setting:
            raise InputError(f"{path}: (σ, λ) = {setting}, other runs of {variant} have {other}: give one")
        if fold in (known := folds[key][found.seed]):
            raise InputError(f"{path}: given twice, or another dataset of that name has the same run")
        known[fold] = read_predictions(path)
    held_out = {above(path, 1).endswith("v") for path in options.predictions}
    if len(held_out) > 1:
        raise InputError("predictions of test subjects and of held-out training subjects: give one kind")
    where = "held-out training subjects" if held_out == {True} else "test subjects"
    results: dict[str, dict[str, Any]] = defaultdict(dict)
    for (dataset, variant), seeds in folds.items():
        results[dataset][variant] = {
            seed: [one for _, one in sorted(parts.items())] for seed, parts in seeds.items()
        }
    against = {variant: "baseline" for _, variant in folds}
    against |= dict(pair.split("=", 1) for pair in options.against)
    write_ablations(results, against, where, options.output.with_suffix(""), options.resamples)
