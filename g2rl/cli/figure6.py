"""Draw Figure 6: average ICC and MAE over σ.

example: g2rl figure6 --point 1 bp4d/g2rl_sigma1_lambda0.05_seed0/metrics.csv \
             --point 2 bp4d/g2rl_sigma2_lambda0.05_seed0/metrics.csv -o figure6.png
"""

import argparse

from g2rl.cli.options import figure_output
from g2rl.cli.sweep_points import read_sweep_points, sweep_points


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sweep_points(parser)
    figure_output(parser)


def run(options: argparse.Namespace) -> None:
    from g2rl.report.figures.sweep import figure6

    figure6(read_sweep_points(options), options.output.with_suffix(""))
