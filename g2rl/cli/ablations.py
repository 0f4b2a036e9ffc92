r"""Compare variants of the training with the Baseline, seeds and subjects paired: CSV, Markdown, figure.

example: g2rl ablations results/bp4d/baseline_sigma2_*seed*/fold*/predictions.csv \
             results/bp4d/g2rl_sigma2_lambda0.05_*seed*/fold*/predictions.csv \
             --against few=few_baseline -o ablations.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, output, resamples
from g2rl.cli.outcome import Outcome
from g2rl.paths import SUMMARY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("predictions", type=Path, nargs="+", help="DATASET/RUN/foldK/predictions.csv")
    parser.add_argument(
        "--against",
        action="append",
        default=None,
        metavar="VARIANT=OTHER",
        help="what a variant is compared with; default: the Baseline",
    )
    resamples(parser)
    output(parser, "the .csv; .md, .png and .pdf are written beside it")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.report.ablations import write_ablations

    against = dict(pair.split("=", 1) for pair in options.against or ())
    write_ablations(options.predictions, against, options.output.with_suffix(""), options.resamples)
    return Outcome(options.predictions, beside(options.output, SUMMARY))
