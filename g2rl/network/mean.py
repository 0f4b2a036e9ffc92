"""Several trained networks as one, whose intensities and heatmaps are the mean of theirs."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from g2rl.errors import InputError
from g2rl.network.model import HeatmapNet

PREFIX = "nets"  # nets.0.…, nets.1.…: names of weights and of nodes of a graph, after `MeanNet.nets`


class MeanNet(nn.Module):
    """N networks to be averaged, which may take images of different sizes.

    Args:
        nets: the networks.
        image_sizes: of each, pixels.
    """

    def __init__(self, nets: Sequence[HeatmapNet], image_sizes: Sequence[int]) -> None:
        super().__init__()
        self.nets, self.image_sizes = nn.ModuleList(nets), tuple(image_sizes)

    def heatmaps(self, images: Tensor) -> list[Tensor]:
        """(B, 3, S, S) normalised RGB, S the largest of ``image_sizes`` → each network's heatmaps,
        (B, P, S', S') float32, where S' follows from its own size.

        A smaller network gets the larger face reduced: a little softer than the face decoded at its own size,
        on which it was trained (the spread of its Laplacian is some 15 % lower).
        """
        sizes = dict.fromkeys(self.image_sizes)
        given = {size: shrink(images, max(sizes), size) for size in sizes}
        each = zip(self.nets, self.image_sizes, strict=True)
        return [net(given[size])[0].float() for net, size in each]


def mean_heatmaps(each: Sequence[Tensor]) -> Tensor:
    """The mean of heatmaps (B, P, ·, ·), the smaller ones enlarged to the largest."""
    side = max(maps.shape[-1] for maps in each)
    return torch.stack([_enlarge(maps, side) for maps in each]).mean(0)


def shrink(images: Tensor, size: int, to: int) -> Tensor:
    """(B, C, size, size) → (B, C, to, to) float32, ``to`` at most ``size``: means over areas."""
    if to == size:
        return images
    edges = torch.arange(to + 1, dtype=torch.float64, device=images.device) * (size / to)
    pixel = torch.arange(size, dtype=torch.float64, device=images.device)
    covered = torch.minimum(edges[1:, None], pixel + 1) - torch.maximum(edges[:-1, None], pixel)
    weights = (covered.clamp(min=0) * (to / size)).float()
    with torch.autocast(images.device.type, enabled=False):
        return (weights @ images @ weights.T).contiguous(memory_format=torch.channels_last)


def _enlarge(maps: Tensor, side: int) -> Tensor:
    if maps.shape[-1] == side:
        return maps
    return interpolate(maps, (side, side), mode="bilinear", align_corners=False)


def weights_of_each(weights: Mapping[str, Tensor], networks: int) -> list[dict[str, Tensor]]:
    """The weights of each network of a `MeanNet`'s, by the names that they have in a network of its own.

    Raises:
        InputError: they are not those of so many networks.
    """
    expected = [f"{PREFIX}.{k}" for k in range(networks)]
    found: dict[str, dict[str, Tensor]] = {}
    for name, value in weights.items():
        prefix, _, rest = name.partition(".")
        number, _, own = rest.partition(".")
        found.setdefault(f"{prefix}.{number}", {})[own] = value
    if found.keys() != set(expected):
        names = ", ".join(sorted(found)[:3]) + " …" * (len(found) > 3) if found else "none"
        raise InputError(f"weights of {names}, expected those of {networks} networks, {PREFIX}.0 and so on")
    return [found[name] for name in expected]
