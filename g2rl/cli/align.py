r"""Align a sequence's coded faces to 256×256 and store them with landmarks and intensities.

example: g2rl align DISFA/Videos_LeftCamera/LeftVideoSN001_comp.avi SN001.h5 --layout disfa \
             --root DISFA --sequence SN001 --subject SN001 -o cache/SN001.h5
"""

import argparse
from pathlib import Path

from g2rl.cli.options import check_file, output, sequence, switch
from g2rl.cli.outcome import Outcome
from g2rl.config.alignment import Alignment


def add_arguments(parser: argparse.ArgumentParser) -> None:
    from g2rl.config.values import choices, kinds

    parser.add_argument("media", type=Path, help="a video, or a folder of numbered images")
    parser.add_argument("landmarks", type=Path, help="from g2rl landmarks")
    sequence(parser)
    what = "a frame with no face takes landmarks of up to N frames before"
    parser.add_argument("--max-gap", type=int, default=0, metavar="N", help=what)
    switch(parser, "--drop-partial", "drop a frame if any AU is not coded")
    switch(parser, "--exclude-known-bad", "drop frames of DISFA whose own landmarks are known to be wrong")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="use each N-th coded frame alone")
    anchors = choices(kinds(Alignment)["anchors"])
    what = "the landmarks that are brought to fixed places (docs/landmarks.md)"
    parser.add_argument("--alignment", choices=anchors, default=Alignment.anchors, help=what)
    what = "size of the face, relative to the template's"
    parser.add_argument("--face-scale", type=float, default=Alignment.scale, metavar="S", help=what)
    check_file(parser)
    output(parser, "the aligned sequence, HDF5")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.datasets.integrity.findings_file import read_known_faults
    from g2rl.datasets.registry import get_layout
    from g2rl.faces.align_sequence import align_sequence
    from g2rl.faces.landmarks_file import read_landmarks
    from g2rl.io.video import open_source

    layout, known_faults = get_layout(options.layout), read_known_faults(options.check)
    align_sequence(
        open_source(options.media, known_faults),
        read_landmarks(options.landmarks),
        layout.read_labels(options.root, options.sequence, known_faults),
        options.subject,
        options.sequence,
        options.output,
        max_gap=options.max_gap,
        drop_partial=options.drop_partial,
        exclude=layout.excluded(options.root, options.sequence) if options.exclude_known_bad else (),
        every=options.every,
        alignment=Alignment(anchors=options.alignment, scale=options.face_scale),
    )
    labels = layout.label_paths(options.root, options.sequence)
    return Outcome([options.media, options.landmarks, *labels, options.check], [options.output])
