"""The option for the device to compute on."""

import argparse
import logging
from typing import Any

log = logging.getLogger(__name__)


def device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto: on a GPU where there is one; cuda: there or not at all",
    )


def torch_device(name: str) -> Any:
    """The device to compute on; of several GPUs one that no other command here has, or waits for it.

    Raises:
        InputError: ``cuda``, and torch finds no GPU.
    """
    import torch

    from g2rl.errors import InputError
    from g2rl.workflow.gpus import lease_gpu, why_no_gpu

    if name == "cpu":
        return torch.device("cpu")
    lease_gpu()
    if torch.cuda.is_available():
        return torch.device("cuda")
    if name == "cuda":
        raise InputError(
            f"--device=cuda: torch finds no GPU: {why_no_gpu()}: mend that, or compute on the "
            "CPU with --device=auto or cpu (in a configuration compute.gpu: auto or false)"
        )
    log.info("computing on the CPU: torch finds no GPU: %s", why_no_gpu())
    return torch.device("cpu")
