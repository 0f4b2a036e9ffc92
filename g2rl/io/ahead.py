"""Work ahead of a loop in a thread, as decoding does beside inference."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")
FRAMES = 4  # that are decoded before they are asked for


def ahead(items: Iterable[T], count: int) -> Iterator[T]:
    """The items, up to ``count`` of which are made in a thread before they are asked for.

    Errors of ``items`` are raised here, in their place.
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Any]] = deque(pool.submit(next, iterator, end) for _ in range(count))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(pool.submit(next, iterator, end))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)


def share_cores() -> None:
    """For a process whose threads work side by side: none keeps a core while it waits.

    Before torch is loaded: its threads else go on spinning after each operation. OpenCV's threads are no gain
    beside those that work ahead.
    """
    import cv2

    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    cv2.setNumThreads(1)
