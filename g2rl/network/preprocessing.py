"""What the network sees: images normalised by ImageNet's statistics, landmarks in units of half the image."""

import functools

import torch
from torch import Tensor

from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE

# ImageNet's, RGB in 0–255.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@functools.cache
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers on a device, sent there once: a recorded step may not copy from the host."""
    return torch.tensor(values, device=device)


SCALINGS = {  # of ``input_scaling``: what is taken off and what the rest is divided by
    "imagenet": (MEAN, STD),
    "mean": (MEAN, (1.0, 1.0, 1.0)),
    "unit": ((0.0, 0.0, 0.0), (255.0, 255.0, 255.0)),
}


def normalise(images: Tensor, scaling: str = "imagenet") -> Tensor:
    """(B, S, S, 3) uint8 RGB → (B, 3, S, S) float32, channels last, by one of ``SCALINGS``."""
    mean, std = (constant(value, images.device) for value in SCALINGS[scaling])
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)


def network_input(images: Tensor, landmarks: Tensor | None, settings: Settings) -> Tensor:
    """What the network takes: (B, S, S, 3) uint8 RGB, normalised, and with ``landmark_channel`` a fourth
    channel, the landmarks as ``draw_landmarks`` draws them.

    Args:
        landmarks: (B, 68, 2) pixels of the aligned face; only ``landmark_channel`` needs them.

    Raises:
        InputError: they are needed, and None was given.
    """
    inputs = normalise(images, settings.input_scaling)
    if not settings.landmark_channel:
        return inputs
    if landmarks is None:
        raise InputError("the network takes landmarks too (landmark_channel): expected those of each face")
    drawn = draw_landmarks(landmarks, images.shape[1])
    return torch.cat((inputs, drawn[:, None]), 1).contiguous(memory_format=torch.channels_last)


def draw_landmarks(landmarks: Tensor, size: int) -> Tensor:
    """(B, 68, 2) pixels of the aligned face → (B, size, size): the sum of Gaussians of σ = 1 pixel and height
    1 at the landmarks, in the pixels of an image of that size."""
    points = (landmarks + 0.5) * (size / ALIGNED_SIZE) - 0.5
    axis = torch.arange(size, device=landmarks.device, dtype=torch.float32)
    x, y = torch.exp(-((axis - points[..., None]) ** 2) / 2).unbind(-2)
    return y.transpose(1, 2) @ x


def input_channels(settings: Settings) -> int:
    """Channels of what ``network_input`` makes."""
    return 4 if settings.landmark_channel else 3


def normalise_landmarks(landmarks: Tensor) -> Tensor:
    """(B, 68, 2) pixels of the aligned face → units of half the image, 0 at its middle."""
    return landmarks / (ALIGNED_SIZE / 2) - 1
