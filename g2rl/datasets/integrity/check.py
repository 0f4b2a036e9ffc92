"""``g2rl check``: whether a licence holder's copy of a dataset is whole and as published, fault by fault."""

import logging
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from g2rl.config.training import Training
from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.across import compare_sequences
from g2rl.datasets.integrity.code_statistics import compare_codes
from g2rl.datasets.integrity.findings import KINDS, SEVERITIES, advise_own, make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.presence import missing_sequences, second_spellings, unknown_sequences
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.integrity.sequence import examine_sequence
from g2rl.datasets.integrity.sheets import check_sheet, unlocated_aus
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import SheetRow
from g2rl.errors import InputError
from g2rl.io.progress import progress

logger = logging.getLogger(__name__)


def check(
    layout: Layout,
    root: Path,
    sheet: Path | None = None,
    jobs: int = 2,
    decode: bool = False,
    initializer: Callable[[], object] | None = None,
    centres: str | None = None,
    centre_set: str = Training.centres,
) -> list[Finding]:
    """Check frames and codes of a dataset against each other and against what was published.

    Videos are decoded to their end. Of image folders each coded frame is looked at: its file's start and end,
    or with ``decode`` the whole image.

    Args:
        sheet: the sample sheet whose sequences are checked; without one all that were published.
        jobs: how many processes.
        initializer: called first in each of these processes.
        centres: locations of AUs beside those of ``centre_set``, in the notation of ``parse_centres``; None:
            where the AUs lie is not checked.

    Returns:
        Errors first, then warnings and notes; empty for a clean copy. Logs how much was examined.

    """
    root = Path(root)
    own_sheet = layout.own_sheet(root)
    sheet = sheet or own_sheet
    try:
        check_root(layout, root)
        published = layout.published(root)
        rows, about_sheet = check_sheet(sheet, is_own=sheet == own_sheet) if sheet else ([], [])
    except InputError as error:
        return [_advised(own_sheet, make_finding("root", found=str(error)))]
    subject_of = _subjects(rows) if sheet else {name: layout.subject(root, name) for name in published}
    present = [name for name in subject_of if layout.media(root, name).exists()]

    examine = partial(examine_sequence, layout, root, published, decode)
    named = [(name, subject_of[name]) for name in present]
    seen = _examine_all(examine, named, f"check {layout.name}", jobs, initializer)
    _log_extent(layout, root, seen)
    findings = [
        *about_sheet,
        *second_spellings(layout, root),
        *missing_sequences(layout, root, subject_of, present),
        *unknown_sequences(layout, root, published.keys() | subject_of.keys(), len(published)),
        *_findings_of_sequences(seen),
        *compare_sequences(seen),
        *compare_codes(layout, seen),
        *(unlocated_aus(seen, centre_set, centres) if centres is not None else ()),
    ]
    return _in_order(_advised(own_sheet, finding) for finding in findings)


def _subjects(rows: Iterable[SheetRow]) -> dict[str, str]:
    """The subject of each sequence of a sample sheet."""
    return {row.sequence: row.subject for row in rows}


def _findings_of_sequences(seen: Iterable[Seen]) -> list[Finding]:
    return [finding for one in seen for finding in one.findings]


def _examine_all(
    examine: Callable[[tuple[str, str]], Seen],
    named: Sequence[tuple[str, str]],
    label: str,
    jobs: int,
    initializer: Callable[[], object] | None,
) -> list[Seen]:
    """Each sequence, given as its name and subject, examined in one of ``jobs`` processes; in order."""
    if jobs > 1 and len(named) > 1:
        with ProcessPoolExecutor(jobs, initializer=initializer) as pool:
            return list(progress(pool.map(examine, named, chunksize=1), label, len(named)))
    return list(progress(map(examine, named), label, len(named)))


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Errors first, then warnings and notes; of each, by kind and sequence."""
    kinds = list(KINDS)
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), kinds.index(f.code), f.sequence))


def _advised(own_sheet: Path | None, finding: Finding) -> Finding:
    """A finding with the advice for the user's own data where the dataset has its sample sheet in it."""
    return advise_own(finding) if own_sheet else finding


def exit_status(findings: Iterable[Finding]) -> int:
    """1 if there is an error among the findings, else 0: the exit status of ``g2rl check``."""
    return int(any(finding.severity == "error" for finding in findings))


def _log_extent(layout: Layout, root: Path, seen: list[Seen]) -> None:
    subjects = len({one.subject for one in seen})
    coded, usable = (sum(getattr(one, name) for one in seen) for name in ("coded", "usable"))
    logger.info(
        f"{layout.title}, {root}: {subjects} subjects, {len(seen)} sequences, {coded:,} coded frames, "
        f"{usable:,} of them there and readable"
    )
