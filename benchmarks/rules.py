"""Time and memory of every rule in the last complete run of the embedded default, from Snakemake's files.

python benchmarks/rules.py results/logs/benchmarks > benchmarks/rules.md

The wall-clock time, from the start of the first job to the end of the last, is recorded in results.json as
``embedded_default_seconds`` unless the files are of several runs.
"""

import contextlib
import os
import sys
from pathlib import Path

import pandas as pd
from record import cost, record

# The rule is a file's name or, for jobs of one sequence, its folder's.
PER_SEQUENCE = ("render", "landmarks", "align")
GAP = 60  # seconds without a job that end a run


def main(folder: Path) -> None:
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        rule = next((part for part in path.parts if part in PER_SEQUENCE), path.stem)
        dataset = path.relative_to(folder).parts[0] if path.parent != folder else ""
        row, end = pd.read_csv(path, sep="\t").iloc[-1], path.stat().st_mtime
        job = {"dataset": dataset, "rule": rule, "s": row["s"], "rss": row["max_rss"]}
        rows.append(job | {"start": end - row["s"], "end": end})
    if not rows:
        sys.exit(f"{folder}: no measurements there: run snakemake first")
    jobs = pd.DataFrame(rows).sort_values("start")
    table = jobs.groupby(["dataset", "rule"])[["s", "rss"]].agg(["count", "sum", "median", "max"])
    print("| dataset | rule | jobs | seconds, all | median | longest | memory, most (MB) |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for (dataset, rule), row in table.sort_values(("s", "sum"), ascending=False).iterrows():
        s = row["s"]
        print(
            f"| {dataset} | {rule} | {s['count']:.0f} | {s['sum']:.0f} | {s['median']:.1f} | {s['max']:.1f} "
            f"| {row['rss']['max']:.0f} |"
        )
    print(f"\nAll jobs together: {jobs['s'].sum():.0f} s.")
    idle = (jobs["start"] - jobs["end"].cummax().shift()).max()
    if idle > GAP:
        print(f"Of several runs ({idle:.0f} s lie between two of them): no wall-clock time.", file=sys.stderr)
        return
    wall, jobs_of = jobs["end"].max() - jobs["start"].min(), len(jobs)
    unit = f"s wall-clock, {jobs_of} jobs on {len(os.sched_getaffinity(0))} cores"
    with contextlib.redirect_stdout(sys.stderr):
        record({"embedded_default_seconds": cost(wall, None, unit)}, ("snakemake", "torch"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
