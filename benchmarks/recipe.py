"""How the embedded default's recipe was chosen: candidates on a validation part of the training subjects.

    python benchmarks/recipe.py results synthetic_bp4d:config/datasets/synthetic_bp4d.tsv

Every fourth of the subjects that fold 1 does not test is held out, in two rotations; no test frame of fold 1
is read. Prints the average ICC and MAE of each candidate on the held-out subjects.
"""

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from g2rl.config.training import Settings
from g2rl.datasets.sheet import read_sheet
from g2rl.evaluation.metrics import evaluate
from g2rl.faces.sequence_file import read_sequence
from g2rl.inference.predictor import predict_sequences
from g2rl.network.model_file import read_model
from g2rl.training.loop import train

BASE = Settings(
    backbone="test_resnet.r160_in1k", image_size=64, stride=16, channels=(64, 64), epochs=6, lr=5e-3,
    schedule="onecycle", flip=True, lam=0.0,
)  # fmt: skip
STRIDE_32 = {"stride": 32, "channels": (64, 64, 64)}
CANDIDATES = {
    "64 px, stride 16, two deconvolutions": {},
    "64 px, stride 16, three of 32 channels": {"channels": (32, 32, 32)},
    "64 px, stride 8, two of 32 channels": {"stride": 8, "channels": (32, 32)},
    "64 px, stride 32, three deconvolutions, 8 epochs": STRIDE_32 | {"epochs": 8},
    "96 px, stride 32, three deconvolutions": STRIDE_32 | {"image_size": 96},
    "96 px, stride 16, two deconvolutions": {"image_size": 96},
    "test_byobnet, 64 px, stride 16": {"backbone": "test_byobnet.r160_in1k", "channels": (32, 32, 32)},
}


def main(results: Path, datasets: list[str]) -> None:
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    for name, sheet in (text.split(":") for text in datasets):
        rows = [row for row in read_sheet(Path(sheet)) if row.fold != 1]
        shards = [read_sequence(results / name / "cache" / f"{row.sequence}.h5") for row in rows]
        subjects = sorted({shard.subject for shard in shards})
        for label, change in CANDIDATES.items():
            for lam in (0.0, 0.05):
                scores = []
                for rotation in (0, 1):
                    held = set(subjects[rotation::4])
                    with tempfile.TemporaryDirectory() as folder:
                        model = Path(folder, "model")
                        settings = replace(BASE, lam=lam, **change)
                        part = [shard for shard in shards if shard.subject not in held]
                        train(part, settings, model, Path(folder, "history"), device)
                        rest = [shard for shard in shards if shard.subject in held]
                        table = predict_sequences(read_model(model, device), rest)
                    measures = evaluate([table], resamples=0).query("au == 'avg' and aggregation == 'pooled'")
                    scores.append(measures.set_index("metric")["value"])
                icc, mae = (np.mean([score[metric] for score in scores]) for metric in ("ICC", "MAE"))
                print(f"{name}  {label}, lambda {lam:g}: ICC {icc:.3f}, MAE {mae:.3f}", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
