r"""Compare each claim of the paper with what the runs of a configuration show: a table, CSV and Markdown.

example: g2rl claims results/bp4d/*_sigma*_seed*/fold1/predictions.csv \
             --models results/bp4d/baseline_sigma2_seed0/fold1/model.safetensors \
                      results/bp4d/g2rl_sigma2_lambda0.05_seed0/fold1/model.safetensors -o claims.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, output, resamples, switch
from g2rl.cli.outcome import Outcome
from g2rl.paths import SMALL_TABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "predictions",
        type=Path,
        nargs="+",
        help="DATASET/RUN/foldK/predictions.csv",
    )
    parser.add_argument(
        "--models",
        type=Path,
        nargs="*",
        default=[],
        metavar="MODEL",
        help="DATASET/RUN/foldK/model.safetensors of a Baseline and a G2RL",
    )
    parser.add_argument("--sigma", type=float, default=2.0, help="σ of the paper's G2RL, heatmap pixels")
    parser.add_argument("--lambda", dest="weight", type=float, default=0.05, help="λ of the paper's G2RL")
    parser.add_argument("--recipe", default="", help="how every network was trained, a phrase")
    switch(parser, "--rounded", "round the predictions to whole intensities first")
    resamples(parser)
    output(parser, "the .csv; .md is written beside it")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.report.claims import write_claims

    write_claims(
        options.predictions,
        options.models,
        options.output.with_suffix(""),
        options.sigma,
        options.weight,
        options.resamples,
        options.recipe,
        options.rounded,
    )
    return Outcome([*options.predictions, *options.models], beside(options.output, SMALL_TABLE))
