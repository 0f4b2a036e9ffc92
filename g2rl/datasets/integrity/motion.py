"""Motion in a video against changes of codes: whether two sequences have each other's codes.

The head moves as a whole, too. Compared is therefore how much more the lower half of the middle of
the image moves than the upper half, with how much more the codes of the lower face change than those of the
upper.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.seen import Seen

SIZE = (64, 48)  # pixels, to which frames are reduced: noise and compression average out
UPPER, LOWER, MIDDLE = slice(16, 24), slice(24, 36), slice(20, 44)  # of these pixels
UPPER_AUS = frozenset({1, 2, 4, 5, 6, 7, 9, 43, 45, 46})  # those that move the upper half of a face
STILL = 0.05  # grey values; less is no motion
SHORTEST = 100  # frames
ERROR = 1.5  # standard error of Fisher's z in units of 1/√(N − 3): frames in sequence are not independent
SURE = 4.0  # standard errors by which the exchanged codes must go better with the motion


class MotionMeter:
    """How much each frame of a video differs from the one before.

    Attributes:
        values: frame number → by how much more the lower half of the face's place moves, a log ratio.
    """

    def __init__(self) -> None:
        self.values: dict[int, float] = {}
        self._last: np.ndarray | None = None

    def add(self, number: int, image: np.ndarray | None) -> None:
        """The next frame, (H,W) uint8 grey; None: it does not decode."""
        small = None if image is None else cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
        if small is not None and self._last is not None:
            moved = cv2.absdiff(small, self._last)[:, MIDDLE]
            lower, upper = (float(moved[rows].mean()) for rows in (LOWER, UPPER))
            self.values[number] = float(np.log((STILL + lower) / (STILL + upper)))
        self._last = small


def swapped_subjects(seen: Sequence[Seen]) -> Iterator[Finding]:
    """Pairs of sequences of which each one's motion goes with the other one's changes of codes."""
    alike: dict[bytes, list[Seen]] = defaultdict(list)
    for one in seen:
        if one.motion and len(one.frame) >= SHORTEST and 0 < _is_upper(one).sum() < len(one.aus):
            alike[one.frame.tobytes()].append(one)
    for group in alike.values():
        z = _z(np.stack([_motion(one) for one in group]), np.stack([_changes(one) for one in group]))
        error = ERROR / np.sqrt(len(group[0].frame) - 3)
        gain = z - z.diagonal()[:, None]  # the motion of a row, the codes of a column
        fits = (z > error) & (gain > error) & (gain + gain.T > SURE * 2 * error)
        for place, other in np.argwhere(fits & fits.T).tolist():
            one, two = group[place], group[other]
            if one.subject != two.subject:
                found = f"moves as the codes of {two.sequence} change"
                yield make_finding(
                    "subjects-swapped", one.subject, one.sequence, one.label_file, found, "as its own do"
                )


def _is_upper(one: Seen) -> np.ndarray:
    """(K,) whether each AU of a sequence is one of the upper face."""
    return np.array([au in UPPER_AUS for au in one.aus], bool)


def _motion(one: Seen) -> np.ndarray:
    """(N,) motion in each coded frame, see ``_normal``."""
    return _normal(np.array([one.motion.get(number, 0.0) for number in one.frame.tolist()]))


def _changes(one: Seen) -> np.ndarray:
    """(N,) by how much more the codes of the lower face change than those of the upper, see ``_normal``."""
    codes, upper = one.intensity.astype(float), _is_upper(one)
    changes = np.abs(np.diff(codes, axis=0, prepend=codes[:1]))
    lower, above = (np.log1p(changes[:, side].sum(axis=1)) for side in (~upper, upper))
    return _normal(lower - above)


def _normal(values: np.ndarray) -> np.ndarray:
    """Centred and of length 1; 0 where constant."""
    centred = values - values.mean()
    length = float(np.linalg.norm(centred))
    return centred / length if length > 1e-9 else np.zeros_like(centred)


def _z(motion: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """(S,S) Fisher's z of the correlation of each one's motion, (S,N), with each one's changes, (S,N)."""
    return np.arctanh(np.clip(motion @ changes.T, -0.999, 0.999))
