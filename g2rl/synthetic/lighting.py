"""The light and the background of a sequence, drawn at random."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Light:
    """A key light from ``direction`` (3,) with colour ``key`` (3,), and ambient light of grey ``ambient``."""

    direction: np.ndarray
    key: np.ndarray
    ambient: float


def draw_light(rng: np.random.Generator) -> Light:
    """A studio's or a room's light."""
    direction = np.array([rng.uniform(-0.7, 0.7), rng.uniform(0.15, 0.7), rng.uniform(0.7, 1.2)])
    colour = 1 + rng.normal(0, 0.045, 3) + np.array([0.03, 0, -0.03]) * rng.normal()
    return Light(direction, rng.uniform(0.85, 1.35) * colour / colour.mean(), rng.uniform(0.35, 0.6))


def draw_background(rng: np.random.Generator, width: int, height: int) -> np.ndarray:
    """(height, width, 3) uint8 BGR: a studio backdrop, or a room out of focus."""
    rows, columns = height // 8, width // 8  # smooth: drawn small, enlarged
    y, x = np.mgrid[:rows, :columns].astype(np.float32) / [[[rows]], [[columns]]]
    base = rng.uniform(0.12, 0.62) * np.clip(1 + 0.07 * rng.normal(0, 1, 3), 0.7, 1.3)
    image = np.ones((rows, columns, 3)) * base
    if rng.random() < 0.55:
        spot = np.exp(-(((x - rng.uniform(0.2, 0.8)) / 0.6) ** 2) - ((y - rng.uniform(0.1, 0.6)) / 0.7) ** 2)
        folds = np.sin(x * rng.uniform(20, 45) + 2 * np.sin(3 * x + rng.uniform(0, 6))) * rng.choice(
            [0.0, 0.04]
        )
        image *= (0.72 + 0.45 * spot + folds)[..., None]
    else:
        image *= (1.1 - 0.3 * y)[..., None]
        for _ in range(rng.integers(3, 8)):  # furniture, frames, a window
            x0, y0 = rng.uniform(-0.1, 0.9), rng.uniform(0, 0.8)
            x1, y1 = x0 + rng.uniform(0.1, 0.4), y0 + rng.uniform(0.08, 0.5)
            colour = np.clip(base * rng.uniform(0.45, 1.7) * (1 + 0.12 * rng.normal(0, 1, 3)), 0.03, 0.95)
            image[
                round(max(y0, 0) * rows) : round(y1 * rows), round(max(x0, 0) * columns) : round(x1 * columns)
            ] = colour
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(2.0, 5.0))
    image = np.clip(image + 0.008 * cv2.GaussianBlur(rng.standard_normal(image.shape), (0, 0), 3), 0.01, 0.97)
    image = cv2.resize(image.astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    return cv2.convertScaleAbs(image, alpha=255)
