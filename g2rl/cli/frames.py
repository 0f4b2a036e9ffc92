"""Count what became of every frame: used, or dropped and why.

example: g2rl frames cache/*.h5 -o frames.csv
"""

import argparse

from g2rl.cli.options import output
from g2rl.cli.sequence_files import sequence_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence_files(parser, "shards")
    output(parser, "a row a sequence, CSV")


def run(options: argparse.Namespace) -> None:
    from g2rl.faces.frame_counts import frame_counts
    from g2rl.io.tables import write_csv

    write_csv(options.output, frame_counts(options.shards))
