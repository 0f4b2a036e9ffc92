"""Backbones of timm as feature extractors: one feature map of a chosen stride."""

from typing import Any

import timm
from torch import Tensor, nn

from g2rl.errors import InputError, first_line


def feature_extractor(
    backbone: str, stride: int, pretrained: dict[str, Tensor] | None = None, in_channels: int = 3
) -> tuple[nn.Module, int]:
    """A backbone without its classifier, (B, in_channels, S, S) → [(B, C, S / stride, S / stride)], and C.

    Args:
        backbone: a timm model name.
        stride: of the feature map, 32 for the last of most backbones.
        pretrained: its weights, of three channels, or None for random ones; those of further channels are 0.

    Raises:
        InputError: timm has no such model, or it has no feature map of that stride.
    """
    level = -(32 // stride).bit_length()  # −1 is the last, stride 32; −2 the one before, stride 16
    try:
        net: Any = timm.create_model(
            backbone, features_only=True, out_indices=(level,), pretrained=False, in_chans=in_channels
        )
    except Exception as error:  # timm raises many kinds
        raise InputError(
            f"backbone {backbone}: no feature map of stride {stride} ({first_line(error)})"
        ) from error
    if (found := net.feature_info.reduction()[-1]) != stride:
        raise InputError(f"backbone {backbone}: its feature map has stride {found}, expected {stride}")
    if pretrained is not None:
        own = net.state_dict()
        net.load_state_dict({name: widened(pretrained[name], value) for name, value in own.items()})
    return net, net.feature_info.channels()[-1]


def widened(weight: Tensor, like: Tensor) -> Tensor:
    """A convolution's weight (out, in, h, w) with zeros for the input channels that only ``like`` has."""
    if weight.dim() == like.dim() == 4 and (more := like.shape[1] - weight.shape[1]) > 0:
        weight = nn.functional.pad(weight, (0, 0, 0, 0, 0, more))
    return weight
