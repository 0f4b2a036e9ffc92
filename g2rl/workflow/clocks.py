"""Modification times in the future: a clock that is ahead, a time zone read wrongly (exFAT), a copied file.

Snakemake compares the times of a job's outputs with those of its inputs: beside an input from the future
every output is too old, and it ends the job and deletes what the job made.
"""

import contextlib
import logging
import os
import stat
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from g2rl.errors import InputError
from g2rl.paths import RECORDS

log = logging.getLogger(__name__)

SMALL_LEAD = 5.0  # seconds that are waited for


def check_clock(inputs: Iterable[str], now: float | None = None) -> None:
    """Refuse files that were modified after ``now``, in seconds since 1970; default: this moment.

    Raises:
        InputError: names the one furthest ahead and how many there are.
    """
    now = time.time() if now is None else now
    ahead = {path: modified for path in inputs if (modified := _modified(path)) > now}
    if not ahead:
        return
    path = max(ahead, key=ahead.__getitem__)
    if ahead[path] - now <= SMALL_LEAD:  # of a file server's clock
        time.sleep(ahead[path] - now)
        return
    then, here = (datetime.fromtimestamp(each).isoformat(" ", "seconds") for each in (ahead[path], now))
    others = f" and {len(ahead) - 1} more" if len(ahead) > 1 else ""
    raise InputError(
        f"{path}{others}: modified in the future ({then}, by this machine's clock it is {here}): Snakemake "
        "would delete what is made of it as too old: set the clock right, or touch the file"
    )


def reset_times(folder: Path) -> int:
    """Give the results that were modified in the future the present time, all the same; says so.

    Files that nothing is made of, such as logs, are not looked at: they are most of a results folder.

    Returns:
        how many.
    """
    now = time.time_ns()
    ahead = [path for path in _result_files(folder) if _modified(path) > now / 1e9]
    for path in ahead:
        with contextlib.suppress(OSError):  # gone, or another user's: Snakemake names it where it matters
            os.utime(path, ns=(now, now), follow_symlinks=False)
    if ahead:
        log.warning("%s: %d files were modified in the future: given the present time", folder, len(ahead))
    return len(ahead)


def _result_files(folder: Path) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        if where == str(folder):
            folders[:] = [name for name in folders if name not in RECORDS]
        yield from (os.path.join(where, name) for name in names)


def _modified(path: str) -> float:
    """Seconds since 1970, of a symbolic link or its target, as Snakemake counts; 0 if there is no file."""
    try:
        status = os.lstat(path)
        target = os.stat(path) if stat.S_ISLNK(status.st_mode) else status
        return max(status.st_mtime, target.st_mtime)
    except OSError:
        return 0
