"""MediaPipe's networks, run by OpenCV: its face detector for faces near and far, and its face mesh."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

RESOURCES = Path(__file__).parents[1] / "resources"
SIDE = 192  # of the images that both networks take, pixels
POSITIONS = [0, *range(2, 8)]  # of a detection: all but the size of its box
_GRID = (np.arange(48) + 0.5) * SIDE / 48
_ANCHORS = np.stack(np.meshgrid(_GRID, _GRID), axis=-1).reshape(-1, 1, 2)


def detect(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """BlazeFace, full range: whether and where there are faces about each of 2304 places.

    Args:
        image: (192, 192, 3) uint8 RGB.

    Returns:
        Scores (2304,) 0–1, and (2304, 8, 2) x, y in pixels: centre, width and height of the face's box, right
        eye, left eye, tip of the nose, mouth, right ear, left ear.
    """
    blob = cv2.dnn.blobFromImage(image, 1 / 127.5, mean=(127.5, 127.5, 127.5))
    outputs = ("reshaped_regressor_face_4", "reshaped_classifier_face_4")
    found, logits = _run("mediapipe_detector.tflite", blob, outputs)
    places = found.reshape(-1, 8, 2).copy()
    places[:, POSITIONS] += _ANCHORS - 0.5
    return _sigmoid(logits.ravel()), places


def predict_mesh(image: np.ndarray) -> tuple[float, np.ndarray]:
    """The face mesh.

    Args:
        image: (192, 192, 3) uint8 RGB, an upright face in its middle, two thirds of its size.

    Returns:
        How likely a face is there, 0–1; (468, 2) x, y in pixels.
    """
    points, logit = _run(
        "mediapipe_mesh.tflite", cv2.dnn.blobFromImage(image, 1 / 255), ("conv2d_20", "conv2d_30")
    )
    return float(_sigmoid(logit).item()), points.reshape(468, 3)[:, :2].astype(np.float64)


@functools.cache  # once per process
def _load(name: str) -> Any:
    # OpenCV 5's new engine gives only one of a network's outputs.
    return cv2.dnn.readNetFromTFLite(str(RESOURCES / name), cv2.dnn.ENGINE_CLASSIC)


def _run(name: str, blob: np.ndarray, outputs: Sequence[str]) -> list[np.ndarray]:
    net = _load(name)
    net.setInput(blob)
    found: list[np.ndarray] = net.forward(outputs)
    return found


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.clip(logits, -50, 50)))
