"""Count the frames of each sequence by status: used, or dropped and why.

example: g2rl frames cache/*.h5 -o frames.csv
"""

import argparse

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence_files(parser, "sequences")
    output(parser, "one row per sequence, CSV")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.faces.frame_counts import count_frames, write_frame_counts

    sequences = read_manifests(options.sequences)
    write_frame_counts(options.output, count_frames(sequences))
    return Outcome([*options.sequences, *sequences], [options.output])
