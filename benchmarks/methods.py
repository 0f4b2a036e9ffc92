"""Table 1 of config/benchmark.yaml with the time to train each method, for docs/evidence.

    python benchmarks/methods.py results_benchmark docs/evidence/methods

Writes .csv, Table 1's columns and minutes, the mean wall-clock time of a training by Snakemake's records; and
.md, Table 1 and a table of these times.
"""

import sys
from pathlib import Path

import pandas as pd

from g2rl.evaluation.methods import method_title
from g2rl.io.atomic import write_text
from g2rl.io.markdown import pipe_table
from g2rl.io.tables import read_csv, write_csv


def minutes(results: Path) -> pd.DataFrame:
    """Columns dataset, method, minutes: of one training, mean over folds and seeds."""
    rows = [
        (*path.parts[-4:-2], pd.read_csv(path, sep="\t")["s"].mean() / 60)
        for path in sorted(results.glob("logs/benchmarks/*/*/fold*/train.tsv"))
    ]
    table = pd.DataFrame(rows, columns=["dataset", "method", "minutes"])
    table["method"] = table["method"].map(method_title)
    return table.groupby(["dataset", "method"], sort=False, as_index=False).mean()


def main(results: Path, stem: Path) -> None:
    times = minutes(results)
    table = read_csv(results / "table1.csv").merge(times, how="left", on=["dataset", "method"])
    write_csv(stem.with_suffix(".csv"), table[table["source"] == "measured"])
    rows = [[row.dataset, row.method, f"{row.minutes:.1f}"] for row in times.itertuples()]
    text = pipe_table(["dataset", "method", "minutes per training"], "|:--|:--|--:|", rows)
    write_text(stem.with_suffix(".md"), f"{(results / 'table1.md').read_text(encoding='utf-8')}\n{text}\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
