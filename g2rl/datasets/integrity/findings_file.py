"""The file check.csv: one row per finding of ``g2rl check``, and the paths that have a known error."""

import csv
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from g2rl.io.atomic import atomic_path


@dataclass(frozen=True)
class Finding:
    """One thing about a copy that is not as it should be.

    Attributes:
        severity: ``error``, ``warning`` or ``note``.
        code: the kind of finding, a key of ``findings.KINDS``.
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


COLUMNS = tuple(field.name for field in fields(Finding))


class KnownFaults:
    """The paths with an error in a copy's check.csv: ``path in known_faults``.

    A path is one of them if an error names it, or something inside it: a file of an image folder.
    """

    def __init__(self, files: Iterable[str] = ()) -> None:
        self._named = {part for file in files for part in (file, *map(str, Path(file).parents[:-1]))}

    def __contains__(self, path: object) -> bool:
        return any(f"/{Path(str(path))}".endswith(f"/{name}") for name in self._named)


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write findings as CSV, with the fields of ``Finding`` as columns."""
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([COLUMNS, *map(astuple, findings)])


def read_known_faults(path: Path | None) -> KnownFaults:
    """The paths with an error in a file written by ``write_findings``; None stands for a copy without any.

    A check with errors ends a run unless faults are allowed, and then the copy is used in spite of them.
    """
    if path is None:
        return KnownFaults()
    with open(path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    return KnownFaults(row["file"] for row in rows if row["severity"] == "error" and row["file"])
