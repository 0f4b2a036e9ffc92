"""Print what made a file: the tree of commands behind it, their settings, code, packages and device.

A file is known by its content, wherever it lies now. The workflow keeps the records; for commands of your
own set G2RL_PROVENANCE to a folder for theirs.

example: g2rl provenance results/table1.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, help="a result, wherever it is now")
    parser.add_argument(
        "--records",
        type=Path,
        default=Path("results/provenance"),
        metavar="DIR",
        help="the folder of the records",
    )


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.reproducibility.lineage import tree
    from g2rl.reproducibility.records import read_records

    print("\n".join(tree(options.file, read_records(options.records))))
    return Outcome()
