"""An upper bound for geometry: how much would the landmarks add if they were available at test time?

    python benchmarks/landmarks_at_test.py results synthetic_bp4d config/datasets/synthetic_bp4d.tsv

Needs the Baseline's predictions of fold 1 and of its validation, each for the same seeds
(``results/DATASET/baseline_sigma2_seed*/fold1{,v}/predictions.csv``), and the aligned sequences. For each AU
the network's prediction and that of the ridge on the landmarks are added, with weights fitted on held-out
training subjects, used to train neither. The control is the same fit without landmarks: it only recalibrates.
Prints the ICC and MAE of each on the test subjects and the difference, paired over seeds and subjects.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import LinearRegression

from g2rl.action_units import MAX_INTENSITY
from g2rl.datasets.sheet import read_sheet
from g2rl.evaluation.comparison import compare
from g2rl.evaluation.image_free import fit_landmark_ridge
from g2rl.faces.sequence_file import AlignedSequence, read_sequence
from g2rl.inference.predictions import KEYS, intensities, prediction_table, read_predictions
from g2rl.paths import Run, locate_fold_file


def ridge(train: list[AlignedSequence], test: list[AlignedSequence], keys: pd.DataFrame) -> np.ndarray:
    """Predictions of the ridge on the landmarks, in the order of ``keys``."""
    subjects = np.repeat([shard.subject for shard in train], [len(shard.frame) for shard in train])
    points, codes = (np.concatenate([getattr(s, name) for s in train]) for name in ("landmarks", "intensity"))
    model = fit_landmark_ridge(points, codes, subjects, train[0].aus)
    table = prediction_table(test, [model.predict(shard.landmarks) for shard in test])
    return intensities(keys.merge(table, on=KEYS, validate="1:1"))[1]


def main(results: Path, dataset: str, sheet: Path) -> None:
    rows = [row for row in read_sheet(sheet) if (results / f"{dataset}/cache/{row.sequence}.h5").exists()]
    shards = {row.sequence: read_sequence(results / f"{dataset}/cache/{row.sequence}.h5") for row in rows}
    training = [row.sequence for row in rows if row.fold != 1]
    network, recalibrated, stacked = {}, {}, {}
    for path in sorted(results.glob(f"{dataset}/baseline_sigma2_seed*/fold1v/predictions.csv")):
        held, test = read_predictions(path), read_predictions(path.parents[1] / "fold1/predictions.csv")
        out = set(held["sequence"])
        parts = (([name for name in training if name not in out], held), (training, test))
        sides = [
            ridge(
                *([shards[n] for n in each] for each in (names, sorted(set(table["sequence"])))), table[KEYS]
            )
            for names, table in parts
        ]
        truth, on_held = intensities(held)
        _, on_test = intensities(test)
        seed = Run.parse(locate_fold_file(path).method).seed
        network[seed] = [test]
        alone, both = ((on_held,), (on_test,)), ((on_held, sides[0]), (on_test, sides[1]))
        for found, inputs in ((recalibrated, alone), (stacked, both)):
            made = test.copy()
            for k, name in enumerate([column for column in test if column.endswith("_pred")]):
                fit, use = (np.stack([one[:, k] for one in each], 1) for each in inputs)
                coded = ~np.isnan(truth[:, k])
                line = LinearRegression().fit(fit[coded], truth[coded, k])
                made[name] = line.predict(use).clip(0, MAX_INTENSITY)
            found[seed] = [made]
    for name, runs, against in (
        ("recalibrated − network", recalibrated, network),
        ("with landmarks − recalibrated", stacked, recalibrated),
    ):
        print(f"{name} ({len(runs)} seeds)")
        print(compare(runs, against, 2000).round(3).to_string(index=False))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
