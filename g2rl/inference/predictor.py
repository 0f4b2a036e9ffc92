"""The exported network alone: aligned faces → heatmaps → AU intensities and locations."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from g2rl.action_units import MAX_INTENSITY
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE, decode
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.inference.predictions import prediction_table
from g2rl.network import heatmaps as hm
from g2rl.network import variants
from g2rl.network.model_file import Model, read_model
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import network_input

BATCH = 64
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Prediction:
    """Of B faces, K AUs and P points."""

    heatmaps: np.ndarray  # (B, P, S', S') float32
    intensity: np.ndarray  # (B, K) 0–5
    locations: np.ndarray  # (B, P, 2) x, y of each heatmap's maximum, pixels of the aligned 256×256 face


@torch.inference_mode()
def predict(model: Model, faces: np.ndarray, landmarks: np.ndarray | None = None) -> Prediction:
    """Run the network on (B, S, S, 3) uint8 RGB aligned faces, S the model's ``settings.image_size``.

    An AU's intensity is the mean of its points' intensities (inverse of Eq. 1), cut to 0–5; another of
    ``au_from_points`` if the model was trained for it.

    Args:
        landmarks: (B, 68, 2) pixels of the aligned 256×256 faces, for a model with ``landmark_channel``.

    Raises:
        InputError: the model needs landmarks and there are none.
    """
    s = model.settings
    points = None if landmarks is None else torch.from_numpy(landmarks).to(model.device)
    images = network_input(torch.from_numpy(faces).to(model.device), points, s)
    with autocast(model.device, s):
        maps, _ = model.net(images)
    maps = maps.float()
    found = variants.au_intensities(variants.decode(maps, s), model.point_au, len(model.aus), s)
    intensity = found.clamp(0, MAX_INTENSITY)
    where = hm.to_image(hm.locations(maps), ALIGNED_SIZE, s.map_size)
    return Prediction(maps.cpu().numpy(), intensity.cpu().numpy(), where.cpu().numpy())


class TorchNetwork:
    """A ``FaceNetwork``: a file of ``g2rl train`` run by PyTorch."""

    def __init__(self, path: Path, device: torch.device | None = None) -> None:
        self._model = read_model(path, device or torch.device("cpu"))
        self.aus, self.alignment = self._model.aus, self._model.alignment
        self.image_size = self._model.settings.image_size
        self.description = (
            f"{path.name}: AUs {', '.join(map(str, self.aus))}; faces of {self.image_size}×{self.image_size} "
            f"pixels; trained on {len(self._model.subjects)} subjects"
        )

    def predict_faces(self, faces: np.ndarray, landmarks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """See ``FaceNetwork``."""
        found = predict(self._model, faces, landmarks)
        of_au = self._model.point_au.cpu().numpy()
        heatmaps = [found.heatmaps[:, of_au == k].mean(1) for k in range(len(self.aus))]
        return found.intensity, np.stack(heatmaps, 1)


def predict_sequence(model: Model, sequence: AlignedSequence) -> np.ndarray:
    """(M, K) float32 intensities 0–5 of the faces of an aligned sequence, in order, by the model's AUs."""
    intensity = np.empty((len(sequence.frame), len(model.aus)), np.float32)
    for start in range(0, len(sequence.frame), BATCH):
        index = np.arange(start, min(start + BATCH, len(sequence.frame)))
        faces = decode(sequence.jpeg, sequence.offsets, index, model.settings.image_size)
        intensity[index] = predict(model, faces, sequence.landmarks[index]).intensity
    return intensity


def check_alignment(model: Model, sequence: AlignedSequence) -> None:
    """Refuse faces that were aligned otherwise than those that the model was trained on.

    Raises:
        InputError: they were.
    """
    if sequence.alignment != model.alignment:
        aligned = f"aligned by {sequence.alignment}, the model's faces by {model.alignment}"
        raise InputError(f"{sequence.sequence}: {aligned}: align it as those")


def predict_sequences(model: Model, sequences: Sequence[AlignedSequence]) -> pd.DataFrame:
    """The predictions of test subjects' aligned sequences; see ``prediction_table``.

    Raises:
        InputError: a sequence's AUs or its alignment are not the model's, the model was trained on its
            subject, or no frame.
    """
    intensities = []
    for sequence in sequences:
        if sequence.aus != model.aus:
            raise InputError(f"{sequence.sequence}: coded for AUs {sequence.aus}, the model for {model.aus}")
        check_alignment(model, sequence)
        if sequence.subject in model.subjects:
            known = f"the model was trained on its subject {sequence.subject}"
            raise InputError(f"{sequence.sequence}: {known}: test it on others")
        intensities.append(predict_sequence(model, sequence))
        log.info("%s: %d frames", sequence.sequence, len(sequence.frame))
    return prediction_table(sequences, intensities)
