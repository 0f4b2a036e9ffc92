"""Predict the AU intensities of the test subjects' aligned faces.

example: g2rl test model.safetensors --shards cache/F002_T1.h5 -o predictions.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.options import output
from g2rl.cli.sequence_files import sequence_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="from g2rl train")
    sequence_files(parser, "--shards")
    output(parser, "true and predicted intensities, CSV, a row a frame")
    device(parser)


def run(options: argparse.Namespace) -> None:
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.inference.predictions import write_predictions
    from g2rl.inference.predictor import predict_shards
    from g2rl.network.model_file import read_model

    model = read_model(options.model, torch_device(options.device))
    write_predictions(options.output, predict_shards(model, [read_sequence(path) for path in options.shards]))
