"""What is estimated of each face of each frame: the records that predictions hand to their writers."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class FaceEstimate:
    """One face in one frame; K AUs.

    Attributes:
        face_id: from 0, stable over a video; in a photo by size.
        box: left, top, right, bottom; pixels of the upright image.
        landmarks: (68, 2) float64, pixels of the image.
        score: the detector's.
        confidence: 0–1.
        success: whether the estimate is to be trusted.
        pose: pitch, yaw, roll in degrees.
        intensity: (K,) float32, 0–5, by the model's AUs.
        heatmaps: (K, S', S') float32, one per AU (mean over its points), in the network's units.
        to_aligned: (2, 3) matrix from the image to the aligned 256×256 face.
    """

    face_id: int
    box: tuple[float, float, float, float]
    landmarks: np.ndarray
    score: float
    confidence: float
    success: bool
    pose: tuple[float, float, float]
    intensity: np.ndarray
    heatmaps: np.ndarray
    to_aligned: np.ndarray


@dataclass(frozen=True)
class FrameEstimate:
    """One frame or photo.

    Attributes:
        file: name of the video or image.
        frame: its number; None for photos.
        timestamp: seconds after the first frame; NaN where unknown.
        image: (H, W, 3) uint8 RGB; None where it could not be decoded.
        faces: those found.
    """

    file: str
    frame: int | None
    timestamp: float
    image: np.ndarray | None
    faces: tuple[FaceEstimate, ...]
