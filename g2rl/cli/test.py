"""Predict the AU intensities of the test subjects' aligned faces.

example: g2rl test model.safetensors --sequences cache/F002_T1.h5 -o predictions.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="from g2rl train")
    sequence_files(parser, "--sequences")
    output(parser, "true and predicted intensities, CSV, one row per frame")
    device(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.inference.predictions import write_predictions
    from g2rl.inference.predictor import predict_sequences
    from g2rl.methods.registry import read_trained

    model = read_trained(options.model, torch_device(options.device))
    sequences = read_manifests(options.sequences)
    write_predictions(options.output, predict_sequences(model, [read_sequence(path) for path in sequences]))
    return Outcome([options.model, *options.sequences, *sequences], [options.output])
