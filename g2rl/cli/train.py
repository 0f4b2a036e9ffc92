"""Train one network on the aligned faces of the training subjects; --lambda 0 is the Baseline.

example: g2rl train --shards cache/F001_T1.h5 cache/F003_T1.h5 --lambda 0.05 --epochs 10 \
             --model model.safetensors --history history.csv
"""

import argparse
import dataclasses
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.sequence_files import sequence_files
from g2rl.cli.settings_options import settings_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence_files(parser, "--shards")
    parser.add_argument(
        "--weights", type=Path, help="where the backbone starts, from g2rl weights; else random"
    )
    parser.add_argument("--model", type=Path, required=True, help="the trained network, safetensors")
    parser.add_argument("--history", type=Path, required=True, help="a row an epoch, CSV")
    parser.add_argument("--checkpoint", type=Path, help="keeps the state after each epoch, to go on from")
    device(parser)
    settings_options(parser)


def run(options: argparse.Namespace) -> None:
    from g2rl.config.training import Settings
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.network.weights import read_weights
    from g2rl.reproducibility.code_digest import code_digest
    from g2rl.training.checkpoint import checkpoint_key
    from g2rl.training.loop import train

    values = {field.name: getattr(options, field.name) for field in dataclasses.fields(Settings)}
    settings = Settings(**values)
    shards = [read_sequence(path) for path in options.shards]
    pretrained = options.weights and read_weights(options.weights)
    code = code_digest("training.loop")
    train(
        shards,
        settings,
        options.model,
        options.history,
        torch_device(options.device),
        pretrained=pretrained,
        checkpoint=options.checkpoint,
        key=checkpoint_key(settings, shards, pretrained, code) if options.checkpoint else "",
    )
