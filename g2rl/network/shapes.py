"""The layers of a training network with the shapes of their outputs, seen in a forward pass."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from g2rl.config.training import Settings
from g2rl.network.controls import ConstantTarget
from g2rl.network.model import G2RL, GeometryModule
from g2rl.network.preprocessing import input_channels
from g2rl.network.variants import build_model, guide

LANDMARKS = 68


@dataclass(frozen=True)
class Layer:
    """A layer, or what goes in: of one face, so without the dimension of the batch.

    Attributes:
        part: ``net`` (the network at test time), ``geometry`` or ``projection``.
        kind: its class, such as ``ConvTranspose2d``; ``Input``, ``Adjacency``, ``Concatenation`` or the
            backbone's name.
        shape: of its output.
        parameters: their number, with those of the batch normalisation behind it.
    """

    part: str
    name: str
    kind: str
    shape: tuple[int, ...]
    parameters: int


def trace_layers(settings: Settings, maps: int) -> list[Layer]:
    """Run a face through the network that the settings describe, with its geometry module.

    Args:
        maps: P, the number of heatmaps.

    Returns:
        In the order of the pass: inputs, A, the backbone as one, the convolutions and fully connected layers.
    """
    model = build_model(settings, maps).eval()
    images = torch.zeros(1, input_channels(settings), settings.image_size, settings.image_size)
    guiding = guide(torch.zeros(1, LANDMARKS, 2), torch.zeros(1, maps), settings)
    layers = [Layer("net", "images", "Input", tuple(images.shape[1:]), 0)]

    def add(path: str, kind: str, output: Tensor, parameters: int) -> None:
        part, _, name = path.partition(".")
        layers.append(Layer(part, name, kind, tuple(output.shape[1:]), parameters))

    graph, source = model.geometry, "I" if settings.geometry == "intensities" else "P"
    if not isinstance(graph, ConstantTarget):
        graph.register_forward_pre_hook(lambda _, given: add(f"geometry.{source}", "Input", given[0], 0))
    if isinstance(graph, GeometryModule):
        adjacency = graph.adjacency

        def traced(features: Tensor) -> Tensor:
            found = adjacency(features)
            add("geometry.A", "Adjacency", found, 0)
            return found

        graph.adjacency = traced
    else:
        graph.register_forward_hook(lambda _, __, output: add("geometry.G", type(graph).__name__, output, 0))
    for path, (module, count) in _shown(model).items():
        kind = settings.backbone if path == "net.backbone" else type(module).__name__
        if isinstance(module, nn.Conv1d):
            module.register_forward_pre_hook(lambda _, given: add("geometry.F", "Concatenation", given[0], 0))
        module.register_forward_hook(
            lambda _, __, output, path=path, kind=kind, count=count: add(
                path, kind, output[-1] if isinstance(output, list) else output, count
            )
        )
    with torch.inference_mode():
        model(images, guiding)
    return layers


def _shown(model: G2RL) -> dict[str, tuple[nn.Module, int]]:
    """The layers by path, each with the number of its parameters and of a batch normalisation behind it."""
    kinds = (nn.Conv1d, nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    found: dict[str, tuple[nn.Module, int]] = {}
    for path, module in model.named_modules():
        count = sum(weights.numel() for weights in module.parameters())
        if path == "net.backbone" or (isinstance(module, kinds) and not path.startswith("net.backbone.")):
            found[path] = module, count
        elif isinstance(module, nn.BatchNorm2d) and not path.startswith("net.backbone."):
            before, (layer, own) = list(found.items())[-1]
            found[before] = layer, own + count
    return found
