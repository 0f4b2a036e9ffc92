"""When should geometry help? The guided trainings' difference from the Baseline over what makes faces harder.

    python benchmarks/axes.py axes.csv docs/evidence/axes.png

``axes.csv``: what ``g2rl ablations`` writes of those ablations and of ``benchmarks/hard_faces.py``, by the
command in docs/evidence/ablations.md.
"""

import sys
from pathlib import Path

import pandas as pd
from matplotlib import style
from matplotlib.figure import Figure

from g2rl.figures import COLOURS, MARKERS, STYLE

PLAIN = "synthetic_bp4d"
AXES = {  # dataset, G2RL's variant, that of standardised guidance
    "faces as they are": (PLAIN, "g2rl", "standardised"),
    "6 training subjects": (PLAIN, "few", "few_standardised"),
    "people further apart": (f"{PLAIN}_identity", "g2rl", "standardised"),
    "32 pixels": (PLAIN, "small", "small_standardised"),
    "ResNet-18": (PLAIN, "large", "large_standardised"),
    "noise": (f"{PLAIN}_noise", "g2rl", "standardised"),
    "a part covered": (f"{PLAIN}_covered", "g2rl", "standardised"),
}
SERIES = ("Eq. 6 as printed, λ = 0.05", "standardised, λ = 0.005")


def main(table: Path, out: Path) -> None:
    rows = pd.read_csv(table).set_index(["dataset", "variant", "metric"])
    with style.context(["default", STYLE]):
        figure = Figure((6.9, 2.8), layout="constrained", dpi=300)
        for axes, metric in zip(figure.subplots(1, 2, sharey=True), ("ICC", "MAE"), strict=True):
            axes.axvline(0, color="0.3", linewidth=0.8)
            for number, label in enumerate(SERIES):
                for place, (dataset, *variants) in enumerate(AXES.values()):
                    row = rows.loc[(dataset, variants[number], metric)]
                    axes.errorbar(
                        row["difference"],
                        place + (number - 0.5) * 0.3,
                        xerr=[[row["difference"] - row["ci_low"]], [row["ci_high"] - row["difference"]]],
                        label="" if place else label,
                        color=COLOURS[number],
                        fmt=MARKERS[number],
                        elinewidth=1,
                        capsize=2,
                    )
            axes.set_yticks(range(len(AXES)), AXES)
            arrow = {"ICC": "↑", "MAE": "↓"}[metric]
            axes.set(xlabel=f"difference from the Baseline in {metric} {arrow}", ylim=(len(AXES) - 0.5, -0.5))
            axes.grid(axis="x", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        figure.savefig(out, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
