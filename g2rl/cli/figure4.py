"""Draw Figure 4: held-out faces with the AU heatmaps that a network predicts for them.

example: g2rl figure4 --models bp4d/RUN/fold1/model.safetensors \
             --predictions bp4d/RUN/fold1/predictions.csv --shards bp4d/cache/F002_T1.h5 -o figure4.png
"""

import argparse
from pathlib import Path

from g2rl.cli.options import figure_output
from g2rl.cli.sequence_files import sequence_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--models", type=Path, nargs="+", required=True, metavar="MODEL", help="one a dataset"
    )
    parser.add_argument(
        "--predictions", type=Path, nargs="+", required=True, metavar="CSV", help="of each model: g2rl test's"
    )
    sequence_files(parser, "--shards")
    parser.add_argument("--faces", type=int, default=2, help="of each dataset, one a subject; default: 2")
    figure_output(parser)


def run(options: argparse.Namespace) -> None:
    from g2rl.evaluation.example_faces import held_out_faces
    from g2rl.report.figures.heatmaps import figure4

    panels = held_out_faces(options.models, options.predictions, options.shards, options.faces)
    figure4(panels, options.output.with_suffix(""))
