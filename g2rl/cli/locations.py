r"""Measure how far the maxima of heatmaps lie from the AUs' centres, CSV and Markdown.

example: g2rl locations --models bp4d/RUN/fold1/model.safetensors --sequences bp4d/fold1.tsv -o locations.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.options import beside, output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.paths import SMALL_TABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, metavar="MODEL", help="DATASET/RUN/foldK/FILE"
    )
    sequence_files(parser, "--sequences")
    device(parser)
    output(parser, "the .csv; .md is written beside it")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.evaluation.locations import locations_from_files, write_locations
    from g2rl.faces.fold_manifest import read_manifests

    sequences, device = read_manifests(options.sequences), torch_device(options.device)
    write_locations(locations_from_files(options.models, sequences, device), options.output.with_suffix(""))
    return Outcome([*options.models, *options.sequences, *sequences], beside(options.output, SMALL_TABLE))
