"""Show what L_G does in the guided trainings: does G vary, does it pull? CSV, Markdown, figure.

example: g2rl guidance results/bp4d/g2rl_sigma2_*/fold*/history.csv -o guidance.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, output
from g2rl.cli.outcome import Outcome
from g2rl.paths import SUMMARY


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("histories", type=Path, nargs="+", help="DATASET/RUN/foldK/history.csv")
    output(parser, "the .csv; .md, .png and .pdf are written beside it")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.report.ablations import write_guidance

    write_guidance(options.histories, options.output.with_suffix(""))
    return Outcome(options.histories, beside(options.output, SUMMARY))
