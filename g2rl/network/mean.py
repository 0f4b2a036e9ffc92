"""Several trained networks as one, whose heatmaps are the mean of theirs."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from g2rl.errors import InputError
from g2rl.network.model import HeatmapNet

_PREFIX = "nets"  # of the weights' names: nets.0.…, nets.1.…


class MeanNet(nn.Module):
    """The mean of N networks of one shape; in their place at test time."""

    def __init__(self, nets: Sequence[HeatmapNet]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)

    def heatmaps(self, images: Tensor) -> Tensor:
        """(B, 3, S, S) normalised RGB → the mean of the networks' heatmaps (B, P, S', S'), float32."""
        return torch.stack([net(images)[0].float() for net in self.nets]).mean(0)


def weights_of_each(weights: Mapping[str, Tensor], networks: int) -> list[dict[str, Tensor]]:
    """The weights of each network of a `MeanNet`'s, by the names that they have in a network of its own.

    Raises:
        InputError: they are not those of so many networks.
    """
    found: dict[str, dict[str, Tensor]] = {}
    for name, value in weights.items():
        prefix, _, rest = name.partition(".")
        number, _, own = rest.partition(".")
        found.setdefault(f"{prefix}.{number}", {})[own] = value
    if found.keys() != {f"{_PREFIX}.{k}" for k in range(len(found))} or len(found) != networks:
        names = ", ".join(sorted(found)[:3]) + " …" * (len(found) > 3) if found else "none"
        raise InputError(f"weights of {names}, expected those of {networks} networks, {_PREFIX}.0 and so on")
    return [found[f"{_PREFIX}.{k}"] for k in range(networks)]
