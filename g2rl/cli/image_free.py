"""Predict without pixels, to show what the networks add: the best constant, or a ridge on landmarks.

example: g2rl image-free landmark_ridge --train cache/F001_T1.h5 --test cache/F002_T1.h5 -o predictions.csv
"""

import argparse

from g2rl.cli.options import output
from g2rl.cli.sequence_files import sequence_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", choices=("constant", "landmark_ridge"))
    sequence_files(parser, "--train")
    sequence_files(parser, "--test")
    output(parser, "true and predicted intensities, CSV, a row a frame")


def run(options: argparse.Namespace) -> None:
    import numpy as np

    from g2rl.errors import InputError
    from g2rl.evaluation.image_free import best_constant, fit_landmark_ridge
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.inference.predictions import prediction_table
    from g2rl.io.tables import write_csv

    train, test = ([read_sequence(path) for path in paths] for paths in (options.train, options.test))
    if both := {shard.subject for shard in train} & {shard.subject for shard in test}:
        raise InputError(f"subjects {sorted(both)} are in both --train and --test: give other sequences")
    intensity = np.concatenate([shard.intensity for shard in train])
    if options.method == "constant":
        constant = best_constant(intensity, train[0].aus)
        predictions = [np.tile(constant, (len(shard.frame), 1)) for shard in test]
    else:
        points = np.concatenate([shard.landmarks for shard in train])
        subjects = np.repeat([shard.subject for shard in train], [len(shard.frame) for shard in train])
        ridge = fit_landmark_ridge(points, intensity, subjects, train[0].aus)
        predictions = [ridge.predict(shard.landmarks) for shard in test]
    write_csv(options.output, prediction_table(test, predictions), "%.4f")
