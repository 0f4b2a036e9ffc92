"""``g2rl check``: whether a licence holder's copy of a dataset is whole and as published, fault by fault."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.across import compare_sequences
from g2rl.datasets.integrity.findings import KINDS, SEVERITIES, make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.presence import missing_sequences, second_spellings, unknown_sequences
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.integrity.sequence import examine_sequence
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import read_sheet
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
) -> list[Finding]:
    """Check frames and codes of a dataset against each other and against what was published.

    Videos are decoded to their end. Of image folders each coded frame is looked at: its file's start and end,
    or with ``decode`` the whole image.

    Args:
        sheet: the sample sheet whose sequences are checked; without one all that were published.
        jobs: how many processes.
        initializer: called first in each of these processes.

    Returns:
        Errors first, then warnings and notes; empty for a clean copy. Logs how much was examined.

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
    present = [name for name in subject_of if layout.media(root, name).exists()]

    examine = partial(examine_sequence, layout, root, published, decode)
    named = [(name, subject_of[name]) for name in present]
    if jobs > 1 and len(named) > 1:
        with ProcessPoolExecutor(jobs, initializer=initializer) as pool:
            seen = list(progress(pool.map(examine, named, chunksize=1), f"check {layout.name}", len(named)))
    else:
        seen = list(progress(map(examine, named), f"check {layout.name}", len(named)))
    _log_extent(layout, root, seen)
    findings = [
        *second_spellings(layout, root),
        *missing_sequences(layout, root, subject_of, present),
        *unknown_sequences(layout, root, published.keys() | subject_of.keys(), len(published)),
        *(finding for one in seen for finding in one.findings),
        *compare_sequences(seen),
    ]
    kinds = list(KINDS)
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), kinds.index(f.code), f.sequence))


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
