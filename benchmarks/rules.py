"""Time and memory of every rule in the last run, from Snakemake's own measurements, as a Markdown table.

python benchmarks/rules.py logs/benchmarks > benchmarks/rules.md
"""

import sys
from pathlib import Path

import pandas as pd

# The rule is a file's name or, for jobs of one sequence, its folder's.
PER_SEQUENCE = ("render", "landmarks", "align")


def main(folder: Path) -> None:
    rows = []
    for path in sorted(folder.rglob("*.tsv")):
        rule = next((part for part in path.parts if part in PER_SEQUENCE), path.stem)
        dataset = path.relative_to(folder).parts[0] if path.parent != folder else ""
        row = pd.read_csv(path, sep="\t").iloc[-1]
        rows.append({"dataset": dataset, "rule": rule, "s": row["s"], "rss": row["max_rss"]})
    if not rows:
        sys.exit(f"{folder}: no measurements there: run snakemake first")
    jobs = pd.DataFrame(rows)
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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
