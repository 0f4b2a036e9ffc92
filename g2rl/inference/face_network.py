"""What ``g2rl predict`` asks of a network, whatever runs it."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from g2rl.config.alignment import Alignment

if TYPE_CHECKING:
    import torch


class FaceNetwork(Protocol):
    """A trained network, ready to run.

    Attributes:
        aus: K action units.
        alignment: of the faces that it was trained on.
        image_size: S, side of the faces that it takes, pixels.
        description: what it was trained on, in one line.
    """

    aus: tuple[int, ...]
    alignment: Alignment
    image_size: int
    description: str

    def predict_faces(self, faces: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intensities (B, K) 0–5 and heatmaps (B, K, S', S'), each the mean over its AU's points; float32.

        Args:
            faces: (B, S, S, 3) uint8 RGB, aligned.
            landmarks: (B, 68, 2) float32, pixels of the aligned 256×256 faces.
        """
        ...


def open_network(path: Path, device: "torch.device | None" = None) -> FaceNetwork:
    """Read a model.

    Args:
        device: where it runs; the CPU if None.

    Raises:
        InputError: it is no model, or cannot be read.
    """
    from g2rl.inference.predictor import TorchNetwork

    return TorchNetwork(path, device)
