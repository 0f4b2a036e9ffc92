"""Time and memory against frames, image size, AUs, sequences and workers: benchmarks/scaling.{csv,png}.

    python benchmarks/scaling.py

Every point is measured in its own process, so that its peak memory is its own; seconds are of the work alone,
without imports and models. Rendered faces for landmarks, random images for training (test_resnet), the
paper's sheets for planning.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

HERE = Path(__file__).parent
AUS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
FRAMES = (125, 250, 500)
CURVES = {
    "landmarks of a video: frames": [{"frames": n} for n in FRAMES],
    "landmarks of 125 frames: width of the image": [{"width": w} for w in (512, 1024, 1280)],
    "an epoch of training: faces": [{"faces": n} for n in (500, 1000, 2000)],
    "an epoch of 500 faces: AUs": [{"aus": n, "faces": 500} for n in (1, 12)],
    "an epoch of 250 faces: image size": [{"size": s, "faces": 250} for s in (64, 128)],
    "random faces decoded: workers": [{"workers": n} for n in range(1, len(os.sched_getaffinity(0)) + 1)],
    "plan of the workflow: sequences": [{"sequences": n} for n in (40, 80, 160)],
}


def landmarks(folder: Path, frames: int = 125, width: int = 1024) -> float:
    """Of a video that repeats 40 rendered frames forwards and backwards."""
    from g2rl.faces.dlib_models import load_models
    from g2rl.faces.landmarks import detect_landmarks
    from g2rl.io.video import open_source

    video = folder / f"{frames}_{width}.avi"
    pictures = [picture for _, picture in open_source(folder / "faces.avi").rgb()]
    size = (width, width * 3 // 4)
    writer = cv2.VideoWriter(str(video), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 20, size)
    order = [*range(len(pictures)), *range(len(pictures) - 2, 0, -1)]
    for n in range(frames):
        picture = cv2.cvtColor(pictures[order[n % len(order)]], cv2.COLOR_RGB2BGR)
        writer.write(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
    writer.release()
    source, _ = open_source(video), load_models()
    start = time.perf_counter()
    detect_landmarks(source)
    return time.perf_counter() - start


def training(folder: Path, faces: int = 1000, aus: int = 12, size: int = 64) -> float:
    import torch
    import training as bench

    from g2rl.config.training import Settings
    from g2rl.training import loop

    torch.set_num_threads(1)
    shard = bench.random_shard(faces)
    shard = replace(shard, aus=AUS[:aus], intensity=shard.intensity[:, :aus])
    small = {"backbone": "test_resnet.r160_in1k", "stride": 16, "channels": (64, 64)}
    settings = Settings(**small, image_size=size, epochs=1, batch_size=32)
    few = {name: getattr(shard, name)[:64] for name in ("frame", "landmarks", "intensity")}
    few = replace(shard, offsets=shard.offsets[:65], **few)
    loop.train([few], settings, folder / "m", folder / "h", torch.device("cpu"))  # libraries are loaded
    start = time.perf_counter()
    loop.train([shard], settings, folder / "m", folder / "h", torch.device("cpu"))
    return time.perf_counter() - start


def decoding(folder: Path, workers: int) -> float:
    from training import random_shard

    from g2rl.faces.jpeg import decode

    cv2.setNumThreads(1)
    shard = random_shard(2000)
    order = np.random.default_rng(0).permutation(2000)
    best = float("inf")
    with ThreadPoolExecutor(workers) as pool:
        for _ in range(3):
            start = time.perf_counter()
            decode(shard.jpeg, shard.offsets, order, pool=pool)
            best = min(best, time.perf_counter() - start)
    return best


def planning(folder: Path, sequences: int) -> float:
    import startup

    startup.write_trees(folder)
    sheet = folder / "config/datasets/bp4d.tsv"
    lines = sheet.read_text().splitlines()
    step = (len(lines) - 1) / sequences
    chosen = [lines[1 + int(n * step)] for n in range(sequences)]
    sheet.write_text("\n".join([lines[0], *chosen]) + "\n")
    return startup.snakemake(folder, "all", "--dry-run", "--configfile", "paper.yaml")[0]


WORK = {"landmarks": landmarks, "an": training, "random": decoding, "plan": planning}


def point(curve: str, values: dict) -> dict:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, curve, json.dumps(values)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    row = json.loads(done.stdout.splitlines()[-1])
    print(curve, values, row, flush=True)
    return {"curve": curve, "value": next(iter(values.values())), **row}


def draw(rows: list[dict]) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(2, 4, figsize=(15, 6.4), layout="constrained")
    for ax, curve in zip(axes.flat, CURVES, strict=False):
        mine = [row for row in rows if row["curve"] == curve]
        x = [row["value"] for row in mine]
        title, _, unit = curve.partition(": ")
        ax.plot(x, [row["seconds"] for row in mine], "o-", color="C0", label="seconds")
        ax.set(title=title, xlabel=unit, xticks=x, xlim=(0, max(x) * 1.05))
        ax.set_ylim(0, max(row["seconds"] for row in mine) * 1.1)
        ax.set_ylabel("seconds", color="C0")
        memory = ax.twinx()
        memory.plot(x, [row["megabytes"] for row in mine], "s--", color="C3")
        memory.set_ylim(0, max(row["megabytes"] for row in mine) * 1.25)
        memory.set_ylabel("peak memory, MB", color="C3")
    for ax in axes.flat[len(CURVES) :]:
        ax.axis("off")
    figure.savefig(HERE / "scaling.png", dpi=110)


def main() -> None:
    import pandas as pd

    from g2rl.synthetic.dataset import render_sequence
    from g2rl.synthetic.head import cut_head

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cut_head(folder / "head.npz")
        render_sequence(folder / "head.npz", "disfa", folder, "SN001", "SN001", 40, seed=0)
        next(folder.rglob("*.avi")).rename(folder / "faces.avi")
        os.environ["SCALING"] = str(folder)
        rows = [point(curve, values) for curve, points in CURVES.items() for values in points]
    pd.DataFrame(rows).to_csv(HERE / "scaling.csv", index=False)
    draw(rows)


if __name__ == "__main__" and len(sys.argv) == 3:
    with tempfile.TemporaryDirectory() as own:
        work = WORK[sys.argv[1].split()[0]]
        place = Path(os.environ["SCALING"]) if work is landmarks else Path(own)
        seconds = work(place, **json.loads(sys.argv[2]))
    who = resource.RUSAGE_CHILDREN if work is planning else resource.RUSAGE_SELF
    memory = resource.getrusage(who).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 3), "megabytes": round(memory)}))
elif __name__ == "__main__":
    main()
