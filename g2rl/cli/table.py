"""Make Table 1, the published rows beside the measured ones, as CSV, Markdown, LaTeX and HTML.

example: g2rl table results/*/constant/metrics.csv results/*/baseline_sigma2_seed0/metrics.csv \
             -o table1.csv
"""

import argparse
from pathlib import Path

from g2rl.cli.options import above, output


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("metrics", type=Path, nargs="+", help="DATASET/RUN/metrics.csv; seeds are averaged")
    parser.add_argument("--recipe", default="", help="how the networks were trained, for the caption")
    parser.add_argument(
        "--histories", type=Path, nargs="*", default=[], metavar="FILE", help="DATASET/RUN/foldK/history.csv"
    )
    parser.add_argument(
        "--frames", type=Path, nargs="*", default=[], metavar="FILE", help="DATASET/frames.csv, for the notes"
    )
    output(parser, "the .csv; .md, .tex and .html are written beside it")


def run(options: argparse.Namespace) -> None:
    import pandas as pd

    from g2rl.report.captions import collapse_note, frames_note
    from g2rl.report.methods import method_name
    from g2rl.report.table1 import MethodResult, write_table1

    groups: dict[tuple[str, str], list[pd.DataFrame]] = {}
    for path in options.metrics:
        groups.setdefault((above(path, 2), method_name(above(path, 1))), []).append(pd.read_csv(path))
    histories: dict[str, list[pd.DataFrame]] = {}
    for path in options.histories:
        histories.setdefault(above(path, 3), []).append(pd.read_csv(path))
    results = [MethodResult(dataset, method, tables) for (dataset, method), tables in groups.items()]
    counts = {above(path, 1): pd.read_csv(path) for path in options.frames}
    notes = [note for note in [collapse_note(histories), frames_note(counts)] if note]
    write_table1(results, options.output.with_suffix(""), options.recipe, notes)
