"""``model.safetensors``, the trained network and its description (settings, AUs, subjects)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from g2rl.action_units import format_centres, map_au
from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.config.au_centres import centres_in_use
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.io.atomic import atomic_path
from g2rl.network.model import HeatmapNet
from g2rl.network.preprocessing import input_channels


def write_model(
    net: HeatmapNet,
    settings: Settings,
    aus: Sequence[int],
    subjects: Sequence[str],
    path: Path,
    alignment: Alignment = DEFAULT_ALIGNMENT,
) -> None:
    """The network without the geometry module, with what inference must know and the training subjects."""
    centres = format_centres(centres_in_use(settings.centres, settings.au_centres, aus))
    settings = replace(settings, au_centres=centres)  # by value, so that no table decides how it is read
    known = {"aus": list(aus), "subjects": sorted(set(subjects)), "alignment": asdict(alignment)}
    description = json.dumps(known | asdict(settings), sort_keys=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata={"g2rl": description})


@dataclass(frozen=True)
class Model:
    """An exported network, ready to run, and what it was trained as."""

    net: HeatmapNet
    aus: tuple[int, ...]
    settings: Settings
    point_au: Tensor  # (P,) which AU each heatmap belongs to
    device: torch.device
    subjects: frozenset[str] = frozenset()  # those it was trained on
    alignment: Alignment = DEFAULT_ALIGNMENT  # of the faces that it was trained on


def read_model(path: Path, device: torch.device) -> Model:
    """Read ``model.safetensors``; no code in it can run, and it takes no more memory than its file is long.

    Raises:
        InputError: not a safetensors file, not one of ours, or weights that do not fit its own description.
    """
    try:
        with safe_open(path, "pt") as file:
            description = json.loads((file.metadata() or {})["g2rl"])
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, not a mapping
    except (OSError, SafetensorError) as error:
        raise InputError(f"{path}: not a readable safetensors file ({error})") from error
    except (KeyError, ValueError) as error:
        raise InputError(
            f"{path}: a safetensors file, but not one that `g2rl train` wrote (no description)"
        ) from error
    try:
        settings, aus, subjects, alignment = _parse(description)
        centres = centres_in_use(settings.centres, settings.au_centres, aus)
        points = torch.from_numpy(map_au(aus, centres, settings.maps))
        net = _make_net(settings, len(points), weights)
    except InputError as error:
        raise InputError(f"{path}: weights do not fit its description: {error}") from error
    net.eval().to(device).to(memory_format=torch.channels_last)
    return Model(net, aus, settings, points.to(device), device, subjects, alignment)


def _parse(description: object) -> tuple[Settings, tuple[int, ...], frozenset[str], Alignment]:
    """Settings, AUs, subjects and alignment of a description, which may be anything that JSON can hold."""
    if not isinstance(description, dict):
        raise InputError(f"it is {description!r:.40}, expected a mapping")
    aus, subjects = description.pop("aus", None), description.pop("subjects", [])
    if not _is_list_of(int, aus):
        raise InputError(f"aus {aus!r:.40}, expected a list of numbers")
    if not _is_list_of(str, subjects):
        raise InputError(f"subjects {subjects!r:.40}, expected a list of names")
    try:
        alignment = Alignment(**description.pop("alignment", {}))
    except TypeError:
        raise InputError("its alignment cannot be read") from None
    if unknown := sorted(description.keys() - {field.name for field in fields(Settings)}):
        raise InputError(f"no setting {unknown[0]!r}")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in description.items()
    }
    return Settings(**values), tuple(aus), frozenset(subjects), alignment


def _is_list_of(kind: type, value: object) -> bool:
    """Whether a value from JSON is a list of this type alone; true and false are no numbers."""
    return isinstance(value, list) and all(type(each) is kind for each in value)


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
    with torch.device("meta"):  # shapes alone, no memory
        net = HeatmapNet(
            settings.backbone,
            maps,
            settings.channels,
            stride=settings.stride,
            in_channels=input_channels(settings),
        )
    try:
        net.load_state_dict(weights, assign=True)
    except RuntimeError as error:  # torch's: names or shapes
        raise InputError(str(error).splitlines()[-1].strip()) from error
    return net
