"""``model.safetensors``, the trained network and its description, run by torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from g2rl.action_units import MAX_INTENSITY, format_centres
from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.config.au_centres import centres_in_use
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.io.atomic import atomic_path
from g2rl.network import heatmaps as hm
from g2rl.network import variants
from g2rl.network.description import KEY, Description, FaceModel, Prediction, parse_description
from g2rl.network.mean import MeanNet, mean_heatmaps, weights_of_each
from g2rl.network.model import HeatmapNet
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import input_channels, network_input


def write_model(
    net: HeatmapNet,
    settings: Settings,
    aus: Sequence[int],
    subjects: Sequence[str],
    path: Path,
    alignment: Alignment = DEFAULT_ALIGNMENT,
    datasets: Sequence[str] = (),
) -> None:
    """See ``write_described``; ``subjects`` and ``datasets`` are those of the training."""
    about = Description(
        aus=tuple(aus),
        settings=settings,
        subjects=frozenset(subjects),
        alignment=alignment,
        datasets=tuple(datasets),
    )
    write_described(net, about, path)


def write_described(net: HeatmapNet | MeanNet, about: Description, path: Path, half: bool = False) -> None:
    """The network without the geometry module, with what inference must know and the training subjects.

    Args:
        half: weights of 16 bits, which are read as the nearest of 32 bits.

    Raises:
        InputError: a weight is beyond what 16 bits hold.
    """
    s = about.settings
    centres = format_centres(centres_in_use(s.centres, s.au_centres, about.aus))
    about = replace(about, settings=replace(s, au_centres=centres))  # by value: no table says how to read it
    weights = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    if half:
        weights = {
            name: _half(v, f"{path}: {name}") if v.is_floating_point() else v for name, v in weights.items()
        }
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata={KEY: json.dumps(about.as_json(), sort_keys=True)})


def _half(value: Tensor, name: str) -> Tensor:
    half = value.half()
    if (lost := half.isinf() & value.isfinite()).any():
        raise InputError(
            f"{name} is {value[lost][0]:g}, expected at most {torch.finfo(half.dtype).max:g}, the largest "
            "number of 16 bits: give --onnx, which keeps 32"
        )
    return half


@dataclass(frozen=True, kw_only=True)
class Model(FaceModel):
    """A trained network in torch."""

    net: HeatmapNet | MeanNet
    point_au: Tensor  # (P,) which AU each heatmap belongs to
    device: torch.device

    def estimate(self, faces: Tensor, landmarks: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """``predict`` on tensors: heatmaps, intensities and locations."""
        s = self.settings
        images = network_input(faces, landmarks, s)
        with autocast(self.device, s):
            each = self.net.heatmaps(images)
        found = [
            variants.au_intensities(variants.decode(maps, s), self.point_au, len(self.aus), s)
            for maps in each
        ]
        intensity = torch.stack([values.clamp(0, MAX_INTENSITY) for values in found]).mean(0)
        maps = mean_heatmaps(each)
        return maps, intensity, hm.to_image(hm.locations(maps), ALIGNED_SIZE, s.map_size)

    @torch.inference_mode()
    def predict(self, faces: np.ndarray, landmarks: np.ndarray | None = None) -> Prediction:
        given = (faces,) if landmarks is None else (faces, landmarks)
        found = self.estimate(*(torch.from_numpy(array).to(self.device) for array in given))
        return Prediction(*(each.cpu().numpy() for each in found))


def read_model(path: Path, device: torch.device) -> Model:
    """Read ``model.safetensors``; no code in it runs, and it takes little more memory than its file is long.

    Raises:
        InputError: not a safetensors file, not one of ours, or weights that do not fit its own description.
    """
    try:
        with safe_open(path, "pt") as file:
            description = json.loads((file.metadata() or {})[KEY])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path}: a safetensors file, but not one that `g2rl train` wrote (no description)"
        ) from error
    if isinstance(description, dict) and "method" in description:
        raise InputError(
            f"{path}: a model of the method {description['method']}, which has no heatmaps: "
            "g2rl test takes it"
        )
    floating = {name: value for name, value in weights.items() if value.is_floating_point()}
    if {value.dtype for value in floating.values()} == {torch.float16}:  # all, as write_described does
        weights |= {name: value.float() for name, value in floating.items()}
    try:
        about = parse_description(description)
        points = torch.from_numpy(about.heatmap_au)
        net: HeatmapNet | MeanNet
        if sizes := about.image_sizes:
            each = zip(sizes, weights_of_each(weights, len(sizes)), strict=True)
            nets = [
                _make_net(replace(about.settings, image_size=size), len(points), own) for size, own in each
            ]
            net = MeanNet(nets, sizes)
        else:
            net = _make_net(about.settings, len(points), weights)
    except InputError as error:
        raise InputError(f"{path}: weights do not fit its description: {error}") from error
    net.eval().to(device).to(memory_format=torch.channels_last)
    return Model(**vars(about), net=net, point_au=points.to(device), device=device)


def _make_net(settings: Settings, maps: int, weights: Mapping[str, Tensor]) -> HeatmapNet:
    """The network that the settings describe, with these weights.

    Raises:
        InputError: timm has no such backbone, or the weights have other names, sizes or types.
    """
    if not timm.is_model(settings.backbone):  # a name with a prefix would be looked up on the network
        raise InputError(f"no backbone {settings.backbone!r}")
    for i, width in enumerate(settings.channels):  # a description may claim any size
        name = f"deconv.{3 * i}.weight"
        shape = tuple(weights[name].shape) if name in weights else ()
        if shape[1:2] != (width,):
            raise InputError(f"{name} is {shape}, expected {width} channels")
    for name, value in weights.items():
        if value.is_floating_point() and value.dtype != torch.float32:
            raise InputError(f"{name} is {value.dtype}, expected torch.float32")

    def build() -> HeatmapNet:
        return HeatmapNet(
            settings.backbone,
            maps,
            settings.channels,
            stride=settings.stride,
            in_channels=input_channels(settings),
            image_size=settings.image_size,
        )

    with torch.device("meta"):  # shapes alone, no memory
        net = build()
    if {name for name, _ in net.named_buffers()} - net.state_dict().keys():  # computed, as Swin's masks
        net = build()
    try:
        net.load_state_dict(weights, assign=True)
    except RuntimeError as error:  # torch's: names or shapes
        raise InputError(str(error).splitlines()[-1].strip()) from error
    return net
