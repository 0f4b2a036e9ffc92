"""Fetch a backbone's ImageNet weights, or convert a file of them, to safetensors.

example: g2rl weights resnet50.tv_in1k -o resnet50.safetensors
"""

import argparse
from pathlib import Path

from g2rl.cli.options import output
from g2rl.cli.outcome import Outcome


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("backbone", help="a timm model name")
    parser.add_argument("source", type=Path, nargs="?", help="their file; default: downloaded")
    output(parser, "the weights, safetensors")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.network.weights import save_weights

    save_weights(options.backbone, options.output, options.source)
    return Outcome([options.source], [options.output])
