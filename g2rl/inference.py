"""The exported network alone: aligned faces → heatmaps → AU intensities and locations."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import timm
import torch
from safetensors import SafetensorError, safe_open

from g2rl import heatmaps as hm
from g2rl.au import MAX_INTENSITY, map_au
from g2rl.cache import Shard, decode
from g2rl.files import InputError
from g2rl.model import HeatmapNet
from g2rl.predictions import prediction_table
from g2rl.training import ALIGNED_SIZE, Settings, autocast, normalise

BATCH = 64


@dataclass(frozen=True)
class Model:
    """An exported network, ready to run, and what it was trained as."""

    net: HeatmapNet
    aus: tuple[int, ...]
    settings: Settings
    point_au: torch.Tensor  # (P,) which AU each heatmap belongs to
    device: torch.device
    subjects: frozenset[str] = frozenset()  # those it was trained on


@dataclass(frozen=True)
class Prediction:
    """Of B faces: heatmaps (B, P, S', S') float32; AU intensity (B, K) 0–5; point locations (B, P, 2), pixels
    of the aligned 256×256 face."""

    heatmaps: np.ndarray
    intensity: np.ndarray
    locations: np.ndarray


def load_model(path: Path, device: torch.device) -> Model:
    """Read ``model.safetensors``; no code in it can run, and it takes no more memory than its file is long.

    Raises:
        InputError: not a safetensors file, not one of ours, or weights that do not fit its own description.
    """
    try:
        with safe_open(path, "pt") as file:
            about = json.loads((file.metadata() or {})["g2rl"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path}: a safetensors file, but not one that `g2rl train` wrote (no description)"
        ) from error
    try:
        aus, subjects = tuple(about.pop("aus")), frozenset(about.pop("subjects", ()))
        lists = {name: tuple(value) for name, value in about.items() if isinstance(value, list)}
        settings = Settings(**about | lists)
        points = torch.from_numpy(map_au(aus, settings.centres, settings.maps))
        if not timm.is_model(settings.backbone):  # a name with a prefix would be looked up on the network
            raise InputError(f"no backbone {settings.backbone!r}")
        with torch.device("meta"):  # shapes alone: a description may claim any size
            net = HeatmapNet(settings.backbone, len(points), settings.channels, stride=settings.stride)
        if other := next(
            (
                name
                for name, value in weights.items()
                if value.is_floating_point() and value.dtype != torch.float32
            ),
            "",
        ):
            raise InputError(f"{other} is {weights[other].dtype}, expected torch.float32")
        net.load_state_dict(weights, assign=True)
    except Exception as error:  # whatever a stranger's description leads to
        reason = (str(error).splitlines() or [type(error).__name__])[-1].strip()
        raise InputError(f"{path}: weights do not fit its description: {reason}") from error
    net.eval().to(device, memory_format=torch.channels_last)
    return Model(net, aus, settings, points.to(device), device, subjects)


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
    read = hm.intensities if s.readout == "max" else hm.soft_intensities
    points = read(maps, s.sigma, s.amplitude)
    intensity = hm.au_mean(points, model.point_au, len(model.aus)).clamp(0, MAX_INTENSITY)
    where = hm.to_image(hm.locations(maps), ALIGNED_SIZE, s.map_size)
    return Prediction(maps.cpu().numpy(), intensity.cpu().numpy(), where.cpu().numpy())


def predict_shard(model: Model, shard: Shard) -> np.ndarray:
    """(M, K) float32 intensities 0–5 of the faces of a shard, in order, by the model's AUs."""
    intensity = np.empty((len(shard.frame), len(model.aus)), np.float32)
    for start in range(0, len(shard.frame), BATCH):
        index = np.arange(start, min(start + BATCH, len(shard.frame)))
        faces = decode(shard.jpeg, shard.offsets, index, model.settings.image_size)
        intensity[index] = predict(model, faces).intensity
    return intensity


def predict_shards(model: Model, shards: Sequence[Shard]) -> pd.DataFrame:
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
