"""The option for the device to compute on."""

import argparse
from typing import Any


def device(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="where to compute; auto: on a GPU where there is one",
    )


def torch_device(name: str) -> Any:
    """The device to compute on; of several GPUs one that no other command here has, or waits for it."""
    import torch

    from g2rl.workflow.gpus import lease_gpu

    if name != "cpu":
        lease_gpu()
    if name == "cuda" and not torch.cuda.is_available():
        from g2rl.errors import InputError

        raise InputError("--device=cuda: torch finds no GPU here: take cpu or auto")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
