"""List aligned sequences, such as a fold's, with the checksum of each: a fold manifest.

example: g2rl manifest cache/SN001.h5 cache/SN002.h5 -o fold1.tsv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sequences", type=Path, nargs="+", metavar="FILE", help="from g2rl align")
    output(parser, "the fold manifest, TSV, one row per sequence")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.faces.fold_manifest import write_manifest

    write_manifest(options.output, options.sequences)
    return Outcome(options.sequences, [options.output])
