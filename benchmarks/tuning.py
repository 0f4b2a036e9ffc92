"""How strong should guidance and plain regularisers be? ICC on training subjects that are held out.

    python benchmarks/tuning.py results_study docs/evidence/tuning      # after, or during, config/tuning.yaml

Writes STEM.csv, ICC and MAE of every training, and the table in study.md. Trainings that STEM.csv has from
another machine stay.
"""

import argparse
from pathlib import Path

import pandas as pd
from record import write_between
from study import TRAINING, VALIDATION, collect, trainings, trainings_of

from g2rl.io.markdown import pipe_table
from g2rl.io.tables import read_csv, write_csv

MARKS = ("<!-- tuning -->\n", "<!-- /tuning -->")


def markdown(found: pd.DataFrame, names: list[str]) -> str:
    """Each variant, in the order of the configuration, its ICC of each seed and their mean."""
    table = found.pivot_table("icc", "variant", "seed").reindex(names).dropna(how="all")
    rows = [
        [name, *("–" if pd.isna(value) else f"{value:.3f}" for value in row), f"{row.mean():.3f}"]
        for name, row in table.iterrows()
    ]
    header = ["variant", *(f"seed {seed}" for seed in table.columns), "mean"]
    return pipe_table(header, "|:--" + "|--:" * (len(header) - 1) + "|", rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("stem", type=Path)
    options = parser.parse_args()
    every = trainings_of("tuning")[0]
    table = options.stem.with_suffix(".csv")
    found = trainings(collect(options.results, every, VALIDATION))
    if table.exists():
        found = pd.concat([found, read_csv(table)]).drop_duplicates(TRAINING).sort_values(TRAINING)
    write_csv(table, found, "%.6f")
    names = list(dict.fromkeys(one.variant for one in every))
    write_between(options.stem.with_name("study.md"), MARKS, f"{markdown(found, names)}\n")


if __name__ == "__main__":
    main()
