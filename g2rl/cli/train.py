r"""Train one network on the aligned faces of the training subjects; --lambda 0 is the Baseline.

example: g2rl train --sequences cache/F001_T1.h5 cache/F003_T1.h5 --lambda 0.05 --epochs 10 \
             --model model.safetensors --history history.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.cli.settings_options import read_settings, settings_options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence_files(parser, "--sequences")
    parser.add_argument("--weights", type=Path, help="of the backbone, from g2rl weights; default: random")
    parser.add_argument(
        "--start", type=Path, help="a trained model to start from, all but its last layer; default: none"
    )
    parser.add_argument("--model", type=Path, required=True, help="the trained network, safetensors")
    parser.add_argument("--history", type=Path, required=True, help="one row per epoch, CSV")
    parser.add_argument("--checkpoint", type=Path, help="the state after each epoch; default: no file")
    parser.add_argument("--dataset", default="", help="its name, for the description of the model")
    parser.add_argument(
        "--method",
        metavar="NAME",
        help="a module of g2rl/methods; default: G2RL, with --lambda 0 the Baseline",
    )
    parser.add_argument(
        "--method-setting",
        action="append",
        metavar="KEY=VALUE",
        help="one of the method's own settings; may be repeated; default: none",
    )
    device(parser)
    settings_options(parser)


def run(options: argparse.Namespace) -> Outcome:
    import torch

    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.methods import g2rl as paper
    from g2rl.methods.registry import load_method, read_own_settings
    from g2rl.network.model_file import read_model
    from g2rl.network.weights import read_weights
    from g2rl.reproducibility.code_digest import code_digest
    from g2rl.training.checkpoint import checkpoint_key

    settings, paths = read_settings(options), read_manifests(options.sequences)
    sequences = [read_sequence(path) for path in paths]
    pretrained = options.weights and read_weights(options.weights)
    start = options.start and read_model(options.start, torch.device("cpu"))
    weights = {**(pretrained or {}), **(start.net.state_dict() if start else {})}
    own, key = read_own_settings(options.method, options.method_setting or []), ""
    if options.checkpoint:
        code = code_digest(f"methods.{options.method or 'g2rl'}")
        key = checkpoint_key(settings, sequences, weights, code | {k: str(value) for k, value in own.items()})
    (load_method(options.method) if options.method else paper).train(
        sequences,
        settings,
        options.model,
        options.history,
        torch_device(options.device),
        pretrained=pretrained,
        checkpoint=options.checkpoint,
        key=key,
        first=start,
        dataset=options.dataset,
        **own,
    )
    return Outcome(
        [*options.sequences, *paths, options.weights, options.start], [options.model, options.history]
    )
