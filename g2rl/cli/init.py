"""Start with your own data: write sequences.tsv and config.yaml from the videos and codes in a folder.

Asks nothing, says what it assumed, overwrites nothing.

example: g2rl init /data/mine
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="videos or image folders, and a file of codes for each")
    parser.add_argument(
        "--device",
        choices=("auto", "cpu", "cuda"),
        default="auto",
        help="for what the settings are: cpu, a small network; cuda, the paper's; auto, what is here",
    )


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.datasets.init import init

    gpu = options.device == "cuda"
    if options.device == "auto":
        import torch

        gpu = torch.cuda.is_available()
    written, text = init(options.folder, gpu)
    print(text)
    return Outcome([], written)
