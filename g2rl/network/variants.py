"""TODO: one line."""

import torch
from torch import Tensor


def intensity_loss(predicted: Tensor, target: Tensor, coded: Tensor) -> Tensor:
    """Not in the paper: squared error of intensities (B, P), summed over maps, mean over the batch."""
    return torch.where(coded, (predicted - target).square(), 0).sum() / len(predicted)


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
