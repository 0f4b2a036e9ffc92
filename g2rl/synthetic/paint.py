"""Painting on the head's unrolled skin: angle around the head against height, in pixels of one atlas."""

from collections.abc import Iterable

import cv2
import numpy as np

# The cylinder: its axis stands at x = 0, z = AXIS (decimetres); angle 0 looks forwards, +π/2 to its left.
AXIS = 0.35
WIDTH = 1280
SCALE = WIDTH / (2 * np.pi)  # pixels per radian, and per decimetre of height
TOP, BOTTOM = 8.6, 5.1
HEIGHT = round((TOP - BOTTOM) * SCALE)
# Below the cylinder lie patches for what has a surface of its own: name -> (x, y, width, height).
PATCHES = {
    "eye": (0, HEIGHT, 128, 128),
    "teeth": (128, HEIGHT, 128, 128),
    "tongue": (256, HEIGHT, 64, 128),
    "mouth": (320, HEIGHT, 64, 128),
    "inside": (384, HEIGHT, 64, 128),
    "ear": (448, HEIGHT, 64, 128),
    "hair": (512, HEIGHT, 768, 128),
}
ATLAS = (HEIGHT + 128, WIDTH)
# The face: the part of the cylinder where skin moves. Angles ±1.2, heights 8.25 to 5.95.
_X0, _X1 = round((np.pi - 1.2) * SCALE), round((np.pi + 1.2) * SCALE)
_Y0, _Y1 = round((TOP - 8.25) * SCALE), round((TOP - 5.95) * SCALE)
FACE = (slice(_Y0, _Y1), slice(_X0, _X1))
FACE_SHAPE = (_Y1 - _Y0, _X1 - _X0)

ANGLE = ((np.arange(WIDTH) + 0.5) / SCALE - np.pi).astype(np.float32)
ELEVATION = (TOP - (np.arange(HEIGHT) + 0.5) / SCALE).astype(np.float32)
FACE_ANGLE, FACE_ELEVATION = ANGLE[FACE[1]], ELEVATION[FACE[0]]


def to_pixels(angle: np.ndarray | float, elevation: np.ndarray | float) -> tuple:
    """Atlas pixel (x, y) of a place on the cylinder."""
    return (angle + np.pi) * SCALE - 0.5, (TOP - elevation) * SCALE - 0.5


def sigmoid(x: np.ndarray) -> np.ndarray:
    """1 / (1 + e^-x), without overflow."""
    return 1 / (1 + np.exp(-np.clip(x, -30, 30)))


def spot(angle: float, elevation: float, width: float, height: float, mirrored: bool = True) -> np.ndarray:
    """A soft spot on the face (``FACE_SHAPE``, peak 1), and its twin on the other side."""
    rows = np.exp(-0.5 * ((FACE_ELEVATION - elevation) / height) ** 2)
    columns = np.exp(-0.5 * ((FACE_ANGLE - angle) / width) ** 2)
    if mirrored and angle:
        columns = columns + np.exp(-0.5 * ((FACE_ANGLE + angle) / width) ** 2)
    return np.outer(rows, columns).astype(np.float32)


def strokes(
    paths: Iterable[list[tuple[float, float]]], width: float, blur: float, mirrored: bool = True
) -> np.ndarray:
    """Smooth lines on the face, thin at both ends (``FACE_SHAPE``, peak about 1).

    Args:
        paths: (angle, elevation) points of each line.
        width: thickness in the middle, pixels.
        blur: Gaussian sigma, pixels.
        mirrored: draw each on both sides.
    """
    image = np.zeros(FACE_SHAPE, np.uint8)
    for path in paths:
        points = np.array(path)
        t = np.linspace(0, len(points) - 1, 33)
        # A quadratic through the knots' polyline would overshoot: smooth the polyline instead.
        line = np.stack([np.interp(t, np.arange(len(points)), points[:, k]) for k in (0, 1)], axis=1)
        line[2:-2] = (line[:-4] + line[1:-3] + line[2:-2] + line[3:-1] + line[4:]) / 5
        for side in (1, -1) if mirrored else (1,):
            x, y = to_pixels(side * line[:, 0], line[:, 1])
            x, y = x - _X0, y - _Y0
            for i in range(len(line) - 1):
                strength = np.sin(np.pi * (i + 0.5) / (len(line) - 1)) ** 0.6
                cv2.line(
                    image,
                    (round(x[i] * 16), round(y[i] * 16)),
                    (round(x[i + 1] * 16), round(y[i + 1] * 16)),
                    int(255 * strength),
                    max(1, round(width)),
                    cv2.LINE_AA,
                    4,
                )
    soft = cv2.GaussianBlur(image.astype(np.float32) / 255, (0, 0), blur)
    # Blurring a thin line lowers it: bring the middle back to 1.
    return soft * (1 + 1.5 * blur / max(width, 1)) ** 0.5


def polygon(points: list[tuple[float, float]], blur: float) -> np.ndarray:
    """A filled outline on the face with a soft edge (``FACE_SHAPE``, 0 to 1)."""
    x, y = to_pixels(*np.array(points).T)
    image = np.zeros(FACE_SHAPE, np.uint8)
    cv2.fillPoly(image, [np.stack([(x - _X0) * 16, (y - _Y0) * 16], 1).round().astype(np.int32)], 255, 16, 4)
    return cv2.GaussianBlur(image.astype(np.float32) / 255, (0, 0), blur)


def noise(
    rng: np.random.Generator, shape: tuple[int, int], across: float, along: float | None = None
) -> np.ndarray:
    """Smooth noise of unit variance: Gaussian correlation of ``across`` pixels, ``along`` vertically."""
    along = along or across
    # Coarse noise is made small and enlarged: the same look, a fraction of the random numbers.
    fx, fy = max(1, int(across / 2)), max(1, int(along / 2))
    small = rng.standard_normal((shape[0] // fy + 3, shape[1] // fx + 3), np.float32)
    small = cv2.GaussianBlur(small, (0, 0), across / fx, sigmaY=along / fy)
    if (fx, fy) != (1, 1):
        small = cv2.resize(small, (small.shape[1] * fx, small.shape[0] * fy), interpolation=cv2.INTER_LINEAR)
    image = small[: shape[0], : shape[1]]
    return (image - image.mean()) / image.std()
