"""Draw Figure 2: where each set of AU centres puts the AUs on a face.

The face is the calmest of the first sequence that has any.

example: g2rl figure2 cache/F002_T1.h5 -o figure2.png
"""

import argparse

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.paths import FIGURE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence_files(parser, "sequences")
    parser.add_argument(
        "--au-centres",
        default="",
        metavar="TEXT",
        help="centres of your own, drawn with the default set, such as 7: 37+41 44+46",
    )
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.action_units import parse_centres
    from g2rl.config.au_centres import centre_sets
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.report.figures.au_locations import calmest_face, figure2

    sets = dict(centre_sets())
    sets["default"] = {**sets["default"], **parse_centres(options.au_centres)}
    sequences = read_manifests(options.sequences)
    figure2(*calmest_face(sequences), sets, options.output.with_suffix(""))
    return Outcome([*options.sequences, *sequences], beside(options.output, FIGURE))
