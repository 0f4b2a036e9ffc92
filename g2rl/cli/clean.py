"""List or delete stale checkpoints and partial files of interrupted commands.

A run resumes from its own checkpoint and removes it at its end, and a command that writes a file again
removes its partial files. What is left is of runs that are no longer configured. Delete it only while
nothing runs.

example: g2rl clean results --delete
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, help="the results folder")
    parser.add_argument("--delete", action="store_true", help="delete them, too")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.workflow.stale_files import delete_files, format_files, stale_files

    paths = stale_files(options.results)
    print(format_files(paths), end="")
    if options.delete:
        delete_files(paths)
    return Outcome()
