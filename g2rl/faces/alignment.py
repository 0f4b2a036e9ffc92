"""Alignment: every face turned, scaled and moved onto one 256×256 template.

The transform is a similarity (rotation, one scale, shift), so it changes neither expression nor proportions.
It is fitted to points that expressions hardly move: the eye corners, the bridge and the base of the nose.
"""

import cv2
import numpy as np

from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.faces.mean_shape import MEAN_SHAPE

# The mean face in aligned pixels, (68, 2) x, y; integer coordinates are pixel centres. Outer eye corners at
# (76.5, 87.8) and (179.5, 87.8), nose base (128, 145), brows from y 60, chin 223.5: room for raised brows
# above and a dropped jaw below. Close to the frames of earlier AU work (eyes at y 87 to 92, chin at 228).
TEMPLATE = MEAN_SHAPE * 180 + (38, 31)

# Eye corners; bridge (27) and base (33) of the nose.
STABLE = np.array([36, 39, 42, 45, 27, 33])


def similarity(points: np.ndarray) -> np.ndarray:
    """The similarity that brings 68 points (68, 2) closest to the template.

    Least squares over the ``STABLE`` points (Umeyama 1991, in the plane and without reflection). With points
    and template as complex numbers p and t, measured from their means, t ≈ a·p with a = Σ p̄t / Σ |p|².

    Returns:
        (2, 3) float64, the matrix that takes raw pixels to aligned pixels, as ``cv2.warpAffine`` wants it.

    Raises:
        ValueError: the stable points are not finite or all in one place.
    """
    p, t = (np.asarray(xy, np.float64)[STABLE] @ [1, 1j] for xy in (points, TEMPLATE))
    spread = np.sum(np.abs(p - p.mean()) ** 2)
    if not spread > 0:  # NaN too
        raise ValueError("no similarity: the stable points are not finite, or all in one place")
    a = np.vdot(p - p.mean(), t - t.mean()) / spread
    b = t.mean() - a * p.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def transform_points(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Take points (..., 2) through ``matrix`` (2, 3); float64."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def warp(image: np.ndarray, matrix: np.ndarray, size: int = ALIGNED_SIZE) -> np.ndarray:
    """Take an image (H, W) or (H, W, 3) uint8 through ``matrix`` into (size, size[, 3]).

    Linear interpolation. A face that shrinks by 1.5 or more is first averaged over k×k blocks of pixels, k
    the nearest whole factor, so that fine texture does not alias. Beyond the image its edge pixels are
    repeated: no mirrored faces, no black border that reveals the head's position.
    """
    k = round(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if k > 1:
        image, matrix = _reduce(image, matrix, size, k)
    return cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _reduce(image: np.ndarray, matrix: np.ndarray, size: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """The part of an image that the warp needs, averaged over k×k blocks, and the matrix that fits it."""
    back = cv2.invertAffineTransform(matrix)
    corners = transform_points(back, np.array([(0, 0), (size, 0), (0, size), (size, size)]))
    height, width = image.shape[:2]
    # Never less than a block: a face wholly outside still sees the nearest edge.
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int) - 2 * k, 0, (max(width - k, 0), max(height - k, 0)))
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 2 * k, (width, height))
    columns, rows = max(1, (x1 - x0) // k), max(1, (y1 - y0) // k)
    cut = image[y0 : y0 + rows * k, x0 : x0 + columns * k]
    # A block's centre: raw x = k·x + x0 + (k − 1) / 2.
    shift = np.array([x0, y0]) + (k - 1) / 2
    fitted = np.hstack([matrix[:, :2] * k, (matrix[:, :2] @ shift + matrix[:, 2])[:, None]])
    return cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA), fitted
