"""Measure predictions: ICC(3,1), MAE and more per AU and on average, pooled and as the mean over folds.

example: g2rl metrics fold1/predictions.csv fold2/predictions.csv fold3/predictions.csv -o metrics.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output, resamples, switch
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("predictions", type=Path, nargs="+", metavar="FOLD", help="predictions of each fold")
    resamples(parser)
    switch(parser, "--rounded", "round the predictions to whole intensities first")
    output(parser, "au, metric, aggregation, value, ci_low, ci_high; CSV")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.evaluation.metrics import evaluate, write_metrics
    from g2rl.inference.predictions import read_predictions

    folds = [read_predictions(path) for path in options.predictions]
    write_metrics(options.output, evaluate(folds, options.resamples, rounded=options.rounded))
    return Outcome(options.predictions, [options.output])
