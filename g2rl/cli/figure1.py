"""Draw Figure 1: faces of three subjects with their landmarks and AU intensities.

example: g2rl figure1 results/bp4d/fold1.tsv -o figure1.png
"""

import argparse

from g2rl.cli.options import beside, figure_output
from g2rl.cli.outcome import Outcome
from g2rl.cli.sequence_files import sequence_files
from g2rl.paths import FIGURE, dataset_of_sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    sequence_files(parser, "sequences")
    figure_output(parser)


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.faces.fold_manifest import read_manifests
    from g2rl.report.figures.labelled_faces import figure1, first_subjects

    sequences = read_manifests(options.sequences)
    dataset = dataset_of_sequence(sequences[0])
    figure1(dataset, first_subjects(sequences), options.output.with_suffix(""))
    return Outcome([*options.sequences, *sequences], beside(options.output, FIGURE))
