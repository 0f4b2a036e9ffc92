"""Options and helpers that several commands share."""

import argparse
from pathlib import Path


def output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=what)


def sequence(parser: argparse.ArgumentParser) -> None:
    """The options that say which sequence of which dataset."""
    parser.add_argument("--layout", required=True, help="bp4d, disfa, disfa_right or table")
    parser.add_argument("--root", type=Path, required=True, help="the dataset's folder")
    parser.add_argument("--sequence", required=True, help="its name, such as F001_T1 or SN001")
    parser.add_argument("--subject", required=True, help="its subject, such as F001 or SN001")


def check_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        type=Path,
        nargs="?",
        metavar="CSV",
        help="from g2rl check, or nothing: a sequence that an error in it stops has no frame, else it fails",
    )


def figure_output(parser: argparse.ArgumentParser) -> None:
    output(parser, "the .png; .pdf and .csv are written beside it")
