r"""Draw Figure 4: held-out faces with the AU heatmaps that a network predicts for them.

example: g2rl figure4 --models bp4d/RUN/fold1/model.safetensors \
             --predictions bp4d/RUN/fold1/predictions.csv --sequences bp4d/cache/F002_T1.h5 -o figure4.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.paths import FIGURE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, metavar="MODEL", help="one per dataset"
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        nargs="+",
        required=True,
        metavar="CSV",
        help="of each model, by g2rl test",
    )
    sequence_files(parser, "--sequences")
    parser.add_argument("--faces", type=int, default=2, metavar="N", help="per dataset, one per subject")
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.evaluation.example_faces import held_out_faces
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.report.figures.heatmaps import figure4

    sequences = read_manifests(options.sequences)
    panels = held_out_faces(options.models, options.predictions, sequences, options.faces)
    figure4(panels, options.output.with_suffix(""))
    read = [*options.models, *options.predictions, *options.sequences, *sequences]
    return Outcome(read, beside(options.output, FIGURE))
