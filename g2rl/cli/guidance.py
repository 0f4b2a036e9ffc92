"""Show what L_G does in the guided trainings: does G vary, does it pull? CSV, Markdown, figure.

example: g2rl guidance results/bp4d/g2rl_sigma2_*/fold*/history.csv -o guidance.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import above, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("histories", type=Path, nargs="+", help="DATASET/RUN/foldK/history.csv")
    output(parser, "the .csv; .md, .png and .pdf are written beside it")


def run(options: argparse.Namespace) -> None:
    import pandas as pd

    from g2rl.report.ablations import write_guidance

    histories = [(above(path, 3), above(path, 2), pd.read_csv(path)) for path in options.histories]
    write_guidance(histories, options.output.with_suffix(""))
