"""Sample sheets: which sequences of a dataset are used, and the fold that tests each subject."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from g2rl.errors import InputError, TextFileError
from g2rl.io.tables import read_tsv

# Names of sequences and subjects become names of files and wildcards of rules.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_FOLD = re.compile(r"(\d{1,4})([.,]0*)?", re.ASCII)  # 1.0: a column of numbers saved by a spreadsheet


@dataclass(frozen=True)
class SheetRow:
    """One row of a sample sheet.

    Attributes:
        fold: the number of the fold that tests this subject; 0 = only ever trained on.
    """

    sequence: str
    subject: str
    fold: int


def read_sheet(path: Path) -> list[SheetRow]:
    """Read a sample sheet: tab-separated, with a header; columns ``sequence``, ``subject`` and ``fold``.

    Raises:
        InputError: such a column is missing, a fold is no number from 0 up, a sequence is listed twice, a
            subject is in two folds (its faces would be on both sides of a split), or there is no sequence.
    """
    rows, faults = examine_sheet(path)
    if faults:
        raise faults[0]
    return rows


def examine_sheet(path: Path) -> tuple[list[SheetRow], list[TextFileError]]:
    """The rows of a sample sheet that are right, and what is wrong with the others; see ``read_sheet``.

    Raises:
        TextFileError: no row can be read.
    """
    rows: list[SheetRow] = []
    faults: list[TextFileError] = []
    line_of: dict[str, int] = {}
    first_of: dict[str, tuple[int, int]] = {}
    for line, row in read_tsv(path, ("sequence", "subject", "fold")):
        found = [
            *(fault for name in (row["sequence"], row["subject"]) for fault in _name_fault(path, line, name)),
            *_fold_fault(path, line, row["fold"]),
            *_sequence_fault(path, line, row["sequence"], line_of),
        ]
        if not found:
            fold = int(_FOLD.sub(r"\1", row["fold"]))
            found = _subject_fault(path, line, row["subject"], fold, first_of)
        faults += found
        if not found:
            rows.append(SheetRow(row["sequence"], row["subject"], fold))
    return rows, faults


def check_folds(path: Path, rows: Sequence[SheetRow]) -> None:
    """Raise InputError if a fold has no other sequences to train on, or there is no fold."""
    folds = sorted({row.fold for row in rows} - {0})
    if not folds or {row.fold for row in rows} == set(folds[:1]):
        raise InputError(
            f"{path}: every fold needs other sequences to train on, found {folds}: give the subjects two "
            "folds or more (each tests its own, trained on the others), or fold 0 to those only trained on"
        )


def _name_fault(path: Path, line: int, name: str) -> list[TextFileError]:
    if _NAME.fullmatch(name):
        return []
    action = f"write {plain_name(name)}" if plain_name(name) else ""
    return [_fault(path, line, f"name {name!r}", "letters, digits and . _ -", action)]


def _fold_fault(path: Path, line: int, fold: str) -> list[TextFileError]:
    if _FOLD.fullmatch(fold):
        return []
    return [
        _fault(path, line, f"fold {fold!r}", "0, 1, 2 …", "the number of the fold that tests the subject")
    ]


def _sequence_fault(path: Path, line: int, sequence: str, line_of: dict[str, int]) -> list[TextFileError]:
    first = line_of.setdefault(sequence, line)
    if first == line:
        return []
    found = f"{sequence} stands in line {first} already"
    return [_fault(path, line, found, "each sequence once", "remove one row, or give it another name")]


def _subject_fault(
    path: Path, line: int, subject: str, fold: int, first_of: dict[str, tuple[int, int]]
) -> list[TextFileError]:
    first_fold, first_line = first_of.setdefault(subject, (fold, line))
    if fold == first_fold:
        return []
    found = f"subject {subject} in fold {fold}, in line {first_line} in fold {first_fold}"
    action = "else its faces would be in both training and test: give all its rows one fold"
    return [_fault(path, line, found, "one fold per subject", action)]


def _fault(path: Path, line: int, found: str, expected: str, action: str) -> TextFileError:
    return TextFileError("sheet", path, line, found, expected, action)


def plain_name(name: str) -> str:
    """A name in the letters, digits and ``._-`` that sheets may have, as like ``name`` as can be."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.-]+", "_", ascii_name).strip("._-")
