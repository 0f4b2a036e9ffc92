"""Predict the AU intensities of every frame of your own videos: one CSV a video.

Columns: frame, its number; face, whether one was found; score, the face detector's; AU01 and so on, 0
to 5, empty where there is no face. A video that cannot be read is named and passed over; the status is
then 2.

example: g2rl predict interview.mp4 --model model.safetensors -o predictions
"""

import argparse
import sys
from pathlib import Path

from g2rl.cli.device import device, torch_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "videos", type=Path, nargs="+", metavar="VIDEO", help="a video, or a folder of images"
    )
    parser.add_argument("--model", type=Path, required=True, help="from g2rl train")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for VIDEO.csv")
    device(parser)


def run(options: argparse.Namespace) -> int:
    from g2rl.errors import InputError
    from g2rl.inference.video import predict_video
    from g2rl.io.tables import write_csv
    from g2rl.network.model_file import read_model

    outputs = [options.output / f"{video.stem}.csv" for video in options.videos]
    if len(set(outputs)) < len(outputs):
        raise InputError("two videos share a name: predict them one by one, into folders of their own")
    model = read_model(options.model, torch_device(options.device))
    status = 0
    for video, output in zip(options.videos, outputs, strict=True):
        try:
            write_csv(output, predict_video(video, model), "%.4f")
        except InputError as error:
            print(f"g2rl predict: {error}", file=sys.stderr)
            status = 2
    return status
