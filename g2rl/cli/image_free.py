"""Predict without pixels, to show what the networks add: the best constant, or a ridge on landmarks.

example: g2rl image-free landmark_ridge --train cache/F001_T1.h5 --test cache/F002_T1.h5 -o predictions.csv
"""

import argparse

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.paths import IMAGE_FREE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=IMAGE_FREE, help="the baseline without images")
    sequence_files(parser, "--train")
    sequence_files(parser, "--test")
    output(parser, "true and predicted intensities, CSV, one row per frame")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.evaluation.image_free import predict_image_free
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.inference.predictions import write_predictions

    train, test = read_manifests(options.train), read_manifests(options.test)
    write_predictions(options.output, predict_image_free(options.method, train, test))
    return Outcome([*options.train, *options.test, *train, *test], [options.output])
