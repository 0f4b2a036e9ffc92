r"""Make Table 1, the published rows beside the measured ones, as CSV, Markdown, LaTeX and HTML.

example: g2rl table results/*/constant/metrics.csv results/*/baseline_sigma2_seed0/metrics.csv \
             -o table1.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import beside, output, resamples, switch
from g2rl.cli.outcome import Outcome
from g2rl.errors import InputError
from g2rl.paths import TABLE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("metrics", type=Path, nargs="+", help="DATASET/RUN/metrics.csv; seeds are averaged")
    parser.add_argument("--recipe", default="", help="how the networks were trained, for the caption")
    parser.add_argument(
        "--histories", type=Path, nargs="*", default=[], metavar="FILE", help="DATASET/RUN/foldK/history.csv"
    )
    parser.add_argument(
        "--frames", type=Path, nargs="*", default=[], metavar="FILE", help="DATASET/frames.csv, for the notes"
    )
    parser.add_argument(
        "--published",
        nargs="*",
        default=["BP4D", "DISFA"],
        metavar="DATASET",
        help="show the published rows of these datasets",
    )
    parser.add_argument(
        "--predictions",
        type=Path,
        nargs="*",
        default=[],
        metavar="FILE",
        help="DATASET/METHOD/foldK/predictions.csv, for the differences from the Baseline, and the notes",
    )
    parser.add_argument(
        "--aggregation",
        choices=("pooled", "fold_mean"),
        default="pooled",
        help="the values shown: of all test frames together, or the means over the folds",
    )
    switch(parser, "--rounded", "the predictions are rounded to whole intensities before they are measured")
    switch(parser, "--neutral", "a row more for each trained method, less each subject's neutral expression")
    resamples(parser)
    parser.add_argument(
        "--mark",
        action="append",
        default=[],
        metavar="DATASET=METHOD=TEXT",
        help="stands behind a method's name, such as disfa=openface=in-sample; may be repeated",
    )
    output(parser, "the .csv; .md, .tex and .html are written beside it")


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.report.table1 import table1_from_files, write_table1

    files = (options.metrics, options.histories, options.frames, options.predictions)
    results, notes = table1_from_files(
        *files, options.resamples, options.rounded, _marks(options.mark), options.neutral
    )
    stem = options.output.with_suffix("")
    write_table1(
        results, stem, options.recipe, notes, options.published, options.aggregation, options.rounded
    )
    read = [path for paths in files for path in paths]
    return Outcome(read, beside(options.output, TABLE))


def _marks(texts: list[str]) -> dict[tuple[str, str], str]:
    from g2rl.evaluation.methods import METHODS

    found = {}
    for text in texts:
        dataset, method, mark = (*text.split("=", 2), "", "")[:3]
        if method not in METHODS or not mark:
            raise InputError(
                f"--mark {text}: expected DATASET=METHOD=TEXT, METHOD one of {', '.join(METHODS)}"
            )
        found[dataset, METHODS[method]] = mark
    return found
