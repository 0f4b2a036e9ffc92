r"""Draw the calibration of all methods: predictions by true intensity, truth by prediction, errors.

example: g2rl calibration results/*/*/fold*/predictions.csv -o calibration.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.paths import FIGURE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "predictions",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="DATASET/METHOD/foldK/predictions.csv; folds and seeds are pooled",
    )
    parser.add_argument("--au", default="all", help="the one drawn, such as AU12; all: pooled")
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.report.figures.calibration import calibration, figure_calibration

    figure_calibration(calibration(options.predictions), options.output.with_suffix(""), options.au)
    return Outcome(options.predictions, beside(options.output, FIGURE))
