"""Progress of long loops: a bar on a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")
INTERVAL = 30  # seconds between two lines


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass ``items`` through and show on standard error how many are done, of ``total`` if given."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total)
        return
    start = last = time.monotonic()
    for count, item in enumerate(items, 1):
        yield item
        if time.monotonic() - last > INTERVAL:
            last = time.monotonic()
            rate = count / (last - start)
            of = f" of {total}" if total else ""
            left = f", {(total - count) / rate:.0f} s left" if total and total > count else ""
            print(f"{label}: {count}{of}, {rate:.3g}/s{left}", file=sys.stderr, flush=True)
