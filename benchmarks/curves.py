"""ICC of Baseline and G2RL over the length of the training, from the ablations of config/curves.yaml.

    python benchmarks/curves.py results_curves/ablations.csv docs/evidence/curves

Writes the figure, .png and .pdf, and the plotted rows, .csv. Each point is the mean over seeds of trainings
of that length, each with its own cycle of the learning rate.
"""

import sys
from pathlib import Path

import pandas as pd

from g2rl.io.figures import COLOURS, MARKERS, ONE_COLUMN, draw_grid, label, new_figure, save, style

NAMES = {"baseline": "Baseline", "g2rl": "G2RL"}


def points(table: pd.DataFrame) -> pd.DataFrame:
    """Rows of ``dataset``, ``method``, ``epochs``, ``icc`` and ``seeds``, of the variants NAME_EPOCHS."""
    parts = table["variant"].str.extract(r"^(?P<method>baseline|g2rl)_(?P<epochs>\d+)$")
    rows = table.assign(**parts)[(table["metric"] == "ICC") & parts["epochs"].notna()]
    rows = rows.rename(columns={"mean": "icc"}).astype({"epochs": int})
    return rows[["dataset", "method", "epochs", "icc", "seeds"]].sort_values(["dataset", "method", "epochs"])


def main(table: Path, stem: Path) -> None:
    data = points(pd.read_csv(table))
    with style():
        figure = new_figure(ONE_COLUMN, 2.4, layout="constrained")
        axes = figure.subplots()
        for number, ((dataset, method), rows) in enumerate(data.groupby(["dataset", "method"])):
            look = {"color": COLOURS[number], "marker": MARKERS[number]}
            axes.plot(rows["epochs"], rows["icc"], label=f"{NAMES[method]}, {label(dataset)}", **look)
        axes.set_xscale("log", base=2)
        axes.set_xticks(sorted(set(data["epochs"])), sorted(set(data["epochs"])))
        axes.set(xlabel="epochs", ylabel="ICC(3,1), held-out training subjects")
        axes.legend(loc="lower right")
        draw_grid(axes)
        save(figure, stem, data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
