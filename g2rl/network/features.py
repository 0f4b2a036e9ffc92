"""Backbones of timm as feature extractors: one feature map of a chosen stride."""

from typing import Any

import timm
from torch import Tensor, nn

from g2rl.errors import InputError, first_line


def feature_extractor(
    backbone: str, stride: int, pretrained: dict[str, Tensor] | None = None
) -> tuple[nn.Module, int]:
    """A backbone without its classifier, (B, 3, S, S) → [(B, C, S / stride, S / stride)], and C.

    Args:
        backbone: a timm model name.
        stride: of the feature map, 32 for the last of most backbones.
        pretrained: its weights, or None for random ones.

    Raises:
        InputError: timm has no such model, or it has no feature map of that stride.
    """
    level = -(32 // stride).bit_length()  # −1 is the last, stride 32; −2 the one before, stride 16
    try:
        net: Any = timm.create_model(backbone, features_only=True, out_indices=(level,), pretrained=False)
    except Exception as error:  # timm raises many kinds
        raise InputError(
            f"backbone {backbone}: no feature map of stride {stride} ({first_line(error)})"
        ) from error
    if (found := net.feature_info.reduction()[-1]) != stride:
        raise InputError(f"backbone {backbone}: its feature map has stride {found}, expected {stride}")
    if pretrained is not None:
        net.load_state_dict({name: pretrained[name] for name in net.state_dict()})
    return net, net.feature_info.channels()[-1]
