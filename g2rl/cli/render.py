r"""Render one sequence of faces with known AU intensities, frames and codes, in a dataset's layout.

example: g2rl render --head head.npz --layout disfa --root rendered --sequence SN001 --subject SN001 \
             --frames 100 --seed 0
"""

import argparse
from pathlib import Path

from g2rl.cli.options import sequence, switch
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence(parser, "bp4d, disfa or people")
    parser.add_argument("--head", type=Path, required=True, help="what g2rl head wrote")
    parser.add_argument("--frames", type=int, required=True, metavar="N", help="how many")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="same seed, same bytes")
    switch(parser, "--sparse", "labels as rare as DISFA's")
    switch(parser, "--varied", "people differ more, as in life: faces at rest, brows, beards")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.synthetic.dataset import render_sequence

    return Outcome([options.head], render_sequence(**vars(options)))
