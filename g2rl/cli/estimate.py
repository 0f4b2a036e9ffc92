"""Estimate what a run takes: jobs, images, hours, disk. Status 1 if the disk is too small.

example: g2rl estimate config/paper.yaml
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", type=Path, nargs="?", default=Path("config/config.yaml"), help="YAML")
    from g2rl.workflow.cores import available_cores

    parser.add_argument("--cores", type=int, default=available_cores(), metavar="N", help="to run it on")
    what = "the disk to look at; default: that of the configuration's results folder"
    parser.add_argument("--results", type=Path, metavar="DIR", help=what)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.config.load import load
    from g2rl.workflow.estimate import estimate_run

    text, fits = estimate_run(load(options.config), options.cores, options.results)
    print(text)
    return Outcome(status=int(not fits))
