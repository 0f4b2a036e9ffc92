"""How far an estimate of a face can be trusted: from 0 to 1, the worst of five conditions.

| condition | 1 | 0 | why |
|---|---|---|---|
| the detector's score | 1 and above | 0 | covered, turned and false faces score low: false ones below 0.31 |
| the face's direction | up to 20° off the camera | 60° | of a turned face one side is not seen |
| sharpness | 0.35 and above | 0.15 | at 0.15 the face is blurred by a twentieth of its width |
| size | a pixel per pixel that the network sees | – | smaller faces are enlarged, their detail is not there |
| share of the landmarks outside the image | none | half | what is outside is not seen |

Between the two values it is linear. Below ``LEAST`` an estimate is not a success.
"""

import cv2
import numpy as np

from g2rl.faces.jpeg import ALIGNED_SIZE

LEAST = 0.3
SCORE, ANGLE, SHARPNESS = (0.0, 1.0), (60.0, 20.0), (0.15, 0.35)  # confidence 0, 1
SHARP_SIZE = 64  # side of the aligned face whose sharpness is measured
MIDDLE = slice(SHARP_SIZE // 5, SHARP_SIZE * 4 // 5)  # of it: eyes, nose and mouth, no background


def confidence(
    score: float,
    pose: tuple[float, float, float],
    aligned: np.ndarray,
    matrix: np.ndarray,
    network_size: int,
    points: np.ndarray,
    image_size: tuple[int, int],
) -> float:
    """0–1: the worst of the conditions above.

    Args:
        score: the detector's.
        pose: pitch, yaw and roll in degrees.
        aligned: (256, 256, 3) uint8, the aligned face.
        matrix: (2, 3), from the image to it.
        network_size: side of the aligned face as the network sees it, pixels.
        points: (68, 2) pixels of the image.
        image_size: its width and height.
    """
    pitch, yaw, _ = np.radians(pose)
    angle = float(np.degrees(np.arccos(np.cos(pitch) * np.cos(yaw))))
    enlarged = np.sqrt(abs(np.linalg.det(matrix[:, :2]))) * network_size / ALIGNED_SIZE
    outside = np.any((points < 0) | (points > np.array(image_size) - 1), axis=1).mean()
    parts = (
        _ramp(score, SCORE),
        _ramp(angle, ANGLE),
        _ramp(sharpness(aligned), SHARPNESS),
        1 / max(1.0, enlarged),
        max(0.0, 1 - 2 * outside),
    )
    return float(min(parts))


def sharpness(aligned: np.ndarray) -> float:
    """Standard deviation of the Laplacian over that of the grey values, in the middle of an aligned face of
    64×64 pixels: 0.5 to 1 for sharp faces, whatever their contrast."""
    grey = cv2.resize(
        cv2.cvtColor(aligned, cv2.COLOR_RGB2GRAY), (SHARP_SIZE, SHARP_SIZE), interpolation=cv2.INTER_AREA
    )
    middle = grey[MIDDLE, MIDDLE].astype(np.float32)
    return float(cv2.Laplacian(middle, cv2.CV_32F).std() / (middle.std() + 1))


def _ramp(value: float, ends: tuple[float, float]) -> float:
    """0 at the first of ``ends``, 1 at the second, linear between."""
    low, high = ends
    return min(1.0, max(0.0, (value - low) / (high - low)))
