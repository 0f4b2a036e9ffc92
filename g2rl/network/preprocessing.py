"""What the network sees: images normalised by ImageNet's statistics, landmarks in units of half the image."""

import functools

import torch
from torch import Tensor

from g2rl.faces.jpeg import ALIGNED_SIZE

# ImageNet's, RGB in 0–255.
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)


@functools.cache
def constant(values: tuple[float, ...], device: torch.device) -> Tensor:
    """Numbers on a device, sent there once: a recorded step may not copy from the host."""
    return torch.tensor(values, device=device)


def normalise(images: Tensor) -> Tensor:
    """(B, S, S, 3) uint8 RGB → (B, 3, S, S) float32, channels last, by ImageNet's mean and deviation."""
    mean, std = (constant(value, images.device) for value in (MEAN, STD))
    return ((images.float() - mean) / std).permute(0, 3, 1, 2)


def normalise_landmarks(landmarks: Tensor) -> Tensor:
    """(B, 68, 2) pixels of the aligned face → units of half the image, 0 at its middle."""
    return landmarks / (ALIGNED_SIZE / 2) - 1
