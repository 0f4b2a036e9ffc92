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
    parser.add_argument(
        "--parts",
        type=Path,
        metavar="FILE",
        help="each fold and each subject alone: part, name, au, metric, value, frames; CSV; default: no file",
    )
    output(parser, "au, metric, aggregation, value, ci_low, ci_high, aus; CSV")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.evaluation.metrics import evaluate, evaluate_parts, write_metrics
    from g2rl.inference.predictions import read_predictions

    folds = [read_predictions(path) for path in options.predictions]
    write_metrics(options.output, evaluate(folds, options.resamples, rounded=options.rounded))
    if options.parts:
        names = [path.parent.name.removeprefix("fold") or path.stem for path in options.predictions]
        write_metrics(options.parts, evaluate_parts(dict(zip(names, folds, strict=True)), options.rounded))
    return Outcome(options.predictions, [options.output, *[options.parts] * bool(options.parts)])
