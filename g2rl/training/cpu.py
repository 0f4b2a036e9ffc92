"""Denormal numbers flushed to zero while a network trains."""

import contextlib
from collections.abc import Iterator

import torch


@contextlib.contextmanager
def denormals_flushed() -> Iterator[None]:
    """Numbers under 1e-38 count as 0: of fading ones, such as Adam's moments, a CPU takes far longer.

    This changes the last digits of what is trained, so a network trained without it is another one.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
