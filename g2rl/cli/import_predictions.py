r"""Read other tools' CSV files, of OpenFace 2, LibreFace, Py-Feat or pyfaceau, as predictions of test frames.

example: g2rl import-predictions --tool openface openface/SN*.csv --dataset disfa
"""

import argparse
from pathlib import Path

from g2rl.cli.outcome import Outcome
from g2rl.paths import TOOLS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("csv", type=Path, nargs="+", metavar="CSV", help="one per sequence, named like it")
    parser.add_argument("--tool", required=True, choices=TOOLS, help="that wrote them")
    parser.add_argument("--dataset", required=True, metavar="NAME", help="its folder below the results")
    parser.add_argument("--results", default="results", metavar="DIR", help="folder of the results")
    parser.add_argument("--fold", help="one fold; default: all")
    parser.add_argument(
        "--first-frame", type=int, metavar="N", help="number of the first; default: the tool's"
    )
    parser.add_argument(
        "--layout", help="of the dataset, where frames are images with names of their own; default: a video's"
    )
    parser.add_argument(
        "--root", type=Path, metavar="DIR", help="the dataset's folder, with --layout; default: none"
    )


def run(options: argparse.Namespace) -> Outcome:
    from g2rl.datasets.registry import get_layout
    from g2rl.errors import InputError
    from g2rl.evaluation.tool_formats import TOOLS as KNOWN
    from g2rl.evaluation.tools import import_predictions
    from g2rl.faces.fold_manifest import read_manifest
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.inference.predictions import write_predictions
    from g2rl.io.tables import write_csv
    from g2rl.io.video import open_source
    from g2rl.paths import Results

    results = Results(options.results)
    folder = Path(results.root, options.dataset)
    manifests = sorted(folder.glob(f"fold{options.fold or '[1-9]*'}.tsv"))
    if not manifests:
        raise InputError(f"{folder}: no fold manifest in it: snakemake all makes them")
    read, written = [*options.csv, *manifests], []
    for manifest in manifests:
        files = read_manifest(manifest)
        sequences, numbers = [read_sequence(file) for file in files], {}
        if options.layout:
            layout = get_layout(options.layout)
            media = {each.sequence: layout.media(options.root, each.sequence) for each in sequences}
            numbers = {name: open_source(path).numbers for name, path in media.items()}
        table, counts = import_predictions(
            KNOWN[options.tool], options.csv, sequences, numbers, options.first_frame
        )
        fold = manifest.stem.removeprefix("fold")
        out = Path(results.predictions(options.dataset, options.tool, fold))
        write_predictions(out, table)
        write_csv(out.with_name("frames.csv"), counts)
        read += files
        written += [out, out.with_name("frames.csv")]
    return Outcome(read, written)
