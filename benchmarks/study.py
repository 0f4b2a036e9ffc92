"""ICC and MAE of each training of the study, seed by seed, and the paired differences with t intervals.

    python benchmarks/study.py results_study docs/evidence/study_seeds      # after config/study.yaml

Reads ``RESULTS/synthetic_bp4d/*/fold1/predictions.csv``. Writes one row per training, .csv, and prints the
differences that docs/evidence/study.md gives: means over the seeds that both sides have.
"""

import sys
from pathlib import Path

import pandas as pd
from scipy import stats

from g2rl.evaluation.metrics import evaluate
from g2rl.inference.predictions import read_predictions
from g2rl.io.tables import write_csv
from g2rl.paths import Run

DIFFERENCES = [
    ("g2rl", "baseline"),
    ("shuffled", "baseline"),
    ("g2rl", "shuffled"),
]  # the last is the primary


def trainings(results: Path) -> pd.DataFrame:
    """Rows of ``variant``, ``seed``, ``icc`` and ``mae``, means over the AUs."""
    rows = []
    for file in sorted(results.glob("synthetic_bp4d/*/fold1/predictions.csv")):
        run, table = Run.parse(file.parts[-3]), read_predictions(file)
        means = evaluate([table], resamples=0).query("au == 'avg' and aggregation == 'pooled'")
        values = means.set_index("metric")["value"]
        rows.append((run.variant or run.method, run.seed, values["ICC"], values["MAE"]))
    return pd.DataFrame(rows, columns=["variant", "seed", "icc", "mae"])


def main(results: Path, stem: str) -> None:
    data = trainings(results)
    write_csv(f"{stem}.csv", data, "%.6f")
    icc = data.pivot_table(index="seed", columns="variant", values="icc")
    for one, other in DIFFERENCES:
        difference = (icc[one] - icc[other]).dropna()
        low, high = stats.t.interval(0.95, len(difference) - 1, difference.mean(), stats.sem(difference))
        seeds = ", ".join(f"{value:+.4f}" for value in difference)
        print(f"{one} − {other}: {difference.mean():+.4f} [{low:+.4f}, {high:+.4f}]; by seed {seeds}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
