"""TODO: one line."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import timm
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from g2rl.action_units import map_au
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.io.atomic import atomic_path
from g2rl.network.model import HeatmapNet


def write_model(
    net: HeatmapNet, settings: Settings, aus: Sequence[int], subjects: Sequence[str], path: Path
) -> None:
    """The network without the geometry module, with what inference must know and whom it has seen."""
    known = {"aus": list(aus), "subjects": sorted(set(subjects))}
    about = json.dumps(known | asdict(settings), sort_keys=True)
    weights = {name: value.detach().cpu().contiguous() for name, value in net.state_dict().items()}
    with atomic_path(path) as temporary:
        save_file(weights, temporary, metadata={"g2rl": about})


@dataclass(frozen=True)
class Model:
    """An exported network, ready to run, and what it was trained as."""

    net: HeatmapNet
    aus: tuple[int, ...]
    settings: Settings
    point_au: torch.Tensor  # (P,) which AU each heatmap belongs to
    device: torch.device
    subjects: frozenset[str] = frozenset()  # those it was trained on


def read_model(path: Path, device: torch.device) -> Model:
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
