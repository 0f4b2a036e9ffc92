"""Harder faces, on which geometry should help most: noise, a covered part, few people with codes.

    python benchmarks/hard_faces.py results_study hard    # after config/study.yaml; writes hard

Baseline, G2RL and its control of ``config/axes.yaml`` on synthetic_bp4d, two trainings at a time, on the
harder faces in training and test. ``noise``: Gaussian, of standard deviation 100 at 256 pixels;
``covered``: a grey square of 110 pixels at a random place of each frame; in both the landmarks stay those
of the clear faces, so that the geometry carries more information than the image. ``uncoded``: 13 of the 21
training subjects have no codes, so only L_G learns from them; here the positive control is trained too,
guided by those codes. ``identity`` (only if named with --kinds):
rendered again, each person's neutral face twice as far from the mean face. Same input, same bytes. Existing
files, aligned sequences and models, are kept: delete the folder ``hard`` after a change of code,
configuration or ``results_study``.
"""

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from study import read_config

from g2rl.config.runs import ablation_runs, training_flags
from g2rl.config.schema import Config
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.landmarks import detect_landmarks
from g2rl.faces.sequence_file import read_sequence, write_sequence
from g2rl.io.video import open_source
from g2rl.paths import Run
from g2rl.synthetic import person
from g2rl.synthetic.dataset import render_sequence, subject_person
from g2rl.synthetic.head import cut_head, read_head
from g2rl.workflow.manifest import DatasetManifest, load_manifests

DATASET, FOLD = "synthetic_bp4d", 1
VARIANTS = ("baseline", "g2rl", "shuffled")
GUIDED = ("intensities", "intensities_shuffled")  # the positive control, where codes are hidden
NOISE, SQUARE = 100.0, 110
CODED = 8  # training subjects with codes
HIDDEN = Path(__file__).with_name("hidden_codes.py")


def noise(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    return (face + NOISE * random.standard_normal(face.shape)).clip(0, 255).astype(np.uint8)


def covered(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    x, y = random.integers(10, 246 - SQUARE, 2)
    face = face.copy()
    face[y : y + SQUARE, x : x + SQUARE] = 127
    return face


KINDS = {"noise": noise, "covered": covered}
APART = 2.0  # times as far from the mean face


def degrade(kind: str, source: Path, target: Path) -> None:
    """Write the aligned sequences of ``source`` with every face made harder."""
    for number, path in enumerate(sorted(source.glob("*.h5"))):
        if (out := target / path.name).exists():
            continue
        aligned, random = read_sequence(path), np.random.default_rng(number)
        faces = decode(aligned.jpeg, aligned.offsets, np.arange(len(aligned.frame)))
        images = [encode(KINDS[kind](face, random)).ravel() for face in faces]
        offsets = np.cumsum([0, *map(len, images)], dtype=np.uint64)
        jpeg = np.concatenate([np.empty(0, np.uint8), *images])
        write_sequence(out, replace(aligned, jpeg=jpeg, offsets=offsets))


def uncoded_subjects(plan: DatasetManifest) -> list[str]:
    """The training subjects without codes: all but `CODED`."""
    training = sorted({plan.sequences[name].subject for name in plan.train(FOLD)})
    return sorted(np.random.default_rng(0).permutation(training)[CODED:])


def caricature(config: Config, plan: DatasetManifest, folder: Path) -> None:
    """Render and align all sequences with the same people, each differing more from the others."""
    files = {name: folder / f"cache/{name}.h5" for name in plan.sequences}
    if all(file.exists() for file in files.values()):
        return
    options, shape, faces = config.datasets[DATASET].synthetic, person.draw_shape, []

    def keep(*arguments: object) -> np.ndarray:
        faces.append(shape(*arguments))
        return faces[-1]

    cut_head(folder / "head.npz")
    head = read_head(folder / "head.npz")
    person.draw_shape = keep
    for subject in sorted({row.subject for row in plan.sequences.values()}):
        subject_person(head, "bp4d", subject, options.seed)
    mean = np.mean(faces, 0, np.float32)
    person.draw_shape = lambda *arguments: mean + np.float32(APART) * (shape(*arguments) - mean)
    for name, row in plan.sequences.items():
        if files[name].exists():
            continue
        arguments = (folder / "raw", name, row.subject, options.frames, options.seed)
        render_sequence(folder / "head.npz", "bp4d", *arguments)
        source = open_source(plan.layout.media(folder / "raw", name))
        codes = plan.layout.read_labels(folder / "raw", name)
        align_sequence(source, detect_landmarks(source), codes, row.subject, name, files[name])
    person.draw_shape = shape


def train_and_test(folder: Path, config: Config, plan: DatasetManifest, run: Run, cache: Path) -> None:
    """The two commands of the workflow's rules ``train`` and ``test``."""
    out = folder / run.name / f"fold{FOLD}"
    model, predictions = out / "model.safetensors", out / "predictions.csv"
    train, test = ([f"{cache}/{name}.h5" for name in names] for names in (plan.train(FOLD), plan.test(FOLD)))
    files = ["--model", model, "--history", out / "history.csv"]
    start = ["-m", "g2rl", "train"]
    if folder.name.endswith("uncoded"):
        start = [HIDDEN, ",".join(uncoded_subjects(plan))]
    commands = {
        model: [*start, "--sequences", *train, *training_flags(config, run, plan.aus), *files],
        predictions: ["-m", "g2rl", "test", model, "--sequences", *test, "--device=cpu", "-o", predictions],
    }
    if not model.exists():
        predictions.unlink(missing_ok=True)  # another model's
    for made, command in commands.items():
        if not made.exists():
            one_thread = os.environ | {"OMP_NUM_THREADS": "1"}
            subprocess.run([sys.executable, *command], check=True, env=one_thread)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--kinds",
        nargs="+",
        choices=(*KINDS, "uncoded", "identity"),
        default=(*KINDS, "uncoded"),
        help="of harder faces, default: noise covered uncoded",
    )
    options = parser.parse_args()
    config = read_config("axes")
    plan, compared = load_manifests(config)[DATASET], ablation_runs(config)
    source = options.results / DATASET / "cache"
    with ThreadPoolExecutor(2) as pool:
        jobs = []
        for kind in options.kinds:
            folder = options.out / f"{DATASET}_{kind}"
            cache = source if kind == "uncoded" else folder / "cache"
            if kind == "identity":
                caricature(config, plan, folder)
            elif kind != "uncoded":
                degrade(kind, source, cache)
            variants = (*VARIANTS, *GUIDED) if kind == "uncoded" else VARIANTS
            runs = [run for variant in variants for run in compared[variant][0]]
            jobs += [pool.submit(train_and_test, folder, config, plan, run, cache) for run in runs]
        for job in jobs:
            job.result()


if __name__ == "__main__":
    main()
