"""Hash every result and keep the tables' numbers, for g2rl verify.

example: g2rl lock results -o lock.json --summary summary.json
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, help="the results folder")
    parser.add_argument("files", type=Path, nargs="*", default=[], help="files in it to hash; default: all")
    output(parser, "the lock, JSON")
    what = "also write the measures of every run and the SHA-256 of every model, JSON; default: not written"
    parser.add_argument("--summary", type=Path, metavar="FILE", help=what)
    what = "the files that the results were made of, for the summary"
    parser.add_argument("--config", nargs="+", default=["config/config.yaml"], metavar="NAME", help=what)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.reproducibility.lock import make_lock, write_lock
    from g2rl.reproducibility.summary import write_summary

    lock = make_lock(options.results, options.files or None)
    write_lock(lock, options.output)
    if options.summary:
        write_summary(lock, options.results, options.config, options.summary)
    return Outcome(options.files, [options.output, options.summary])
