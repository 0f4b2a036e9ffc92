"""Sample sheets: which sequences of a dataset are used, and the fold that tests each subject."""

import re
from dataclasses import dataclass
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.tables import read_tsv

# Names of sequences and subjects become names of files and wildcards of rules.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


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
    rows: list[SheetRow] = []
    line_of: dict[str, int] = {}
    first_of: dict[str, tuple[int, int]] = {}
    for line, row in read_tsv(path, ("sequence", "subject", "fold")):
        sequence, subject, fold = row["sequence"], row["subject"], row["fold"]
        for name in (sequence, subject):
            if not _NAME.fullmatch(name):
                raise InputError(f"{path}: line {line}: name {name!r}, expected letters, digits and . _ -")
        if not re.fullmatch(r"\d{1,4}", fold, re.ASCII):
            raise InputError(f"{path}: line {line}: fold {fold!r}, expected 0, 1, 2 …")
        if sequence in line_of:
            raise InputError(f"{path}: line {line}: {sequence} stands in line {line_of[sequence]} already")
        first_fold, first_line = first_of.setdefault(subject, (int(fold), line))
        if int(fold) != first_fold:
            raise InputError(
                f"{path}: line {line}: subject {subject} in fold {fold}, in line {first_line} in fold "
                f"{first_fold}: a subject belongs to one fold"
            )
        line_of[sequence] = line
        rows.append(SheetRow(sequence, subject, int(fold)))
    return rows
