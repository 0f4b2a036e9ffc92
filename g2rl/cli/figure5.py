r"""Draw Figure 5: predicted and true intensity of two AUs of held-out subjects over frames.

example: g2rl figure5 disfa/baseline_sigma2_seed0/fold*/predictions.csv \
             disfa/g2rl_sigma2_lambda0.05_seed0/fold*/predictions.csv -o figure5.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.paths import FIGURE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "predictions", type=Path, nargs="+", help="DATASET/RUN/foldK/predictions.csv of one dataset"
    )
    parser.add_argument(
        "--aus", type=int, nargs="*", default=[], metavar="AU", help="choose among these AUs; default: all"
    )
    parser.add_argument("--subjects", type=int, default=1, metavar="N", help="how many, one sequence of each")
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.action_units import au_name
    from g2rl.evaluation.example_sequence import time_series
    from g2rl.report.figures.timeseries import figure5

    series = time_series(options.predictions, [au_name(au) for au in options.aus], options.subjects)
    figure5(series, options.output.with_suffix(""))
    return Outcome(options.predictions, beside(options.output, FIGURE))
