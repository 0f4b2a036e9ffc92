r"""Predict the AU intensities of every face in every frame of your own videos, and of photos.

From holiday.mp4 it makes, in DIR (all of them, or those that are asked for):
  --csv      holiday.csv: one row per face and frame: file, its name; frame, its number, and timestamp,
             seconds after the first frame, both empty for photos; face_id, from 0; confidence, 0 to 1, and
             success, 0 where it is low or no face is found; the face's box; pitch, yaw and roll of the
             head in degrees; AU01 and so on, 0 to 5
  --overlay  holiday.overlay.mp4: box, points, AU bars and heatmaps over the video; of photos JPEGs
  --plot     holiday.timeline.png: all AUs over time, doubtful frames shaded
  --page     holiday.html: video, timelines and heatmaps together, for a browser
  --summary  holiday.summary.csv, per face and AU: mean, peak, share of time; holiday.events.csv

The faces of a video keep their face_id, also when they leave and return; no identity is stored. Photos have
nothing to do with each other: their faces are numbered by size.

A folder stands for each of its videos, and for its images: frames of a film if their names differ in a number
alone, are unlike a camera's (IMG_0001.jpg), and all are of one size; else photos. The outputs of a.mp4 are
named a.mp4.csv and so on if another input has the same name, or outputs of another input are named so.
Outputs that are there already are kept, so that a repeated command does what is missing; those of another
model, of other options or of an input that changed are made again (.a.json records what they are of). What
cannot be read is named in a line of its own and skipped; the status is then 2.

A number is a webcam, 0 the first: it is recorded into DIR, as camera0.mp4, until Ctrl-C, and then read.

example: g2rl predict interview.mp4 holiday/ 'clips/*.mov' -o predictions
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.options import switch
from g2rl.cli.outcome import Outcome
from g2rl.config.alignment import Alignment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from g2rl.config.values import choices, kinds

    what = "a video, photo, folder of them or of a film's images, quoted glob pattern, or webcam's number"
    parser.add_argument("inputs", type=Path, nargs="+", metavar="INPUT", help=what)
    what = "from g2rl train, or g2rl export; default: the package's own, trained on rendered people"
    parser.add_argument("--model", type=Path, help=what)
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="for the outputs")
    for name, what in (
        ("csv", "numbers of every face and frame"),
        ("overlay", "what was found, drawn over the video"),
        ("plot", "a figure of all AUs over time"),
        ("page", "video, timelines and heatmaps for a browser"),
        ("summary", "numbers of every face"),
    ):
        parser.add_argument(
            f"--{name}",
            action="append_const",
            const=name,
            dest="outputs",
            help=f"{what}; default: all of these",
        )
    switch(parser, "--overwrite", "make outputs again that are there already")
    switch(parser, "--single", "one face per frame: the one that is followed; of a photo the largest")
    names = choices(kinds(Alignment)["detector"])
    what = "what finds faces and landmarks; default: what found those that the model was trained on"
    parser.add_argument("--detector", choices=names, help=what)
    switch(parser, "--landmarks", "68 landmarks in the CSV: x_0, … y_67, pixels")
    parser.add_argument(
        "--format",
        choices=["g2rl", "openface"],
        default="g2rl",
        help="names of the CSV's columns: as above, or OpenFace 2's, with angles in radians and landmarks",
    )
    parser.add_argument(
        "--neutral",
        metavar="SECONDS",
        help="take off what is predicted of each face's neutral expression: its median over the first so "
        "many seconds; percentile: its 5th percentile; or another one, such as 20%%; default: nothing",
    )
    parser.add_argument(
        "--brows",
        choices=["on", "off"],
        help="whether AU01 and AU02 of a video are the mean of the network's intensities and those by the "
        "brows' height above each face's at rest; default: on with the package's own model, off with another",
    )
    parser.add_argument(
        "--smooth",
        type=_seconds,
        metavar="SECONDS",
        help="average the intensities of a video over so many seconds, 0: none; default: 0.2 with the "
        "package's own model, 0 with another",
    )
    parser.add_argument(
        "--images",
        choices=["auto", "frames", "photos"],
        default="auto",
        help="what the images of a folder are: frames of a film, photos, or as they look",
    )
    what = "record a webcam for so long; default: until Ctrl-C"
    parser.add_argument("--seconds", type=float, default=float("inf"), metavar="SECONDS", help=what)
    device(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < 60:
        raise argparse.ArgumentTypeError(f"{text}: expected seconds from 0 to 60, such as 0.2")
    return seconds


def run(options: argparse.Namespace) -> Outcome:
    import logging

    from g2rl.errors import InputError
    from g2rl.inference import brows
    from g2rl.inference.face_network import OWN_MODEL, SMOOTH, open_network
    from g2rl.inference.neutral import parse_neutral
    from g2rl.inference.run import OUTPUTS, Choices, predict_inputs
    from g2rl.io.ahead import share_cores

    share_cores()
    neutral = parse_neutral(options.neutral) if options.neutral else None
    model = options.model or OWN_MODEL
    own = model == OWN_MODEL
    network = open_network(model, lambda: torch_device(options.device))
    logging.getLogger(__name__).info("%s", network.description)
    if options.brows == "on" and not brows.shared_with(network.aus):
        raise InputError(f"--brows on: {model} has neither AU01 nor AU02: leave it out")
    choices = Choices(
        outputs=options.outputs or OUTPUTS,
        images=options.images,
        single=options.single,
        detector=options.detector,
        table=options.format,
        landmarks=options.landmarks,
        smooth=options.smooth if options.smooth is not None else SMOOTH * own,
        neutral=neutral,
        brows=own if options.brows is None else options.brows == "on",
        overwrite=options.overwrite,
        seconds=options.seconds,
    )
    written, complete = predict_inputs(options.inputs, options.output, network, choices)
    return Outcome([*written.values(), model], list(written), status=0 if complete else 2)
