"""Predict the AU intensities of every frame of your own videos: one CSV per video.

Columns: frame, its number; face, whether one was found; score, the face detector's; AU01 and so on, 0
to 5, empty where there is no face. A video that cannot be read is named and skipped; the status is
then 2.

example: g2rl predict interview.mp4 --model model.safetensors -o predictions
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "videos", type=Path, nargs="+", metavar="VIDEO", help="a video, or a folder of images"
    )
    parser.add_argument("--model", type=Path, required=True, help="from g2rl train")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for VIDEO.csv")
    device(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.inference.video import predict_videos
    from g2rl.network.model_file import read_model

    model = read_model(options.model, torch_device(options.device))
    written = predict_videos(options.videos, options.output, model)
    return Outcome(
        [*options.videos, options.model], written, status=2 if len(written) < len(options.videos) else 0
    )
