"""Draw Figure 7: average ICC and MAE over λ; λ = 0 is the Baseline.

example: g2rl figure7 --point 0 bp4d/baseline_sigma2_seed0/metrics.csv \
             --point 0.05 bp4d/g2rl_sigma2_lambda0.05_seed0/metrics.csv -o figure7.png
"""

import argparse

from g2rl.cli.options import figure_output
from g2rl.cli.sweep_points import read_sweep_points, sweep_points


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sweep_points(parser)
    figure_output(parser)


def run(options: argparse.Namespace) -> None:
    from g2rl.report.figures.sweep import figure7

    figure7(read_sweep_points(options), options.output.with_suffix(""))
