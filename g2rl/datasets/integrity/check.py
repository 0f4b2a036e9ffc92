"""``g2rl check``: whether a licence holder's copy of a dataset is whole and as published, fault by fault."""

import sys
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.across import compare_sequences
from g2rl.datasets.integrity.findings import KINDS, make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.presence import find_presence
from g2rl.datasets.integrity.sequence import Seen, examine_sequence
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError
from g2rl.io.progress import progress
from g2rl.workflow.processes import exit_with_parent


def check(
    layout: Layout, root: Path, sheet: Path | None = None, jobs: int = 2, decode: bool = False
) -> list[Finding]:
    """Check frames and codes of a dataset against each other and against what was published.

    Videos are decoded to their end. Of image folders each coded frame is looked at: its file's start and end,
    or with ``decode`` the whole picture.

    Args:
        sheet: the sample sheet whose sequences are checked; without one all that were published.
        jobs: how many processes.

    Returns:
        Errors first, then warnings and notes; empty for a clean copy. What was seen goes to stderr.

    Raises:
        InputError: the sheet cannot be read.
    """
    root = Path(root)
    try:
        check_root(layout, root)
    except InputError as error:
        return [make_finding("root", found=str(error))]
    published = layout.published(root)
    if sheet is not None:
        subject_of = {row.sequence: row.subject for row in read_sheet(sheet)}
    else:
        subject_of = {name: layout.subject(root, name) for name in published}
    findings, present = find_presence(layout, root, subject_of, published)

    examine = partial(examine_sequence, layout, root, published, decode)
    named = [(name, subject_of[name]) for name in present]
    if jobs > 1 and len(named) > 1:
        with ProcessPoolExecutor(jobs, initializer=exit_with_parent) as pool:
            seen = list(progress(pool.map(examine, named, chunksize=1), f"check {layout.name}", len(named)))
    else:
        seen = list(progress(map(examine, named), f"check {layout.name}", len(named)))
    _announce(layout, root, seen)
    findings += [finding for one in seen for finding in one.findings]
    findings += compare_sequences(seen)
    order = {severity: rank for rank, severity in enumerate(("error", "warning", "note"))}
    kinds = list(KINDS)
    return sorted(findings, key=lambda f: (order[f.severity], kinds.index(f.code), f.sequence))


def exit_status(findings: Iterable[Finding]) -> int:
    """1 if there is an error among the findings, else 0: what ``g2rl check`` exits with."""
    return int(any(finding.severity == "error" for finding in findings))


def _announce(layout: Layout, root: Path, seen: list[Seen]) -> None:
    subjects = len({one.subject for one in seen})
    coded, usable = (sum(getattr(one, name) for one in seen) for name in ("coded", "usable"))
    print(
        f"{layout.title}, {root}: {subjects} subjects, {len(seen)} sequences, {coded:,} coded frames, "
        f"{usable:,} of them there and readable",
        file=sys.stderr,
    )
