"""What cameras and files do to an image: exposure, colour, blur, few pixels, noise, compression."""

import cv2
import numpy as np


def through_camera(rng: np.random.Generator, image: np.ndarray) -> tuple[bytes, float]:
    """An image as some camera would take it.

    Args:
        image: (H, W, 3) uint8 BGR.

    Returns:
        A JPEG of the same shape; and the share of its resolution that is left, in (0, 1].
    """
    height, width = image.shape[:2]
    value = image.astype(np.float32) / 255
    value = np.clip(value, 1e-4, 1) ** np.float32(np.exp(rng.normal(0, 0.25)))
    value *= np.exp(rng.normal(0, 0.06, 3) + rng.normal(0, 0.15)).astype(np.float32)
    if rng.random() < 0.15:  # grey
        value = np.repeat(cv2.cvtColor(value, cv2.COLOR_BGR2GRAY)[..., None], 3, axis=2)
    sharpness = 1.0
    if rng.random() < 0.3:  # few pixels
        sharpness = float(rng.uniform(0.35, 1))
        small = (max(round(width * sharpness), 32), max(round(height * sharpness), 32))
        value = cv2.resize(value, small, interpolation=cv2.INTER_AREA)
    if rng.random() < 0.2:  # out of focus
        value = cv2.GaussianBlur(value, (0, 0), rng.uniform(0.4, 1.3))
    elif rng.random() < 0.1:  # moved
        length = int(rng.integers(3, 6))
        turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), rng.uniform(0, 180), 1)
        line = np.zeros((length, length), np.float32)
        line[length // 2] = 1
        kernel = cv2.warpAffine(line, turn, (length, length))
        value = cv2.filter2D(value, -1, kernel / max(kernel.sum(), 1e-3))
    noise = rng.uniform(0, 0.02) if rng.random() < 0.75 else rng.uniform(0.02, 0.06)
    value += rng.normal(0, noise, (*value.shape[:2], 1)).astype(np.float32)
    value += rng.standard_normal(value.shape, np.float32) * np.float32(0.5 * noise)
    taken = cv2.convertScaleAbs(np.clip(value, 0, 1), alpha=255)
    if sharpness < 1:
        taken = cv2.resize(taken, (width, height), interpolation=cv2.INTER_CUBIC)
    quality = int(rng.integers(35, 96))
    jpeg = cv2.imencode(".jpg", taken, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return jpeg.tobytes(), sharpness
