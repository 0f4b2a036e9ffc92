r"""Predict the AU intensities of every frame of your own videos, and of photos: one CSV per input.

Columns: file, its name; frame, its number, and timestamp, seconds after the first frame, both empty for
photos; face, whether one was found; score, the face detector's; AU01 and so on, 0 to 5, empty where there
is no face. In a video one face is followed; photos have nothing to do with each other, and the largest
face of each is taken.

A folder gives a CSV for each of its videos, and one for its images: frames of a film if their names differ
in a number alone, are unlike a camera's (IMG_0001.jpg), and all are of one size; else photos. The CSV of
a.mp4 is a.csv; it is a.mp4.csv if another input has the same name, or a.csv holds another input's rows.
What cannot be read is named in a line of its own and skipped; the status is then 2.

example: g2rl predict interview.mp4 holiday/ 'clips/*.mov' --model model.safetensors -o predictions
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = "a video, a photo, a folder of them or of a film's images, or a quoted glob pattern"
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT", help=what)
    parser.add_argument("--model", type=Path, required=True, help="from g2rl train")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for INPUT.csv")
    parser.add_argument(
        "--images",
        choices=["auto", "frames", "photos"],
        default="auto",
        help="what the images of a folder are: frames of a film, photos, or as they look",
    )
    device(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.inference.video import predict_videos
    from g2rl.network.model_file import read_model

    model = read_model(options.model, torch_device(options.device))
    tables, complete = predict_videos(options.inputs, options.output, model, options.images)
    return Outcome([*tables.values(), options.model], list(tables), status=0 if complete else 2)
