"""Eq. 1, intensity as a Gaussian heatmap, and its inverse. Everything runs on the tensors' own device."""

import math

import torch
from torch import Tensor


def to_heatmap(points: Tensor, image_size: float, map_size: int) -> Tensor:
    """Coordinates in an image's pixels → in a heatmap's pixels, pixel centres at whole numbers in both."""
    return (points + 0.5) * (map_size / image_size) - 0.5


def to_image(points: Tensor, image_size: float, map_size: int) -> Tensor:
    """The inverse of ``to_heatmap``."""
    return (points + 0.5) * (image_size / map_size) - 0.5


def peak(sigma: float) -> float:
    """Height of the heatmap of intensity 1 in Eq. 1."""
    return 1 / (2 * math.pi * sigma**2)


def heatmaps(
    centres: Tensor, intensity: Tensor, sigma: float, size: int, height: float | None = None
) -> Tensor:
    """Eq. 1: H(x, y) = I / (2πσ²) · exp(−((x − x̄)² + (y − ȳ)²) / (2σ²)).

    The centre is moved to the nearest pixel inside the map, so that the map's maximum is the peak itself and
    ``intensities`` inverts it exactly at any σ and at the border.

    Args:
        centres: (B, P, 2) x, y in heatmap pixels.
        intensity: (B, P) 0–5.
        sigma: in heatmap pixels.
        size: height and width of the maps.
        height: of the map of intensity 1, if not ``peak(sigma)`` as in Eq. 1.

    Returns:
        (B, P, size, size) float32, rows y.
    """
    height = peak(sigma) if height is None else height
    axis = torch.arange(size, device=centres.device, dtype=torch.float32)
    centre = centres.round().clamp(0, size - 1)
    # exp(−(dx² + dy²)) = exp(−dx²)·exp(−dy²): two vectors per map instead of size² exponentials.
    x, y = torch.exp(-((axis - centre[..., None]) ** 2) / (2 * sigma**2)).unbind(-2)
    return (intensity * height)[..., None, None] * y[..., :, None] * x[..., None, :]


def intensities(maps: Tensor, height: float) -> Tensor:
    """The inverse of Eq. 1: (..., P, S, S) → (..., P), each map's maximum over ``height``, the peak of
    intensity 1."""
    return maps.flatten(-2).amax(-1) / height


def locations(maps: Tensor) -> Tensor:
    """(..., P, S, S) → (..., P, 2): x, y of each map's maximum, in heatmap pixels."""
    index = maps.flatten(-2).argmax(-1)
    return torch.stack((index % maps.shape[-1], index // maps.shape[-1]), -1).float()


def belongs(point_au: Tensor, n_aus: int) -> Tensor:
    """(P,) which AU each point belongs to → (P, K) bool."""
    return point_au[:, None] == torch.arange(n_aus, device=point_au.device)


def au_mean(values: Tensor, point_au: Tensor, n_aus: int) -> Tensor:
    """(B, P) of points → (B, K) of AUs: the mean over each AU's points."""
    total = values.new_zeros(values.shape[0], n_aus).scatter_add(1, point_au.expand_as(values), values)
    return total / belongs(point_au, n_aus).sum(0)
