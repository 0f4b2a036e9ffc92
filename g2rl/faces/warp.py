"""Points and images taken through a (2, 3) matrix."""

import cv2
import numpy as np

from g2rl.faces.jpeg import ALIGNED_SIZE


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
