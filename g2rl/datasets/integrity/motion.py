"""Motion in a video against changes of codes: whether two sequences have each other's codes."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import cv2
import numpy as np

from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.seen import Seen

SIZE = (64, 48)  # pixels, to which frames are reduced: noise and compression average out
WINDOW = 9  # frames, over which motion and changes of codes are averaged
SHORTEST = 100  # frames
SURE = 3.0  # standard errors by which each of the two must go better with the other's codes
BELIEVED = 0.2  # least correlation (Fisher's z) with the other's codes


class MotionMeter:
    """How much each frame of a video differs from the one before.

    Attributes:
        values: frame number → mean absolute difference of grey values.
    """

    def __init__(self) -> None:
        self.values: dict[int, float] = {}
        self._last: np.ndarray | None = None

    def add(self, number: int, image: np.ndarray | None) -> None:
        """The next frame, (H,W) uint8 grey; None: it does not decode."""
        small = None if image is None else cv2.resize(image, SIZE, interpolation=cv2.INTER_AREA)
        if small is not None and self._last is not None:
            self.values[number] = float(cv2.absdiff(small, self._last).mean())
        self._last = small


def swapped_subjects(seen: Sequence[Seen]) -> Iterator[Finding]:
    """Pairs of sequences of which each one's motion goes with the other one's changes of codes.

    Correlations of motion and changes are compared by Fisher's z; one observation per window counts.
    """
    alike: dict[bytes, list[Seen]] = defaultdict(list)
    for one in seen:
        if one.motion and len(one.frame) >= SHORTEST:
            alike[one.frame.tobytes()].append(one)
    for group in alike.values():
        z = _z(np.stack([_motion(one) for one in group]), np.stack([_changes(one) for one in group]))
        gain = (z - z.diagonal()[:, None]) / np.sqrt(2 / max(1, len(group[0].frame) / WINDOW - 3))
        fits = (gain > SURE) & (z > BELIEVED)  # the motion of a row, the codes of a column
        for place, other in np.argwhere(fits & fits.T).tolist():
            one, two = group[place], group[other]
            if one.subject != two.subject:
                found = f"moves as the codes of {two.sequence} change"
                yield make_finding(
                    "subjects-swapped", one.subject, one.sequence, one.label_file, found, "as its own do"
                )


def _motion(one: Seen) -> np.ndarray:
    """(N,) motion in each coded frame, see ``_smooth``."""
    return _smooth(np.array([one.motion.get(number, 0.0) for number in one.frame.tolist()]))


def _changes(one: Seen) -> np.ndarray:
    """(N,) by how much the codes differ from those of the frame before, see ``_smooth``."""
    return _smooth(
        np.abs(np.diff(one.intensity.astype(float), axis=0, prepend=one.intensity[:1])).sum(axis=1)
    )


def _smooth(values: np.ndarray) -> np.ndarray:
    """Averaged over a window, on a logarithmic scale, centred and of length 1; 0 where constant."""
    smooth = np.log1p(np.convolve(values, np.ones(WINDOW) / WINDOW, "same"))
    smooth -= smooth.mean()
    length = float(np.linalg.norm(smooth))
    return smooth / length if length > 1e-9 else np.zeros_like(smooth)


def _z(motion: np.ndarray, changes: np.ndarray) -> np.ndarray:
    """(S,S) Fisher's z of the correlation of each one's motion, (S,N), with each one's changes, (S,N)."""
    return np.arctanh(np.clip(motion @ changes.T, -0.999, 0.999))
