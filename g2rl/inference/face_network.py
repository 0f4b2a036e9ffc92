"""What ``g2rl predict`` asks of a network, whatever runs it."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from g2rl.io.hashing import content_sha256
from g2rl.network.description import FaceModel

if TYPE_CHECKING:
    import torch

OWN_MODEL = Path(str(files("g2rl"))) / "resources/real_faces.safetensors"  # docs/evidence/real_faces.md
SMOOTH = 0.2  # seconds over which its intensities are averaged: its figures were measured so


def open_model(path: Path, choose_device: "Callable[[], torch.device | None]") -> FaceModel:
    """Read a model of either format: ``.onnx``, which needs no torch, or ``model.safetensors``.

    Args:
        choose_device: where torch computes, None for the CPU; not called for ``.onnx``, which runs there.

    Raises:
        InputError: see ``read_onnx`` and ``read_model``.
    """
    if path.suffix.lower() == ".onnx":
        from g2rl.network.onnx_file import read_onnx

        return read_onnx(path)
    import torch

    from g2rl.network.model_file import read_model

    return read_model(path, choose_device() or torch.device("cpu"))


class FaceNetwork:
    """A trained network, ready to run.

    Attributes:
        aus: K action units.
        alignment: of the faces that it was trained on.
        image_size: S, side of the faces that it takes, pixels.
        description: what it was trained on, in one line.
        label: the name of its file, and that it was trained on rendered faces.
        digest: SHA-256 of its file.
    """

    def __init__(self, model: FaceModel, name: str, digest: str) -> None:
        self._model, self._of_au, self.digest = model, model.heatmap_au, digest
        self.aus, self.alignment, self.image_size = model.aus, model.alignment, model.settings.image_size
        several = f"mean of {len(model.image_sizes)} networks; " if model.image_sizes else ""
        sides = " and ".join(f"{side}×{side}" for side in sorted({*model.image_sizes} or {self.image_size}))
        self.description = (
            f"{name}: {several}AUs {', '.join(map(str, self.aus))}; "
            f"faces of {sides} pixels; trained on {model.trained_on}"
        )
        self.label = name
        if model.rendered:
            self.label += " (trained on rendered faces)"
            self.description += ", never on a real face: compare with codes of your own before you conclude"

    def predict_faces(self, faces: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Intensities (B, K) 0–5 and heatmaps (B, K, S', S'), each the mean over its AU's points; float32.

        Args:
            faces: (B, S, S, 3) uint8 RGB, aligned.
            landmarks: (B, 68, 2) float32, pixels of the aligned 256×256 faces.
        """
        found = self._model.predict(faces, landmarks)
        heatmaps = [found.heatmaps[:, self._of_au == k].mean(1) for k in range(len(self.aus))]
        return found.intensity, np.stack(heatmaps, 1)


def open_network(
    path: Path, choose_device: "Callable[[], torch.device | None]" = lambda: None
) -> FaceNetwork:
    """Read a model: see ``open_model``."""
    return FaceNetwork(open_model(path, choose_device), path.name, content_sha256(path))
