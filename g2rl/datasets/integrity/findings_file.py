"""TODO: one line."""

import csv
import os
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from g2rl.io.atomic import atomic_path


def is_known_fault(path: str | os.PathLike, check: str | os.PathLike | None) -> bool:
    """Whether ``check``, what ``g2rl check`` wrote of a copy, holds an error of a file or of what lies in it.

    A check with errors ends a run; where it did not, the copy is used in spite of them.
    """
    if check is None:
        return False
    with open(check, encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["severity"] == "error" and row["file"]]
    named = {part for row in rows for part in (row["file"], *map(str, Path(row["file"]).parents[:-1]))}
    return any(f"/{Path(path)}".endswith(f"/{part}") for part in named)


@dataclass(frozen=True)
class Finding:
    """One thing about a copy that is not as it should be.

    Attributes:
        severity: ``error``, ``warning`` or ``note``.
        code: a key of ``KINDS``.
        file: relative to the root, or empty.
        meaning: what it means for the result.
        action: what to do.
    """

    severity: str
    code: str
    subject: str
    sequence: str
    file: str
    found: str
    expected: str
    meaning: str
    action: str


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as CSV, one a row, with the fields of ``Finding`` as columns."""
    names = [item.name for item in fields(Finding)]
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(finding, name) for name in names] for finding in findings)
