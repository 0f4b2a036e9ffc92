"""Hash every result and keep the tables' numbers, for g2rl verify.

example: g2rl lock results -o lock.json
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, help="the results folder")
    parser.add_argument("files", type=Path, nargs="*", default=[], help="files in it to hash; default: all")
    output(parser, "the lock, JSON")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.reproducibility.lock import make_lock, write_lock

    write_lock(make_lock(options.results, options.files or None), options.output)
    return Outcome(options.files, [options.output])
