"""Alignment: every face turned, scaled and moved onto one 256×256 template.

By default the transform is a similarity (rotation, one scale, shift), so it changes neither expression nor
proportions, fitted to points that expressions hardly move: the eye corners, the bridge and the base of the
nose. The other sets of anchors are those that earlier work on AU intensity names (``ANCHORS``).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.faces.mean_shape import MEAN_SHAPE

# The mean face in aligned pixels, (68, 2) x, y; integer coordinates are pixel centres. Outer eye corners at
# (76.5, 87.8) and (179.5, 87.8), nose base (128, 145), brows from y 60, chin 223.5: room for raised brows
# above and a dropped jaw below. Close to the frames of earlier AU work (eyes at y 87 to 92, chin at 228).
TEMPLATE = MEAN_SHAPE * 180 + (38, 31)

# The mean face as the crops of EvelynFan/FAU have it: nose base at (128, 151) in each of the five published,
# outer eye corners 102 to 129 pixels apart (here 115), eyes at y 87 to 92 (87), chin at 230 to 259 (239).
_SIBLING = (TEMPLATE - TEMPLATE[33]) * 1.12 + (128, 151)


@dataclass(frozen=True)
class AnchorSet:
    """The points that are brought to fixed places.

    Attributes:
        groups: the landmarks (0-based) of each of n anchors, which is their mean.
        target: (n, 2) x, y, where they go, aligned pixels.
        affine: whether an affine transform is fitted (n ≥ 3), instead of a similarity.
    """

    groups: tuple[tuple[int, ...], ...]
    target: np.ndarray
    affine: bool = False


def _at(template: np.ndarray, *groups: tuple[int, ...]) -> AnchorSet:
    return AnchorSet(groups, _means(template, groups))


def _means(points: np.ndarray, groups: tuple[tuple[int, ...], ...]) -> np.ndarray:
    return np.array([points[list(group)].mean(0) for group in groups])


ANCHORS: Mapping[str, AnchorSet] = {
    # Eye corners; bridge (27) and base (33) of the nose.
    "eyes_nose": _at(TEMPLATE, (36,), (39,), (42,), (45,), (27,), (33,)),
    # The nose (27 to 35) and the outer lips (48 to 59): "the nose and mouth positions", the first author.
    "nose_mouth": _at(_SIBLING, *((i,) for i in (*range(27, 36), *range(48, 60)))),
    # Chin and outer eye corners, exactly, by an affine transform: Sánchez-Lozano et al., BMVC 2018.
    "eyes_chin": AnchorSet(
        ((8,), (36,), (45,)), np.array([(127.6, 227.8), (79.2, 87.0), (176.8, 87.0)]), affine=True
    ),
    # The centres of both eyes, exactly.
    "eyes": _at(TEMPLATE, tuple(range(36, 42)), tuple(range(42, 48))),
}


def alignment_matrix(points: np.ndarray, alignment: Alignment = DEFAULT_ALIGNMENT) -> np.ndarray:
    """The transform that brings the anchors among 68 points (68, 2) closest to their places.

    Least squares over the anchors. A face that is to be larger or smaller is scaled about the image's centre.

    Returns:
        (2, 3) float64, the matrix that takes raw pixels to aligned pixels, as ``cv2.warpAffine`` wants it.

    Raises:
        ValueError: the anchors are not finite, or all in one place; of an affine transform, in one line.
    """
    anchors = ANCHORS[alignment.anchors]
    source = _means(np.asarray(points, np.float64), anchors.groups)
    matrix = (_affine if anchors.affine else _similarity)(source, anchors.target)
    if alignment.scale == 1:
        return matrix
    centre = (ALIGNED_SIZE - 1) / 2
    return alignment.scale * matrix + np.array([[0, 0, centre], [0, 0, centre]]) * (1 - alignment.scale)


def _similarity(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The similarity from points (n, 2) to points (n, 2): Umeyama 1991, in the plane and without reflection.

    With the points as complex numbers p and t, measured from their means, t ≈ a·p with a = Σ p̄t / Σ |p|².
    """
    p, t = (xy @ [1, 1j] for xy in (source, target))
    spread = np.sum(np.abs(p - p.mean()) ** 2)
    if not spread > 0:  # NaN too
        raise ValueError("no similarity: the anchors are not finite, or all in one place")
    a = np.vdot(p - p.mean(), t - t.mean()) / spread
    b = t.mean() - a * p.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def _affine(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The affine transform from points (n, 2) to points (n, 2), n ≥ 3."""
    from_mean = source - source.mean(0)
    if not (np.isfinite(from_mean).all() and np.linalg.matrix_rank(from_mean) == 2):
        raise ValueError("no affine transform: the anchors are not finite, or all in one line")
    linear = np.linalg.lstsq(from_mean, target - target.mean(0), rcond=None)[0].T
    return np.hstack([linear, (target.mean(0) - linear @ source.mean(0))[:, None]])
