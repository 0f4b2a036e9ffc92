"""Compare results with a lock: the same bytes, or numbers within a tolerance. Status 1 if they differ.

example: g2rl verify results tests/data/lock.json --tolerance 0.05
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, help="the results folder")
    parser.add_argument("lock", type=Path, help="from g2rl lock")
    parser.add_argument(
        "--tolerance",
        type=float,
        metavar="T",
        help="made elsewhere: the tables' numbers may differ by T and other files' bytes at will; "
        "default: every byte counts",
    )


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.reproducibility.lock import read_lock, verify

    report = verify(options.results, read_lock(options.lock), options.tolerance)
    print("\n".join([*report.lines, "the same" if report.same else "DIFFERENT"]))
    return Outcome(status=0 if report.same else 1)
