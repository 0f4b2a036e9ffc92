"""The exported network alone: aligned faces → heatmaps → AU intensities and locations."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from g2rl.action_units import MAX_INTENSITY
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE, decode
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.inference.predictions import prediction_table
from g2rl.network import heatmaps as hm
from g2rl.network.model_file import Model
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import normalise

BATCH = 64


@dataclass(frozen=True)
class Prediction:
    """Of B faces: heatmaps (B, P, S', S') float32; AU intensity (B, K) 0–5; point locations (B, P, 2), pixels
    of the aligned 256×256 face."""

    heatmaps: np.ndarray
    intensity: np.ndarray
    locations: np.ndarray


@torch.inference_mode()
def predict(model: Model, faces: np.ndarray) -> Prediction:
    """Run the network on (B, S, S, 3) uint8 RGB aligned faces, S the model's ``settings.image_size``.

    An AU's intensity is the mean of its points' intensities (inverse of Eq. 1), cut to 0–5.
    """
    s = model.settings
    images = normalise(torch.from_numpy(faces).to(model.device))
    with autocast(model.device, s):
        maps, _ = model.net(images)
    maps = maps.float()
    read = hm.intensities if s.decoding == "max" else hm.soft_intensities
    points = read(maps, s.sigma, s.amplitude)
    intensity = hm.au_mean(points, model.point_au, len(model.aus)).clamp(0, MAX_INTENSITY)
    where = hm.to_image(hm.locations(maps), ALIGNED_SIZE, s.map_size)
    return Prediction(maps.cpu().numpy(), intensity.cpu().numpy(), where.cpu().numpy())


def predict_shard(model: Model, shard: AlignedSequence) -> np.ndarray:
    """(M, K) float32 intensities 0–5 of the faces of a shard, in order, by the model's AUs."""
    intensity = np.empty((len(shard.frame), len(model.aus)), np.float32)
    for start in range(0, len(shard.frame), BATCH):
        index = np.arange(start, min(start + BATCH, len(shard.frame)))
        faces = decode(shard.jpeg, shard.offsets, index, model.settings.image_size)
        intensity[index] = predict(model, faces).intensity
    return intensity


def predict_shards(model: Model, shards: Sequence[AlignedSequence]) -> pd.DataFrame:
    """A row a frame: subject, sequence, frame, then AU.._true (None where not coded), AU.._pred for each AU.

    Raises:
        InputError: a shard's AUs are not the model's; the model was trained on a shard's subject; no frame.
    """
    intensities = []
    for shard in shards:
        if shard.aus != model.aus:
            raise InputError(f"{shard.sequence}: coded for AUs {shard.aus}, the model for {model.aus}")
        if shard.subject in model.subjects:
            raise InputError(
                f"{shard.sequence}: the model was trained on its subject {shard.subject}: test it on others"
            )
        intensities.append(predict_shard(model, shard))
        print(f"{shard.sequence}: {len(shard.frame)} frames", file=sys.stderr)
    return prediction_table(shards, intensities)
