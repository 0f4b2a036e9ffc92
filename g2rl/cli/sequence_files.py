"""The argument for aligned sequences, given as files or as fold manifests of them."""

import argparse
from pathlib import Path


def sequence_files(parser: argparse.ArgumentParser, name: str) -> None:
    """An argument or a required option of this name; ``read_manifests`` replaces the fold manifests in it."""
    argument = parser.add_argument(
        name,
        type=Path,
        nargs="+",
        metavar="FILE",
        help="aligned sequences, from g2rl align, or fold manifests of them, from g2rl manifest",
    )
    argument.required = True
