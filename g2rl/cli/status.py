"""Tell what of a configuration's results is done, running and missing, and how long the rest takes.

A result counts as done if its file is there. Times follow from the finished jobs of the same stage; before
there is one, from rates measured elsewhere, as those of g2rl estimate. Nothing on the disk is changed.

example: g2rl status config/paper.yaml
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    default = [Path("config/config.yaml")]
    parser.add_argument("configs", type=Path, nargs="*", default=default, metavar="CONFIG", help="YAML")
    from g2rl.workflow.cores import available_cores

    parser.add_argument("--cores", type=int, default=available_cores(), metavar="N", help="that run the jobs")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.config.load import load
    from g2rl.workflow.manifest import load_manifests
    from g2rl.workflow.status import format_status
    from g2rl.workflow.targets import Targets

    for path in options.configs:
        config = load(path)
        print(format_status(str(path), Targets(config, load_manifests(config)), options.cores))
    return Outcome()
