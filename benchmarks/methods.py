"""Every method of config/benchmark.yaml on average over the AUs, with the time to train each.

    python benchmarks/methods.py results_benchmark docs/evidence/methods

Writes .csv, Table 1's rows and minutes, the mean processor time of a training by Snakemake's records; and
the table between the marks of the page, .md.
"""

import sys
from pathlib import Path

import pandas as pd
from record import write_between

from g2rl.evaluation.methods import method_title
from g2rl.io.markdown import pipe_table
from g2rl.io.tables import read_csv, write_csv

MARKS = ("<!-- methods -->\n", "<!-- /methods -->")
HEADER = ["method", "ICC", "− Baseline", "MAE", "− Baseline", "processor minutes per training"]


def minutes(results: Path) -> pd.DataFrame:
    """Columns dataset, method, minutes: processor time of one training, mean over folds and seeds."""
    rows = [
        (*path.parts[-4:-2], pd.read_csv(path, sep="\t")["cpu_time"].mean() / 60)
        for path in sorted(results.glob("logs/benchmarks/*/*/fold*/train.tsv"))
    ]
    table = pd.DataFrame(rows, columns=["dataset", "method", "minutes"])
    table["method"] = table["method"].map(method_title)
    return table.groupby(["dataset", "method"], sort=False, as_index=False).mean()


def markdown(table: pd.DataFrame) -> str:
    """A table for each dataset: the values of the average over the AUs, with their intervals."""
    average, parts = table[table["au"] == "avg"], []
    for dataset, here in average.groupby("dataset", sort=False):
        rows = []
        for method, both in here.groupby("method", sort=False):
            cells = [str(method)]
            for metric in ("ICC", "MAE"):
                one = both[both["metric"] == metric].iloc[0]
                cells.append(f"{one.value:.3f} [{one.ci_low:.3f}, {one.ci_high:.3f}]")
                cells.append(
                    f"{one.difference:+.3f} [{one.difference_low:+.3f}, {one.difference_high:+.3f}]"
                    if pd.notna(one.difference)
                    else ""
                )
            time = both["minutes"].iloc[0]
            rows.append([*cells, "" if pd.isna(time) else f"{time:.1f}"])
        parts.append(f"**{dataset}**\n\n{pipe_table(HEADER, '|:--|--:|--:|--:|--:|--:|', rows)}\n")
    return "\n".join(parts)


def main(results: Path, stem: Path) -> None:
    table = read_csv(results / "table1.csv", dtype={"au": str})
    table = table[table["source"] == "measured"].merge(minutes(results), how="left", on=["dataset", "method"])
    write_csv(stem.with_suffix(".csv"), table)
    write_between(stem.with_suffix(".md"), MARKS, markdown(table))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
