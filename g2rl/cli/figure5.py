"""Draw Figure 5: predicted and true intensity of two AUs of one held-out subject over frames.

example: g2rl figure5 disfa/baseline_sigma2_seed0/fold*/predictions.csv \
             disfa/g2rl_sigma2_lambda0.05_seed0/fold*/predictions.csv -o figure5.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import above, figure_output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "predictions", type=Path, nargs="+", help="DATASET/RUN/foldK/predictions.csv of one dataset"
    )
    figure_output(parser)


def run(options: argparse.Namespace) -> None:
    import pandas as pd

    from g2rl.inference.predictions import read_predictions
    from g2rl.report.figures.timeseries import figure5
    from g2rl.report.methods import method_name

    folds: dict[str, list[pd.DataFrame]] = {}
    for path in options.predictions:
        folds.setdefault(method_name(above(path, 2)), []).append(read_predictions(path))
    predictions = {method: pd.concat(tables, ignore_index=True) for method, tables in folds.items()}
    figure5(predictions, above(options.predictions[0], 3), options.output.with_suffix(""))
