"""Find the subject's face and its 68 landmarks in every frame of a video or image folder.

example: g2rl landmarks DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi -o SN001.h5
"""

import argparse
from pathlib import Path

from g2rl.cli.options import check_file, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("media", type=Path, help="a video, or a folder of numbered images")
    check_file(parser)
    output(parser, "the landmarks, HDF5")


def run(options: argparse.Namespace) -> None:
    from g2rl.faces.landmarks import detect
    from g2rl.faces.video import open_source

    detect(open_source(options.media, options.check)).write(options.output)
