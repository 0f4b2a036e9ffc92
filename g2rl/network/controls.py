"""What stands in the place of G to learn what the geometry in Eq. 6 contributes; nothing of the paper."""

import torch
from torch import Tensor, nn

from g2rl.config.training import Settings
from g2rl.network.model import GEOMETRY_DIM


class ConstantTarget(nn.Module):
    """The same vector for every face: L_G is then a regulariser of W×M that knows no face."""

    target: Tensor

    def __init__(self, target: Tensor):
        super().__init__()
        self.register_buffer("target", target)

    def forward(self, faces: Tensor) -> Tensor:
        """(B, …) → (B, D), D the target's length."""
        return self.target.expand(len(faces), -1)


class IntensityTarget(nn.Module):
    """A fixed random linear function of the true intensities: the most that a guiding vector can say."""

    directions: Tensor

    def __init__(self, maps: int):
        super().__init__()
        self.register_buffer("directions", torch.randn(maps, GEOMETRY_DIM) / GEOMETRY_DIM**0.5)

    def forward(self, intensity: Tensor) -> Tensor:
        """(B, P) intensities 0–5 → (B, 256), of length |I|/5 on average."""
        return intensity / 5 @ self.directions


def zero(graph: nn.Module, maps: int) -> nn.Module:
    """Of length 1, so that it stands against a W×M of any length."""
    return ConstantTarget(torch.zeros(1))


def constant(graph: nn.Module, maps: int) -> nn.Module:
    return ConstantTarget(torch.randn(GEOMETRY_DIM) / GEOMETRY_DIM**0.5)


def intensities(graph: nn.Module, maps: int) -> nn.Module:
    return IntensityTarget(maps)


def frozen(graph: nn.Module, maps: int) -> nn.Module:
    """The first weights of the graph network are kept: Eq. 6 is minimised over Φ and W alone."""
    return graph.requires_grad_(False)


def trained(graph: nn.Module, maps: int) -> nn.Module:
    """The graph network of Eq. 3–5."""
    return graph


TARGETS = {
    "trained": trained,
    "frozen": frozen,
    "zero": zero,
    "constant": constant,
    "intensities": intensities,
}


def guide(landmarks: Tensor, intensity: Tensor, settings: Settings) -> Tensor:
    """What G is a function of: (B, 68, 2) landmarks in their units, or (B, P) intensities, < 0 not coded; as
    a control (``permute_landmarks``) those of another face of the batch."""
    guide = intensity.clamp(min=0).float() if settings.geometry == "intensities" else landmarks
    return guide.roll(1, 0) if settings.permute_landmarks else guide
