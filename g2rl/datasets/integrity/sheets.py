"""What is wrong with a sample sheet, and AUs without a location: for these the workflow does not start."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from g2rl.config.au_centres import centres_in_use
from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.sheet import SheetRow, check_folds, examine_sheet
from g2rl.errors import InputError


def check_sheet(path: Path, is_own: bool) -> tuple[list[SheetRow], list[Finding]]:
    """The rows of a sample sheet that are right, and the findings about it.

    Args:
        is_own: it is part of the dataset; the folds of another one, which names what to check, do not matter.

    Raises:
        InputError: no row can be read.
    """
    rows, faults = examine_sheet(path)
    findings = [
        make_finding("sheet", "", "", path.name, f"line {one.line}: {one.found}", one.expected, one.action)
        for one in faults
    ]
    try:
        if is_own:
            check_folds(path, rows)
    except InputError as error:
        findings.append(make_finding("sheet", file=path.name, found=str(error).removeprefix(f"{path}: ")))
    return rows, [*findings, *_spellings(path, rows)]


def _spellings(path: Path, rows: Sequence[SheetRow]) -> Iterator[Finding]:
    """Subjects whose names are the same but for capitals and ``. _ -``."""
    groups: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        groups[re.sub(r"[._-]", "", row.subject).lower()].add(row.subject)
    for names in groups.values():
        if len(names) > 1:
            found = f"subjects {' and '.join(sorted(names))}"
            yield make_finding(
                "subject-spelling", file=path.name, found=found, expected="one name per person"
            )


def unlocated_aus(seen: Sequence[Seen], name: str, own: str) -> Iterator[Finding]:
    """A finding per AU that neither the set ``name`` of AU centres nor ``own`` locates."""
    for au in sorted({au for one in seen for au in one.aus}):
        try:
            centres_in_use(name, own, [au])
        except InputError as error:
            yield make_finding("au-location", found=str(error).split(";")[0], expected="a location")
