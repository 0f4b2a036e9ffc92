"""When should geometry help? Difference of the guided trainings from the Baseline, per kind of harder faces.

    python benchmarks/axes.py docs/evidence/hard_faces.csv docs/evidence/axes

Reads the table that ``g2rl ablations`` writes of those ablations and of ``benchmarks/hard_faces.py``, by the
command in docs/evidence/ablations.md. Writes the figure, .png and .pdf, and the plotted rows, .csv.
"""

import sys
from pathlib import Path

import pandas as pd

from g2rl.report.figures.ablations import figure_ablations

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


def main(table: Path, stem: Path) -> None:
    rows = pd.read_csv(table).set_index(["dataset", "variant"])
    parts = [
        rows.loc[(dataset, variant)].assign(dataset=label, variant=axis)
        for axis, (dataset, *variants) in AXES.items()
        for label, variant in zip(SERIES, variants, strict=True)
    ]
    figure_ablations(pd.concat(parts, ignore_index=True), dict.fromkeys(AXES, "baseline"), stem)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
