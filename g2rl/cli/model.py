"""Print what a model is: its AUs, what it was trained on and how, its licence, and how good it is.

The measures are of the predictions.csv beside a model.safetensors, of subjects that it was not trained on.

example: g2rl model results/disfa/g2rl_sigma2_lambda0.05_seed0/fold1/model.safetensors
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    what = "from g2rl train, or g2rl export; default: the package's own"
    parser.add_argument("model", type=Path, nargs="?", help=what)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.inference.face_network import OWN_MODEL
    from g2rl.report.model import describe_model

    print(describe_model(options.model or OWN_MODEL))
    return Outcome()
