"""The action units: FACS names and muscles, and how an AU lies among dlib's 68 landmarks.

A point of an AU is the mean of some landmarks (0-based), moved down (positive) or up (negative) by a share of
``r``, the distance between the inner eye corners (landmarks 39 and 42), so that it scales with the face. The
points of each AU are data: see ``g2rl.config.au_centres``.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from g2rl.errors import InputError

MAX_INTENSITY = 5  # FACS: 0 absent, 1 (A) trace, 2 (B) slight, 3 (C) marked, 4 (D) severe, 5 (E) maximum


NAMES = {  # FACS name; muscles (Ekman, Friesen & Hager 2002)
    1: ("Inner brow raiser", "frontalis, pars medialis"),
    2: ("Outer brow raiser", "frontalis, pars lateralis"),
    4: ("Brow lowerer", "depressor glabellae, depressor supercilii, corrugator supercilii"),
    5: ("Upper lid raiser", "levator palpebrae superioris"),
    6: ("Cheek raiser", "orbicularis oculi, pars orbitalis"),
    7: ("Lid tightener", "orbicularis oculi, pars palpebralis"),
    9: ("Nose wrinkler", "levator labii superioris alaeque nasi"),
    10: ("Upper lip raiser", "levator labii superioris"),
    11: ("Nasolabial deepener", "zygomaticus minor"),
    12: ("Lip corner puller", "zygomaticus major"),
    13: ("Sharp lip puller", "levator anguli oris"),
    14: ("Dimpler", "buccinator"),
    15: ("Lip corner depressor", "depressor anguli oris"),
    16: ("Lower lip depressor", "depressor labii inferioris"),
    17: ("Chin raiser", "mentalis"),
    18: ("Lip pucker", "incisivii labii superioris and inferioris"),
    20: ("Lip stretcher", "risorius, platysma"),
    22: ("Lip funneler", "orbicularis oris"),
    23: ("Lip tightener", "orbicularis oris"),
    24: ("Lip presser", "orbicularis oris"),
    25: ("Lips part", "depressor labii inferioris, relaxed mentalis or orbicularis oris"),
    26: ("Jaw drop", "masseter, relaxed temporalis and internal pterygoid"),
    27: ("Mouth stretch", "pterygoids, digastric"),
    28: ("Lip suck", "orbicularis oris"),
    43: ("Eye closure", "relaxed levator palpebrae superioris; orbicularis oculi, pars palpebralis"),
    45: ("Blink", "relaxed levator palpebrae superioris; orbicularis oculi, pars palpebralis"),
}


class Point(NamedTuple):
    """The mean of ``landmarks`` (0-based, of 68), moved down by ``down`` inner-eye distances."""

    landmarks: tuple[int, ...]
    down: float = 0.0


Centres = Mapping[int, tuple[Point, ...]]  # AU → its points, the heatmap channels in order


MIRROR = np.array(  # the landmark that each of the 68 becomes in a mirrored face
    [
        *range(16, -1, -1),  # jaw
        *range(26, 16, -1),  # brows
        *range(27, 31),  # nose bridge
        *range(35, 30, -1),  # nose base
        *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),  # eyes
        *range(54, 47, -1),  # upper lip
        *range(59, 54, -1),  # lower lip
        *range(64, 59, -1),  # inner upper lip
        *range(67, 64, -1),  # inner lower lip
    ]
)


def au_name(au: int) -> str:
    """The column name of an AU: 6 → ``AU06``."""
    return f"AU{au:02d}"


def parse_points(text: str) -> tuple[Point, ...]:
    """Read ``37+41 44+46@0.5``: points, each the mean of landmarks joined by +, moved down by what follows @.

    Raises:
        InputError: not of that form, or a landmark that is none of 0 to 67.
    """
    points = []
    for word in text.split():
        found = re.fullmatch(r"(\d+(?:\+\d+)*)(?:@(-?[\d.]+))?", word)
        landmarks = tuple(int(number) for number in found[1].split("+")) if found else (68,)
        if not found or max(landmarks) > 67:
            raise InputError(
                f"{word!r}: no point of an AU, expected landmarks from 0 to 67 such as 37+41, or 37+41@0.5"
            )
        points.append(Point(landmarks, float(found[2] or 0)))
    if not points:
        raise InputError("no point of an AU, expected one or more such as 37+41 44+46")
    return tuple(points)


def parse_centres(text: str) -> dict[int, tuple[Point, ...]]:
    """Read ``7: 37+41 44+46, 12: 48 54``: AUs with the points of ``parse_points``; none of an empty text.

    Raises:
        InputError: not of that form.
    """
    centres = {}
    for part in filter(None, text.split(",")):
        au, _, points = part.partition(":")
        if not au.strip().isdecimal():
            raise InputError(f"{part.strip()!r}: expected an AU and its points, such as 7: 37+41 44+46")
        centres[int(au)] = parse_points(points)
    return centres


def format_centres(centres: Centres) -> str:
    """The text that ``parse_centres`` reads, exactly."""
    return ", ".join(f"{au}: {' '.join(map(_format_point, points))}" for au, points in centres.items())


def _format_point(point: Point) -> str:
    return "+".join(map(str, point.landmarks)) + (f"@{point.down!r}" if point.down else "")


def au_points(aus: Sequence[int], centres: Centres) -> list[Point]:
    """Every point of ``aus``, AU by AU: the heatmap channels in order."""
    return [point for au in aus for point in centres[au]]


def point_au(aus: Sequence[int], centres: Centres) -> np.ndarray:
    """(P,) int64: for each heatmap channel, which of ``aus`` (its index, 0 ≤ i < K) the point belongs to."""
    return np.repeat(np.arange(len(aus)), [len(centres[au]) for au in aus])


def map_au(aus: Sequence[int], centres: Centres, maps: str = "point") -> np.ndarray:
    """As ``point_au``, for networks with one heatmap per point, or per AU (``maps`` is ``au``)."""
    return point_au(aus, centres) if maps == "point" else np.arange(len(aus))


def centre_weights(aus: Sequence[int], centres: Centres) -> tuple[np.ndarray, np.ndarray]:
    """(P, 68) float32 rows that sum to 1, and (P,) float32 shifts down: see ``au_centres``."""
    points = au_points(aus, centres)
    weights = np.zeros((len(points), 68), np.float32)
    for row, point in zip(weights, points, strict=True):
        row[list(point.landmarks)] = 1 / len(point.landmarks)
    return weights, np.array([point.down for point in points], np.float32)


def place_points(landmarks: Any, weights: Any, down: Any) -> Any:
    """(..., 68, 2) landmarks → (..., P, 2) AU points, for NumPy arrays and torch tensors alike."""
    eyes = ((landmarks[..., 42, :] - landmarks[..., 39, :]) ** 2).sum(-1) ** 0.5
    points = weights @ landmarks
    points[..., 1] += down * eyes[..., None]
    return points


def au_centres(landmarks: np.ndarray, aus: Sequence[int], centres: Centres) -> np.ndarray:
    """The AU locations of faces.

    Args:
        landmarks: (..., 68, 2) x, y in any pixel units, upright faces (down is +y).

    Returns:
        (..., P, 2) in the same units, channels as in ``au_points``.
    """
    return place_points(landmarks, *centre_weights(aus, centres))
