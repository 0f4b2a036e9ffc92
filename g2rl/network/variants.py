"""What the paper does not have, chosen by tables: guidance, adjacency, projection, losses, decoding.

To add one, write a function or a small class here and name it in its table, in the key's choices
(g2rl/config/training.py) and in a test.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from g2rl.config.training import Settings
from g2rl.network import controls
from g2rl.network import heatmaps as hm
from g2rl.network.graphs import DynamicGeometry, identity_adjacency, inverse_adjacency, knn_adjacency
from g2rl.network.initialisation import glorot_init, he_init, keep, prepare_net
from g2rl.network.model import G2RL, GEOMETRY_DIM, GeometryModule, HeatmapNet, Projection, adjacency
from g2rl.network.preprocessing import input_channels, normalise_landmarks

SHARPNESS = 8.0  # of the soft decoding: intensities 1, 2, 3 of Eq. 1 at 16 × 16 become 0.83, 1.88, 2.92
WARMUP = 1 / 3  # of the epochs: how long G learns before it is frozen, in guidance "warmup"

ExtraLoss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]  # of heatmaps, G, landmarks, intensities


class Detached(G2RL):
    """L_G trains only W and M; G is trained to reconstruct the landmarks, so that it cannot collapse."""

    def __init__(self, net: HeatmapNet, geometry: nn.Module, projection: nn.Module):
        super().__init__(net, geometry, projection)
        self.landmark_decoder = nn.Linear(GEOMETRY_DIM, 2 * 68)

    @staticmethod
    def guidance_loss(G: Tensor, WM: Tensor) -> Tensor:
        return G2RL.guidance_loss(G.detach(), WM)

    def auxiliary_loss(self, G: Tensor, landmarks: Tensor) -> Tensor:
        """Squared error of the reconstructed landmarks, summed over them, mean over the batch."""
        return (self.landmark_decoder(G) - landmarks.flatten(1)).square().sum(-1).mean()


class Standardised(Detached):
    """As ``Detached``, and L_G sees of G only what differs between faces."""

    @staticmethod
    def guidance_loss(G: Tensor, WM: Tensor) -> Tensor:
        return G2RL.guidance_loss(standardise(G.detach()), WM)


class Warmup(Detached):
    """As ``Detached`` for the first third of the epochs; then G is a fixed function of the landmarks, as the
    target of Ning et al. 2017 is."""


class Variance(G2RL):
    """L_G trains both its sides, and ``variance_loss`` keeps G from collapsing."""

    def auxiliary_loss(self, G: Tensor, landmarks: Tensor) -> Tensor:
        return variance_loss(G)


def standardise(G: Tensor) -> Tensor:
    """(B, D) less its mean over the batch, each number to variance 1/D: what differs between faces, alone."""
    centred = G - G.mean(0)
    return centred * (centred.square().mean(0) * G.shape[1] + 1e-12).rsqrt()


def variance_loss(G: Tensor) -> Tensor:
    """Keeps (B, D) vectors apart, after VICReg (Bardes et al. 2022): their variance, summed over the D
    numbers, is to be 1, evenly spread (a hinge on each standard deviation) and uncorrelated."""
    centred = (G - G.mean(0)) * G.shape[1] ** 0.5
    covariance = centred.T @ centred / max(1, len(G) - 1)
    variance = covariance.diagonal()
    hinge = torch.relu(1 - (variance + 1e-4).sqrt()).mean()
    return hinge + (covariance.square().sum() - variance.square().sum()) / G.shape[1] ** 2


def pooled_projection(channels: int, map_size: int, reduced: int = 8) -> nn.Module:
    """Mean over the map, then fully connected: without the layout of the face."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, GEOMETRY_DIM, bias=False))


def full_projection(channels: int, map_size: int, reduced: int = 8) -> nn.Module:
    """Fully connected over all of M: 268 M weights at 256×64×64."""
    return nn.Sequential(nn.Flatten(), nn.Linear(channels * map_size**2, GEOMETRY_DIM, bias=False))


def no_projection(channels: int, map_size: int, reduced: int = 8) -> nn.Module:
    """M itself, flattened: with a target of zero L_G is the plain penalty ‖M‖²."""
    return nn.Flatten()


def soft_intensities(maps: Tensor, height: float) -> Tensor:
    """As ``heatmaps.intensities``, but smooth, so that every pixel near the peak has a share: the mean of the
    map's values, weighted by the softmax of ``SHARPNESS`` times themselves."""
    values = maps.flatten(-2) / height
    return ((SHARPNESS * values).softmax(-1) * values).sum(-1)


def au_max(values: Tensor, point_au: Tensor, n_aus: int) -> Tensor:
    """(B, P) of points → (B, K) of AUs: the largest of each AU's points."""
    return torch.where(hm.belongs(point_au, n_aus), values[..., None], -torch.inf).amax(1)


def au_first(values: Tensor, point_au: Tensor, n_aus: int) -> Tensor:
    """(B, P) of points in the order of the AUs → (B, K): the first of each."""
    return values[:, hm.belongs(point_au, n_aus).int().argmax(0)]


