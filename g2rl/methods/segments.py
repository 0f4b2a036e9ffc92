"""Segments between a valley and a peak of one AU; weak supervision knows the codes at their ends."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np


def valley_to_peak(codes: np.ndarray) -> Iterator[np.ndarray]:
    """The frames of each segment of one AU, the valley first: (N,) codes, −1 not coded; those frames are left
    out. A turn is in the middle of its plateau; a sequence of one code has no segment."""
    frames = np.flatnonzero(codes >= 0)
    codes = codes[frames]
    starts = np.flatnonzero(np.r_[True, np.diff(codes) != 0]) if len(codes) else np.empty(0, int)
    levels, middles = codes[starts], (starts + np.r_[starts[1:], len(codes)] - 1) // 2
    inner = np.sign(np.diff(levels))
    turns = np.r_[0, np.flatnonzero(inner[1:] != inner[:-1]) + 1, len(levels) - 1] if len(levels) > 1 else []
    for first, last in pairwise(turns):
        part = frames[middles[first] : middles[last] + 1]
        yield part if levels[first] < levels[last] else part[::-1]


def count_ends(codes: np.ndarray) -> int:
    """How many of one AU's (N,) codes in a sequence are at the end of a segment."""
    return len({frame for part in valley_to_peak(codes) for frame in part[[0, -1]]})
