"""Harder faces, where geometry should help most: trainings on faces with noise, and with a part covered.

    python benchmarks/hard_faces.py results hard        # after make all; results of one run in, hard out

Baseline, G2RL and standardised guidance of ``config/ablations.yaml`` on synthetic_bp4d, five seeds, two
trainings at a time; in training and in testing the faces are the hard ones. Landmarks stay those of the clear
faces: the geometry knows more than the pixels show. ``noise``: Gaussian, of standard deviation 100 at 256
pixels. ``covered``: a grey square of 110 pixels at a random place of each frame. Same input, same bytes. A
training that is there already is kept: delete the folder ``hard`` after a change of code, configuration or
``results``. What came of it: ``g2rl ablations hard/*/*/fold1/predictions.csv -o hard.csv``.
"""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from g2rl.cache import decode, encode, read_shard, write_shard
from g2rl.config import Config, Run, ablation_runs, parse, training_flags
from g2rl.plan import Plan, plan_datasets

DATASET, FOLD = "synthetic_bp4d", 1
VARIANTS = ("baseline", "g2rl", "standardised")
NOISE, SQUARE = 100.0, 110


def noise(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (face + NOISE * random.standard_normal(face.shape)).clip(0, 255).astype(np.uint8)


def covered(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    x, y = random.integers(10, 246 - SQUARE, 2)
    face = face.copy()
    face[y : y + SQUARE, x : x + SQUARE] = 127
    return face


KINDS = {"noise": noise, "covered": covered}


def degrade(kind: str, source: Path, target: Path) -> None:
    """Write the shards of ``source`` with every face made harder."""
    for number, path in enumerate(sorted(source.glob("*.h5"))):
        shard, random = read_shard(path), np.random.default_rng(number)
        faces = decode(shard.jpeg, shard.offsets, np.arange(len(shard.frame)))
        pictures = [encode(KINDS[kind](face, random)).ravel() for face in faces]
        offsets = np.cumsum([0, *map(len, pictures)], dtype=np.uint64)
        jpeg = np.concatenate([np.empty(0, np.uint8), *pictures])
        write_shard(target / path.name, replace(shard, jpeg=jpeg, offsets=offsets))


def train_and_test(folder: Path, config: Config, plan: Plan, run: Run) -> None:
    """The two commands of the workflow's rules ``train`` and ``test``."""
    out = folder / run.name / f"fold{FOLD}"
    model, predictions = out / "model.safetensors", out / "predictions.csv"
    train, test = (
        [f"{folder}/cache/{name}.h5" for name in names] for names in (plan.train(FOLD), plan.test(FOLD))
    )
    files = ["--model", model, "--history", out / "history.csv"]
    commands = {
        model: ["train", "--shards", *train, *training_flags(config, run), *files],
        predictions: ["test", model, "--shards", *test, "--device=cpu", "-o", predictions],
    }
    if not model.exists():
        predictions.unlink(missing_ok=True)  # another model's
    for made, command in commands.items():
        if not made.exists():
            one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
            subprocess.run([sys.executable, "-m", "g2rl.cli", *command], check=True, env=one_thread)


def main(results: Path, out: Path) -> None:
    settings = [yaml.safe_load(Path(f"config/{name}.yaml").read_text()) for name in ("config", "ablations")]
    config = parse(settings[0] | settings[1], "config/ablations.yaml")
    plan = plan_datasets(config)[DATASET]
    with ThreadPoolExecutor(2) as pool:
        jobs = []
        for kind in KINDS:
            folder = out / f"{DATASET}_{kind}"
            degrade(kind, results / DATASET / "cache", folder / "cache")
            runs = [run for variant in VARIANTS for run in ablation_runs(config)[variant][0]]
            jobs += [pool.submit(train_and_test, folder, config, plan, run) for run in runs]
        for job in jobs:
            job.result()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