# What a key of the configuration may be → what it stands for; the paper's, or the reading of it, first.
GUIDANCE: dict[str, Callable[..., G2RL]] = {
    "joint": G2RL,
    "detached": Detached,
    "standardised": Standardised,
    "warmup": Warmup,
    "variance": Variance,
}
ADJACENCY = {
    "gaussian": adjacency,
    "inverse": inverse_adjacency,
    "identity": identity_adjacency,
    "knn": knn_adjacency,
}
FIRST_WEIGHTS: dict[str, Callable[[nn.Module], None]] = {
    "torch": keep,
    "he": he_init,
    "glorot": glorot_init,
}
PROJECTION: dict[str, Callable[[int, int, int], nn.Module]] = {
    "factorised": Projection,
    "pooled": pooled_projection,
    "full": full_projection,
    "none": no_projection,
}
AMPLITUDE: dict[str, Callable[[float], float]] = {
    "eq1": hm.peak,
    "intensity": lambda sigma: 1.0,
    "intensity255": lambda sigma: 255.0,
}
AU_FROM_POINTS = {"mean": hm.au_mean, "max": au_max, "first": au_first}
DECODING = {"max": hm.intensities, "soft": soft_intensities}


def build_model(settings: Settings, maps: int, pretrained: dict[str, Tensor] | None = None) -> G2RL:
    """The model with the weights of its seed; the heatmap network's do not depend on λ or the guidance.

    Args:
        maps: P, the number of heatmaps.
        pretrained: the backbone's weights, or None to start from random ones.
    """
    torch.manual_seed(settings.seed)
    net = HeatmapNet(
        settings.backbone,
        maps,
        settings.channels,
        pretrained,
        settings.stride,
        input_channels(settings),
        settings.image_size,
    )
    prepare_net(net, settings)
    torch.manual_seed(settings.seed + 1)
    geometry = build_geometry(settings)
    projection = PROJECTION[settings.projection](
        net.channels, settings.map_size, settings.projection_channels
    )
    FIRST_WEIGHTS[settings.projection_init](projection)
    target = controls.TARGETS[settings.geometry](geometry, maps)
    return GUIDANCE[settings.guidance](net, target, projection)


def build_geometry(settings: Settings) -> GeometryModule:
    """The graph network with its first weights."""
    kind = DynamicGeometry if settings.dynamic_adjacency else GeometryModule
    geometry = kind(adjacency=ADJACENCY[settings.adjacency])
    FIRST_WEIGHTS[settings.geometry_init](geometry)
    if not settings.geometry_bias:
        for layer in (geometry.W1, geometry.W2, geometry.W3):
            layer.register_parameter("bias", None)
    if settings.geometry_relu:
        geometry.fc.append(nn.ReLU())
    return geometry


def height(settings: Settings) -> float:
    """Height of the heatmap of intensity 1: 1/(2πσ²) in Eq. 1, 255 in the sibling project's code."""
    return AMPLITUDE[settings.amplitude](settings.sigma)


def decode(maps: Tensor, settings: Settings) -> Tensor:
    """(..., P, S', S') heatmaps → (..., P) intensities."""
    return DECODING[settings.decoding](maps, height(settings))


def au_intensities(points: Tensor, point_au: Tensor, n_aus: int, settings: Settings) -> Tensor:
    """(B, P) intensities of points → (B, K) of AUs."""
    return AU_FROM_POINTS[settings.au_from_points](points, point_au, n_aus)


def loss_scales(settings: Settings, maps: int) -> tuple[float, float]:
    """What L_S and L_G, the sums of Eq. 2 and 6, are multiplied by: 1, or for a mean 1 over its terms."""
    of_maps = 1 / (maps * settings.map_size**2) if settings.heatmap_reduction == "mean" else 1.0
    return of_maps, 1 / GEOMETRY_DIM if settings.geometry_reduction == "mean" else 1.0


def in_units(landmarks: Tensor, settings: Settings) -> Tensor:
    """(B, 68, 2) aligned pixels → in the units in which the geometry module sees them."""
    return landmarks if settings.landmark_units == "pixels" else normalise_landmarks(landmarks)


def guide(landmarks: Tensor, intensity: Tensor, settings: Settings) -> Tensor:
    """What the geometry module sees of (B, 68, 2) aligned pixels: each face's own landmarks in
    its units; for the controls see ``controls.guide``."""
    return controls.guide(in_units(landmarks, settings), intensity, settings)


def map_weights(intensity: Tensor, settings: Settings) -> Tensor:
    """(B, P) intensities of maps, < 0 not coded → how often each map's error counts; 0 or 1 in the paper."""
    coded = (intensity >= 0).float()
    if settings.high_intensity_weight:
        coded = coded * (1 + settings.high_intensity_weight * intensity)
    return coded


def guidance_losses(model: G2RL, settings: Settings) -> list[ExtraLoss]:
    """The auxiliary loss of the geometry branch, if its guidance has one."""
    if settings.lam and isinstance(model, Detached | Variance):
        return [lambda maps, G, landmarks, intensity: model.auxiliary_loss(G, landmarks)]
    return []


def extra_losses(model: G2RL, settings: Settings) -> list[ExtraLoss]:
    """What is minimised beside Eq. 8; nothing in the paper."""

    def intensity_loss(maps: Tensor, G: Tensor, landmarks: Tensor, intensity: Tensor) -> Tensor:
        """Squared error of the soft decoding, summed over coded maps, mean over the batch."""
        error = (soft_intensities(maps, height(settings)) - intensity).square()
        return settings.intensity_loss * (torch.where(intensity >= 0, error, 0).sum() / len(maps))

    return guidance_losses(model, settings) + ([intensity_loss] if settings.intensity_loss else [])


def freeze_geometry(model: G2RL, settings: Settings, epochs: int) -> bool:
    """Whether G is frozen now, after so many ``epochs``; if so, freeze it."""
    if not isinstance(model, Warmup) or epochs < WARMUP * settings.epochs:
        return False
    learning = model.landmark_decoder.weight.requires_grad
    for part in (model.geometry, model.landmark_decoder):
        part.requires_grad_(False)
    return learning
