"""Options that several commands share."""

import argparse
from collections.abc import Sequence
from pathlib import Path


def output(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="FILE", help=what)


def figure_output(parser: argparse.ArgumentParser) -> None:
    output(parser, "the .png; .pdf and .csv are written beside it")


def beside(path: Path, suffixes: Sequence[str]) -> list[Path]:
    """The files of one name that a command writes."""
    return [path.with_suffix(suffix) for suffix in suffixes]


def switch(parser: argparse.ArgumentParser, name: str, what: str) -> None:
    """An option ``--name`` or ``--no-name``, off by default."""
    action = parser.add_argument(name, action=argparse.BooleanOptionalAction, help=what)
    parser.set_defaults(**{action.dest: False})


def sequence(
    parser: argparse.ArgumentParser, layouts: str = "bp4d, disfa, disfa_right, table or people"
) -> None:
    """The options that name a sequence of a dataset.

    Args:
        layouts: those that the command knows.
    """
    parser.add_argument("--layout", required=True, help=layouts)
    parser.add_argument("--root", type=Path, required=True, metavar="DIR", help="the dataset's folder")
    parser.add_argument("--sequence", required=True, help="its name, such as F001_T1 or SN001")
    parser.add_argument("--subject", required=True, help="its subject, such as F001 or SN001")


def check_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        type=Path,
        metavar="CSV",
        help="findings of g2rl check: a sequence with a listed error is skipped, it has no frame; "
        "default: the error fails the command",
    )


def resamples(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--resamples",
        type=int,
        default=1000,
        metavar="N",
        help="bootstrap resamples of the subjects, for the 95 %% intervals; 0: no intervals",
    )
