r"""Test networks on the other dataset's subjects, over the AUs both code: a table, CSV and Markdown.

example: g2rl cross-dataset --models bp4d/RUN/fold1/model.safetensors disfa/RUN/fold1/model.safetensors \
             --sequences bp4d/cache/F002_T1.h5 disfa/cache/SN001.h5 \
             --metrics bp4d/RUN/metrics.csv disfa/RUN/metrics.csv -o cross_dataset.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.device import device, torch_device
from g2rl.cli.options import beside, output, resamples
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.paths import SMALL_TABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, metavar="MODEL", help="DATASET/RUN/foldK/FILE"
    )
    sequence_files(parser, "--sequences")
    parser.add_argument(
        "--metrics", type=Path, nargs="+", required=True, metavar="CSV", help="DATASET/RUN/metrics.csv"
    )
    resamples(parser)
    device(parser)
    output(parser, "the .csv; .md is written beside it")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.evaluation.cross_dataset import cross_results_from_files
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.report.cross_dataset import write_cross_table

    sequences, device = read_manifests(options.sequences), torch_device(options.device)
    results = cross_results_from_files(options.models, sequences, options.metrics, device, options.resamples)
    write_cross_table(results, options.output.with_suffix(""))
    read = [*options.models, *options.sequences, *sequences, *options.metrics]
    return Outcome(read, beside(options.output, SMALL_TABLE))
