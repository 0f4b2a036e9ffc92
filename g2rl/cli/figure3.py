"""Draw Figure 3: the framework of a network, with the shapes of its tensors.

example: g2rl figure3 bp4d/RUN/fold1/model.safetensors -o figure3.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.paths import FIGURE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("model", type=Path, help="model.safetensors, from g2rl train")
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    import torch

    from g2rl.network.model_file import read_model
    from g2rl.network.shapes import trace_layers
    from g2rl.report.figures.framework import figure3

    model = read_model(options.model, torch.device("cpu"))
    layers = trace_layers(model.settings, len(model.point_au))
    figure3(layers, len(model.aus), options.output.with_suffix(""))
    return Outcome([options.model], beside(options.output, FIGURE))
