"""Motion in a video against changes of codes: whether two sequences have each other's codes.

The head moves as a whole, too. Compared is therefore how much more the lower half of the middle of
the image moves than the upper half, with how much more the codes of the lower face change than those of the
upper.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import cv2
import numpy as np

from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.seen import Seen

SIZE = (64, 48)  # pixels, to which frames are reduced: noise and compression average out
UPPER, LOWER, MIDDLE = slice(16, 24), slice(24, 36), slice(20, 44)  # of these pixels
UPPER_AUS = frozenset({1, 2, 4, 5, 6, 7, 9, 43, 45, 46})  # those that move the upper half of a face
STILL = 0.05  # grey values; less is no motion
SHORTEST = 1000  # frames; in fewer, two or three movements decide
ERROR = 1.5  # standard error of Fisher's z in units of 1/√(N − 3): frames in sequence are not independent
MANY = 10  # sequences; of as many it is seen, where it is larger, as where people move for seconds on end
SURE = 4.0  # standard errors by which the exchanged codes must go better with the motion, at least
CHANCE = 0.01  # of a finding by chance among all pairs of one group: many pairs must be surer
BLOCK = 256  # sequences whose pairs with all others are looked at together: some 10 MB per 1,000 others


class MotionMeter:
    """How much each frame of a video differs from the one before."""

    def __init__(self) -> None:
        self._values: dict[int, float] = {}
        self._last: np.ndarray | None = None

    def add(self, number: int, image: np.ndarray | None) -> None:
        """The next frame, (H,W) uint8 grey; None: it does not decode."""
        small = None if image is None else cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
        if small is not None and self._last is not None:
            moved = cv2.absdiff(small, self._last)[:, MIDDLE]
            lower, upper = (float(moved[rows].mean()) for rows in (LOWER, UPPER))
            self._values[number] = float(np.log((STILL + lower) / (STILL + upper)))
        self._last = small

    def by_number(self) -> np.ndarray:
        """float32, indexed by the frame's number: by how much more the lower half of the face's place moves,
        a log ratio; 0 where unknown. All of them are kept until sequences are compared."""
        values = np.zeros(max(self._values, default=-1) + 1, np.float32)
        values[list(self._values)] = list(self._values.values())
        return values


def swapped_subjects(seen: Sequence[Seen]) -> Iterator[Finding]:
    """Pairs of sequences of which each one's motion goes with the other one's changes of codes."""
    alike: dict[bytes, list[Seen]] = defaultdict(list)
    for one in seen:
        if len(one.motion) and len(one.frame) >= SHORTEST and 0 < _is_upper(one).sum() < len(one.aus):
            alike[one.frame.tobytes()].append(one)
    for group in alike.values():
        if len(group) > 1:
            motion, changes = (np.stack([values(one) for one in group]) for values in (_motion, _changes))
            for place, other in _exchanged(motion, changes):
                if group[place].subject != group[other].subject:
                    yield _finding(group[place], group[other])
                    yield _finding(group[other], group[place])


def _finding(one: Seen, other: Seen) -> Finding:
    found = f"moves as the codes of {other.sequence} change"
    return make_finding("subjects-swapped", one.subject, one.sequence, one.label_file, found, "as its own do")


def _exchanged(motion: np.ndarray, changes: np.ndarray) -> Iterator[tuple[int, int]]:
    """Pairs of rows of which each one's motion, (S,N), goes with the other one's changes, (S,N)."""
    count, frames = motion.shape
    error = ERROR / np.sqrt(frames - 3)
    if count >= MANY:
        some = _z(motion[:BLOCK] @ changes[:BLOCK].T)
        error = max(error, 1.4826 * float(np.median(np.abs(some - np.median(some)))))
    sure = max(SURE, -NormalDist().inv_cdf(CHANCE / (count * (count - 1) / 2)))
    own = _z(np.einsum("sn,sn->s", motion, changes))
    for start in range(0, count, BLOCK):
        block = slice(start, start + BLOCK)
        there = _z(motion[block] @ changes[start:].T)  # the motion of a row, the codes of a column
        back = _z(changes[block] @ motion[start:].T)
        gain, back_gain = there - own[block, None], back - own[start:]
        fits = np.minimum.reduce([there, back, gain, back_gain]) > error
        fits &= gain + back_gain > sure * 2 * error
        for place, other in np.argwhere(np.triu(fits, 1)).tolist():
            yield start + place, start + other


def _is_upper(one: Seen) -> np.ndarray:
    """(K,) whether each AU of a sequence is one of the upper face."""
    return np.array([au in UPPER_AUS for au in one.aus], bool)


def _motion(one: Seen) -> np.ndarray:
    """(N,) motion in each coded frame, see ``_normal``."""
    values, known = np.zeros(len(one.frame)), one.frame < len(one.motion)
    values[known] = one.motion[one.frame[known]]
    return _normal(values)


def _changes(one: Seen) -> np.ndarray:
    """(N,) by how much more the codes of the lower face change than those of the upper, see ``_normal``."""
    codes, upper = one.intensity.astype(float), _is_upper(one)
    changes = np.abs(np.diff(codes, axis=0, prepend=codes[:1]))
    lower, above = (np.log1p(changes[:, side].sum(axis=1)) for side in (~upper, upper))
    return _normal(lower - above)


def _normal(values: np.ndarray) -> np.ndarray:
    """Centred and of length 1, float32; 0 where constant."""
    centred = values - values.mean()
    length = float(np.linalg.norm(centred))
    return (centred / length if length > 1e-9 else np.zeros_like(centred)).astype(np.float32)


def _z(correlation: np.ndarray) -> np.ndarray:
    """Fisher's z."""
    return np.arctanh(np.clip(correlation, -0.999, 0.999))
