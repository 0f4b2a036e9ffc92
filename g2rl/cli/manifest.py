"""List shards, such as a fold's, with the hash of each, for the options that take shards.

example: g2rl manifest cache/SN001.h5 cache/SN002.h5 -o fold1.tsv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shards", type=Path, nargs="+", metavar="SHARD", help="from g2rl align")
    output(parser, "a row a shard, TSV")


def run(options: argparse.Namespace) -> None:
    from g2rl.faces.fold_manifest import write_manifest

    write_manifest(options.output, options.shards)
