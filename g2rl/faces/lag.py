"""Whether the codes of a sequence are shifted against its frames: mouth opening against AU25 and AU26."""

from dataclasses import dataclass

import numpy as np

from g2rl.datasets.labels import Labels
from g2rl.faces.landmarks_file import Landmarks

MOUTH_AUS = (25, 26)  # lips part, jaw drop: they open the mouth
FARTHEST = 15  # frames, the largest lag that is tried
CHANGES = 12  # between coded frames, from which on a course can be told from its neighbours
LEAST, GAIN = 0.3, 0.05  # correlation at the best lag, and how much more that is than at lag 0


@dataclass(frozen=True)
class Lag:
    """How many frames the codes come late (positive) or early, with the correlation there and at lag 0."""

    frames: int
    correlation: float
    unshifted: float

    @property
    def is_shift(self) -> bool:
        """Whether the codes are shifted, beyond what chance and the coding's own delay explain."""
        return (
            abs(self.frames) > 2 and self.correlation >= LEAST and self.correlation - self.unshifted >= GAIN
        )

    def __str__(self) -> str:
        when = "before" if self.frames > 0 else "after"
        return (
            f"the mouth opens {abs(self.frames)} frames {when} AU25 and AU26 are coded (correlation "
            f"{self.correlation:.2f}, unshifted {self.unshifted:.2f}): do codes and frames begin together?"
        )


def mouth_opening(points: np.ndarray) -> np.ndarray:
    """(..., 68, 2) → (...): between the inner lips, in distances between the outer eye corners."""
    upper, lower = (points[..., lips, :].mean(-2) for lips in ([61, 62, 63], [67, 66, 65]))
    eyes = np.linalg.norm(points[..., 36, :] - points[..., 45, :], axis=-1)
    opening: np.ndarray = np.linalg.norm(upper - lower, axis=-1) / eyes
    return opening


def find_lag(landmarks: Landmarks, labels: Labels) -> Lag | None:
    """The lag at which the stronger of AU25 and AU26 goes best with the opening of the mouth.

    It sees shifts of 3 to 15 frames of a whole sequence in which the mouth opens and closes several times,
    not shifts that begin inside it, nor those of datasets without AU25 and AU26, as BP4D.

    Returns:
        None where that cannot be told: neither AU is coded, or changes often enough.
    """
    columns = [labels.aus.index(au) for au in MOUTH_AUS if au in labels.aus]
    codes = labels.intensity[:, columns].max(axis=1, initial=-1).astype(float)
    if np.count_nonzero(np.diff(codes[codes >= 0])) < CHANGES:
        return None
    opening = dict(zip(landmarks.frame.tolist(), mouth_opening(landmarks.landmarks).tolist(), strict=True))
    found = {}
    for lag in range(-FARTHEST, FARTHEST + 1):
        there = np.array([opening.get(frame - lag, np.nan) for frame in labels.frame.tolist()])
        both = np.isfinite(there) & (codes >= 0)
        if both.sum() > 2 * FARTHEST and np.ptp(there[both]) and np.ptp(codes[both]):
            found[lag] = float(np.corrcoef(there[both], codes[both])[0, 1])
    if 0 not in found:
        return None
    best = max(found, key=lambda lag: found[lag])
    return Lag(best, found[best], found[0])
