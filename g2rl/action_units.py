"""The action unit table: FACS names and muscles, and where each AU lies among dlib's 68 landmarks.

The paper draws the AU locations (its Figure 2) but gives no coordinates. ``CENTRES`` holds the sets found in
public code under their projects' names; ``default`` follows the first author's published sibling project
wherever its coordinates are known, and fills the rest from the others. A point is the mean of some landmarks
(0-based), moved down (positive) or up (negative) by a share of ``r``, the distance between the inner eye
corners (landmarks 39 and 42), so that every set scales with the face.
"""

from collections.abc import Sequence
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


def _points(*points: int | tuple[int, ...], down: float = 0.0) -> tuple[Point, ...]:
    return tuple(Point(point if isinstance(point, tuple) else (point,), down) for point in points)


_RIGHT_EYE, _LEFT_EYE = (36, 37, 38, 39, 40, 41), (42, 43, 44, 45, 46, 47)


_LIP_CORNERS = _points(48, 54)


CENTRES: dict[str, dict[int, tuple[Point, ...]]] = {
    # github EvelynFan/FAU (SCC-Heatmap, AAAI-20), the first author's: read off its published coordinates;
    # one point for AU04 and three for AU09, which makes its 24 channels on DISFA and 10 on BP4D.
    # It shows AU04, AU06, AU09, AU10, AU12, AU14 and AU17; the others follow JAA-Net without its shifts.
    "default": {
        1: _points(21, 22),
        2: _points(18, 25),
        4: _points((21, 22)),
        5: _points((37, 38), (43, 44)),
        6: _points((36, 2), (45, 14)),
        9: _points(31, 35, 28),
        10: _points(49, 53),
        12: _LIP_CORNERS,
        14: _points((48, 3), (54, 13)),
        15: _LIP_CORNERS,
        17: _points(57, (57, 8)),
        20: _LIP_CORNERS,
        25: _points(51, 57),
        26: _points(56, 58),
    },
    "libreface": {  # LibreFace (WACV-24)
        1: _points(21, 22, (21, 22, 27)),
        2: _points(18, 25),
        4: _points(21, 22, (21, 22, 27)),
        5: _points((37, 38), (43, 44)),
        6: _points((1, 41, 31), (15, 46, 35)),
        9: _points(31, 35, 28),
        10: _points(31, 35, 51),
        12: _LIP_CORNERS,
        14: _LIP_CORNERS,
        15: _LIP_CORNERS,
        17: _points((57, 8)),
        20: _points(48, 54, 51),
    },
    "fgnet": {  # FG-Net (WACV-24)
        1: _points(21, 22),
        2: _points(17, 26),
        4: _points((17, 18, 19, 20, 21), (22, 23, 24, 25, 26)),
        6: _points(_RIGHT_EYE, _LEFT_EYE, down=1.0),
        9: _points(39, 42),
        10: _points(50, 52),
        12: _LIP_CORNERS,
        14: _LIP_CORNERS,
        15: _LIP_CORNERS,
        17: _points(56, 58, down=0.5),
        25: _points(51, 57),
        26: _points(56, 58),
    },
    "jaanet": {  # JAA-Net (ECCV-18, IJCV-21)
        1: _points(21, 22, down=-1 / 2),
        2: _points(18, 25, down=-1 / 3),
        4: _points(19, 24, down=1 / 3),
        6: _points(41, 46, down=1.0),
        9: _points(32, 34, down=-1 / 2),
        10: _points(50, 52),
        12: _LIP_CORNERS,
        14: _LIP_CORNERS,
        15: _LIP_CORNERS,
        17: _points(56, 58, down=1 / 2),
        25: _points(51, 57),
        26: _points(56, 58, down=1 / 2),
    },
}


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


def au_points(aus: Sequence[int], centres: str = "default") -> list[Point]:
    """Every point of ``aus``, AU by AU: the heatmap channels in order.

    Raises:
        InputError: no such set, or the set has no location for one of ``aus``.
    """
    if centres not in CENTRES:
        raise InputError(f"AU centres {centres!r}: no such set; there are {sorted(CENTRES)}")
    table = CENTRES[centres]
    for au in aus:
        if au not in table:
            have = [name for name, known in sorted(CENTRES.items()) if au in known]
            called = f" ({NAMES[au][0]})" if au in NAMES else ""
            raise InputError(
                f"AU centres {centres!r}: no location for {au_name(au)}{called}; "
                + (
                    f"the sets {have} have one"
                    if have
                    else "give it one in CENTRES of g2rl/action_units.py "
                    "(docs/real-data.md, “An AU without a place”)"
                )
            )
    return [point for au in aus for point in table[au]]


def point_au(aus: Sequence[int], centres: str = "default") -> np.ndarray:
    """(P,) int64: for each heatmap channel, which of ``aus`` (its index, 0 ≤ i < K) the point belongs to."""
    counts = [len(au_points([au], centres)) for au in aus]
    return np.repeat(np.arange(len(aus)), counts)


def map_au(aus: Sequence[int], centres: str = "default", maps: str = "point") -> np.ndarray:
    """As ``point_au``, for networks with a heatmap a point, or with one an AU (``maps`` is ``au``)."""
    return point_au(aus, centres) if maps == "point" else np.arange(len(aus))


def centre_weights(aus: Sequence[int], centres: str = "default") -> tuple[np.ndarray, np.ndarray]:
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


def au_centres(landmarks: np.ndarray, aus: Sequence[int], centres: str = "default") -> np.ndarray:
    """The AU locations of faces.

    Args:
        landmarks: (..., 68, 2) x, y in any pixel units, upright faces (down is +y).

    Returns:
        (..., P, 2) in the same units, channels as in ``au_points``.
    """
    return place_points(landmarks, *centre_weights(aus, centres))
