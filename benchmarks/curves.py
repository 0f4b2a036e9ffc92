"""ICC of Baseline and G2RL over the length of the training, from the ablations of config/curves.yaml.

    python benchmarks/curves.py results_curves docs/evidence/curves

Each point is a training of that length, with a cycle of the learning rate of its own, tested on held-out
training subjects. Writes the figure, .png and .pdf, and one row per training, .csv.
"""

import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import torch

from g2rl.config.training import Settings
from g2rl.evaluation.methods import METHODS
from g2rl.evaluation.metrics import evaluate
from g2rl.inference.predictions import read_predictions
from g2rl.io.figures import COLOURS, MARKERS, ONE_COLUMN, draw_grid, label, new_figure, save, style
from g2rl.network.model_file import read_model
from g2rl.paths import Run


def recipe(settings: Settings) -> Settings:
    """The settings without what the curves differ in."""
    return replace(settings, epochs=1, seed=0, lam=0)


def trainings(results: Path) -> pd.DataFrame:
    """One row per training with G2RL's or the Baseline's settings: epochs, seed, mean ICC of the AUs."""
    rows, recipes = [], {}
    for file in sorted(results.glob("*/*/fold1v/predictions.csv")):
        dataset, run = file.parts[-4], Run.parse(file.parts[-3])
        settings = read_model(file.with_name("model.safetensors"), torch.device("cpu")).settings
        if recipes.setdefault(dataset, recipe(settings)) != recipe(settings):
            continue
        measured = evaluate([read_predictions(file)], resamples=0)
        pooled = measured.query("au == 'avg' and metric == 'ICC' and aggregation == 'pooled'")
        rows.append((dataset, METHODS[run.method], settings.epochs, run.seed, pooled["value"].item()))
    columns = ["dataset", "method", "epochs", "seed", "icc"]
    return pd.DataFrame(rows, columns=columns).drop_duplicates().sort_values(columns, ignore_index=True)


def main(results: Path, stem: Path) -> None:
    data = trainings(results)
    with style():
        figure = new_figure(ONE_COLUMN, 2.4, layout="constrained")
        axes = figure.subplots()
        for number, ((dataset, method), rows) in enumerate(data.groupby(["dataset", "method"])):
            colour, marker = COLOURS[number], MARKERS[number]
            axes.plot(rows["epochs"], rows["icc"], ".", color=colour, alpha=0.5)
            mean = rows.groupby("epochs")["icc"].mean()
            axes.plot(mean.index, mean, marker=marker, color=colour, label=f"{method}, {label(dataset)}")
        axes.set_xscale("log", base=2)
        axes.set_xticks(*2 * [sorted(set(data["epochs"]))])
        axes.minorticks_off()
        axes.set(xlabel="epochs", ylabel="ICC(3,1), held-out training subjects")
        axes.legend(loc="lower right")
        draw_grid(axes)
        save(figure, stem, data)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
