"""Whether the network computes in bf16 or fp32: the setting ``precision``, where the device gains by it."""

import functools
import logging
from pathlib import Path

import torch

from g2rl.config.training import Settings

log = logging.getLogger(__name__)


@functools.cache
def gpu_has_bf16() -> bool:
    """Whether the GPU computes in bf16; one before NVIDIA's Ampere (V100, T4) only imitates it, slowly. Says
    so once."""
    if torch.cuda.is_bf16_supported(including_emulation=False):
        return True
    log.warning("%s has no bf16: computing in fp32", torch.cuda.get_device_name())
    return False


@functools.cache
def fast_bf16() -> bool:
    """Whether this CPU is faster in bf16: without AVX-512 it takes ten times as long, and an Intel CPU whose
    matrix unit (AMX) is missing or hidden by a hypervisor multiplies half as fast as in fp32."""
    if torch.cpu._is_amx_tile_supported():
        return True
    cpu = Path("/proc/cpuinfo")
    intel = cpu.exists() and "GenuineIntel" in cpu.read_text()
    return not intel and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def autocast(device: torch.device, settings: Settings) -> torch.autocast:
    """bf16 arithmetic where it is asked for and faster; elsewhere, and with ``precision: fp32``, fp32."""
    enabled = settings.precision == "bf16" and (gpu_has_bf16() if device.type == "cuda" else fast_bf16())
    return torch.autocast(device.type, torch.bfloat16, enabled=enabled)
