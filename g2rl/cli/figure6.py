r"""Draw Figure 6: average ICC and MAE over σ.

example: g2rl figure6 bp4d/g2rl_sigma1_lambda0.05_seed0/metrics.csv \
             bp4d/g2rl_sigma2_lambda0.05_seed0/metrics.csv -o figure6.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.paths import FIGURE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("metrics", type=Path, nargs="+", help="DATASET/RUN/metrics.csv; seeds are averaged")
    parser.add_argument(
        "--fixed",
        type=float,
        metavar="LAMBDA",
        help="runs of another λ are a second curve, of the λ that keeps the ratio of the losses; "
        "default: one curve",
    )
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.report.figures.sweep import figure_sweep, matched_sweep, sweep_from_files

    if options.fixed is None:
        data = sweep_from_files(options.metrics, "sigma")
    else:
        data = matched_sweep(options.metrics, options.fixed)
    figure_sweep(data, options.output.with_suffix(""))
    return Outcome(options.metrics, beside(options.output, FIGURE))
