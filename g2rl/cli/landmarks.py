"""Find the subject's face and its 68 landmarks in every frame of a video or image folder.

example: g2rl landmarks DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi -o SN001.h5
"""

import argparse
from pathlib import Path

from g2rl.cli.options import check_file, output, switch
from g2rl.cli.outcome import Outcome
from g2rl.config.alignment import Alignment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from g2rl.config.values import choices, kinds

    parser.add_argument("media", type=Path, help="a video, or a folder of numbered images")
    names, default = choices(kinds(Alignment)["detector"]), Alignment.detector
    parser.add_argument("--detector", choices=names, default=default, help="what finds faces and landmarks")
    check_file(parser)
    switch(
        parser, "--photos", "the images are photos: of each the largest face, followed from none to the next"
    )
    output(parser, "the landmarks, HDF5")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.datasets.integrity.findings_file import read_known_faults
    from g2rl.faces.landmarks import detect_landmarks
    from g2rl.faces.landmarks_file import write_landmarks
    from g2rl.io.video import open_source

    source = open_source(options.media, read_known_faults(options.check))
    found = detect_landmarks(source, independent=options.photos, detector=options.detector)
    write_landmarks(options.output, found)
    return Outcome([options.media, options.check], [options.output])
