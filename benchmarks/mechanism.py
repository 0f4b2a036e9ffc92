"""What L_G changes in M, the maps before the heatmaps: size, rank, and what can be read from them.

    python benchmarks/mechanism.py results_study docs/evidence/mechanism      # after config/study.yaml

Of each trained network of the study, on the test subjects: ``norm``, the root mean square of M; ``rank``, the
effective rank of the pooled M over faces (Roy & Vetterli 2007); and what ridge regression reads from it, M
pooled to 4×4: ``landmarks``, R² of the landmarks, and ``intensity``, of the codes, both on subjects that the
regression was not fitted on; ``identity``, how often the subject of a face of the second task is found among
those of the first. Writes one row per network, .csv, and the figure, .png and .pdf: differences from the
Baseline of the same seed.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from g2rl.faces.fold_manifest import read_manifests
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import AlignedSequence, read_sequence
from g2rl.io.figures import COLOURS, TWO_COLUMNS, draw_grid, new_figure, save, style
from g2rl.io.progress import progress
from g2rl.network.model_file import Model, read_model
from g2rl.network.preprocessing import network_input
from g2rl.paths import Run

DATASET, FOLD = "synthetic_bp4d", 1
EVERY = 2  # of the frames
CELLS = 4  # M is pooled to 4×4
PENALTY = 0.1  # of the ridge regression, in units of a face's mean squared distance from the mean
GROUPS = 5  # of subjects, for cross-validation
MEASURES = {
    "norm": "root mean square of M",
    "rank": "effective rank of M",
    "landmarks": "R² of landmarks from M",
    "identity": "share of faces told apart",
    "intensity": "R² of intensities from M",
}
NAMES = {"g2rl": "G2RL", "shuffled": "other landmarks"}  # of variants, in the figure


@torch.inference_mode()
def features(model: Model, sequence: AlignedSequence) -> tuple[np.ndarray, float]:
    """(N, C·16) of M pooled to 4×4, and M's mean square, of every second frame."""
    index = np.arange(0, len(sequence.frame), EVERY)
    faces = decode(sequence.jpeg, sequence.offsets, index, model.settings.image_size)
    landmarks = torch.from_numpy(sequence.landmarks[index])
    _, M = model.net(network_input(torch.from_numpy(faces), landmarks, model.settings))
    pooled = torch.nn.functional.adaptive_avg_pool2d(M, CELLS)
    return pooled.flatten(1).numpy(), M.square().mean().item()


def effective_rank(values: np.ndarray) -> float:
    shares = np.linalg.svd(values - values.mean(0), compute_uv=False)
    shares = shares / shares.sum()
    return float(np.exp(-np.sum(shares * np.log(shares.clip(1e-30)))))


def ridge(train: np.ndarray, known: np.ndarray, test: np.ndarray) -> np.ndarray:
    """The targets of ``test``, by ridge regression on the centred features of ``train``."""
    X, Z = train - train.mean(0), test - train.mean(0)
    # As many equations as frames, fewer than features: the dual form.
    kernel = X @ X.T
    weights = np.linalg.solve(
        kernel + PENALTY * np.trace(kernel) / len(X) * np.eye(len(X)), known - known.mean(0)
    )
    return Z @ (X.T @ weights) + known.mean(0)


def r2_across_subjects(values: np.ndarray, known: np.ndarray, subject: np.ndarray) -> float:
    """R² over all columns of ``known``, each subject predicted by a regression without it."""
    found = np.empty_like(known)
    names = np.unique(subject)
    for group in range(GROUPS):
        held = np.isin(subject, names[group::GROUPS])
        found[held] = ridge(values[~held], known[~held], values[held])
    return float(1 - np.square(known - found).sum() / np.square(known - known.mean(0)).sum())


def identity(values: np.ndarray, subject: np.ndarray, task: np.ndarray) -> float:
    """Share of the second task's faces whose subject scores highest in a regression on the first's."""
    first = task == np.unique(task)[0]
    names, one_hot = np.unique(subject[first], return_inverse=True)
    scores = ridge(values[first], np.eye(len(names))[one_hot], values[~first])
    return float(np.mean(names[scores.argmax(1)] == subject[~first]))


def measure(model: Model, sequences: list[AlignedSequence]) -> dict[str, float]:
    parts, squares = zip(*(features(model, sequence) for sequence in sequences), strict=True)
    values = np.concatenate(parts).astype(np.float64)
    kept = [slice(0, None, EVERY)] * len(sequences)
    counts = [len(part) for part in parts]
    points = np.concatenate([each.landmarks[k] for each, k in zip(sequences, kept, strict=True)])
    codes = np.concatenate([each.intensity[k] for each, k in zip(sequences, kept, strict=True)]).astype(float)
    subject = np.repeat([each.subject for each in sequences], counts)
    task = np.repeat([each.sequence.split("_")[-1] for each in sequences], counts)
    return {
        "norm": float(np.sqrt(np.average(squares, weights=counts))),
        "rank": effective_rank(values),
        "landmarks": r2_across_subjects(values, points.reshape(len(points), -1).astype(np.float64), subject),
        "identity": identity(values, subject, task),
        "intensity": r2_across_subjects(values, codes, subject),
    }


def draw(table: pd.DataFrame, stem: Path) -> None:
    """Each variant's difference from the Baseline of its seed: a dot per seed, a line at the mean."""
    wide = table.pivot_table(index="seed", columns="variant", values=list(MEASURES))
    names = [name for name in dict.fromkeys(table["variant"]) if name != "baseline"]
    with style():
        figure = new_figure(TWO_COLUMNS, 0.7 + 0.25 * len(names), layout="constrained")
        for axes, (name, title) in zip(
            figure.subplots(1, len(MEASURES), sharey=True), MEASURES.items(), strict=True
        ):
            difference = wide[name].sub(wide[name]["baseline"], axis=0)[names]
            axes.axvline(0, color="0.3", linewidth=0.8)
            for at, variant in enumerate(names):
                seeds = difference[variant].dropna()
                axes.plot(seeds, [at] * len(seeds), "o", color=COLOURS[0], alpha=0.4, markersize=3)
                axes.plot([seeds.mean()] * 2, [at - 0.3, at + 0.3], color=COLOURS[1])
            axes.set_yticks(range(len(names)), [NAMES.get(each, each) for each in names])
            axes.set_title(title, loc="left", pad=3, fontsize=7.5)
            axes.locator_params(axis="x", nbins=2)
            draw_grid(axes, "x")
        axes.invert_yaxis()
        figure.supxlabel(
            "difference from the Baseline of the same seed; dots: seeds, lines: means", fontsize=8
        )
        save(figure, stem, table)


def main(results: Path, stem: Path) -> None:
    sequences = [read_sequence(file) for file in read_manifests([results / DATASET / f"fold{FOLD}.tsv"])]
    rows = []
    files = sorted(results.glob(f"{DATASET}/*/fold{FOLD}/model.safetensors"))
    for file in progress(files, "networks", len(files)):
        run = Run.parse(file.parent.parent.name)
        model = read_model(file, torch.device("cpu"))
        rows.append({"variant": run.variant or run.method, "seed": run.seed, **measure(model, sequences)})
    draw(pd.DataFrame(rows), stem)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
