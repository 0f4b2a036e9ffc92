"""How much a backbone computes, counted on shapes alone."""

import functools

import torch
from torch.utils.flop_counter import FlopCounterMode

from g2rl.network.features import feature_extractor


@functools.cache
def forward_flops(backbone: str, stride: int, image_size: int) -> int:
    """Floating-point operations of one image.

    Raises:
        InputError: see ``feature_extractor``.
    """
    with torch.device("meta"):
        net, _ = feature_extractor(backbone, stride, image_size=image_size)
        image = torch.empty(1, 3, image_size, image_size)
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        net.eval()(image)
    return counter.get_total_flops()
