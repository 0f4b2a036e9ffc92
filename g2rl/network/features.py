"""Backbones of timm as feature extractors: one feature map of a chosen stride."""

import math
from typing import Any

import timm
import torch
from timm.layers import resample_abs_pos_embed
from torch import Tensor, nn

from g2rl.errors import InputError, first_line


def feature_extractor(
    backbone: str,
    stride: int,
    pretrained: dict[str, Tensor] | None = None,
    in_channels: int = 3,
    image_size: int | None = None,
) -> tuple[nn.Module, int]:
    """A backbone without its classifier, (B, in_channels, S, S) → [(B, C, S / stride, S / stride)], and C.

    Args:
        backbone: a timm model name.
        stride: of the feature map: the last one that has it.
        pretrained: its weights, of three channels, or None for random ones; those of further channels are 0.
        image_size: S, which backbones of a fixed size, such as transformers, are built for; None: timm's.

    Raises:
        InputError: timm has no such model, it has no feature map of that stride, or the weights do not fit.
    """
    try:
        strides = _strides(backbone)
        level = -1 - strides[::-1].index(stride) if stride in strides else -1  # from the end: ViTs list 3
        options = {"features_only": True, "out_indices": (level,), "in_chans": in_channels}
        net = _create(backbone, image_size, options)
    except Exception as error:  # timm raises many kinds
        raise InputError(
            f"backbone {backbone}: no feature map of stride {stride} ({first_line(error)})"
        ) from error
    if stride not in strides:
        raise InputError(f"backbone {backbone}: its feature map has stride {strides[-1]}, expected {stride}")
    if str(getattr(net, "output_fmt", "NCHW")).endswith("NHWC"):
        net.register_forward_hook(lambda module, given, maps: [each.permute(0, 3, 1, 2) for each in maps])
    if pretrained is not None:
        own = net.state_dict()
        net.load_state_dict({name: fitted(name, pretrained[name], value) for name, value in own.items()})
    return net, net.feature_info.channels()[-1]


def _strides(backbone: str) -> list[int]:
    """Of all its feature maps."""
    with torch.device("meta"):
        net: Any = timm.create_model(backbone, features_only=True)
    return net.feature_info.reduction()


def _create(backbone: str, image_size: int | None, options: dict[str, Any]) -> Any:
    try:  # only models of a fixed size take it
        return timm.create_model(backbone, pretrained=False, img_size=image_size, **options)
    except TypeError:
        return timm.create_model(backbone, pretrained=False, **options)


def fitted(name: str, weight: Tensor, like: Tensor) -> Tensor:
    """A weight for another image size, of absolute positions, or for more input channels, see ``widened``.

    Raises:
        InputError: it has another shape.
    """
    if name.endswith("pos_embed") and weight.dim() == 3 and weight.shape[1] != like.shape[1]:
        weight = resample_abs_pos_embed(weight, new_size=[math.isqrt(like.shape[1])] * 2)
    weight = widened(weight, like)
    if weight.shape != like.shape:
        shapes = f"{tuple(weight.shape)}, expected {tuple(like.shape)}"
        raise InputError(f"weight {name} is {shapes}: give the image_size that the weights are for")
    return weight


def widened(weight: Tensor, like: Tensor) -> Tensor:
    """A convolution's weight (out, in, h, w) with zeros for the input channels that only ``like`` has."""
    if weight.dim() == like.dim() == 4 and (more := like.shape[1] - weight.shape[1]) > 0:
        weight = nn.functional.pad(weight, (0, 0, 0, 0, 0, more))
    return weight
