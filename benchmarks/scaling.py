"""Processor time and memory against frames, people, image size, faces, AUs, sequences and folds.

    python benchmarks/scaling.py

It writes benchmarks/scaling.csv and scaling.png, and the table of docs/performance.md. Every point is
measured in a process of its own, so that its peak memory is its own. Seconds are processor time of the work
alone, without imports and models (but for plans). Rendered faces for landmarks, random images for training
(test_resnet), the paper's sheets for planning.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
from record import PAGE, write_between

from g2rl.io.markdown import pipe_table

HERE = Path(__file__).parent
MARKS = ("<!-- growth -->\n", "<!-- /growth -->\n")
AUS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
CURVES = {
    "landmarks of a video: frames": [{"frames": n} for n in (125, 500, 2000)],
    "landmarks of 125 frames: pixels wide": [{"width": w} for w in (512, 1024, 2048)],
    "every face of 60 frames: people": [{"people": n} for n in (1, 2, 4, 8)],
    "an epoch of training: faces": [{"faces": n} for n in (500, 2000, 8000)],
    "an epoch of 500 faces: AUs": [{"aus": n, "faces": 500} for n in (1, 4, 12)],
    "an epoch of 250 faces: pixels wide": [{"size": s, "faces": 250} for s in (64, 128, 256)],
    "plan of the workflow: sequences": [{"sequences": n} for n in (40, 80, 160, 320)],
    "plan of DISFA: folds": [{"folds": n} for n in (3, 9, 27)],
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
    start = time.process_time()
    detect_landmarks(source)
    return time.process_time() - start


def every(folder: Path, people: int) -> float:
    """``people`` copies of a face side by side, 60 frames."""
    from g2rl.faces.detectors import open_detector
    from g2rl.faces.several import FacesTracker
    from g2rl.io.video import open_source

    pictures = [cv2.resize(picture, (512, 384)) for _, picture in open_source(folder / "faces.avi").rgb()]
    frames = [np.hstack([picture] * people) for picture in (pictures + pictures[::-1])[:60]]
    FacesTracker(open_detector("dlib"))(frames[0])  # models are loaded
    tracker = FacesTracker(open_detector("dlib"))
    start = time.process_time()
    found = sum(len(tracker(frame)) for frame in frames)
    seconds = time.process_time() - start
    if found < 0.9 * people * len(frames):
        raise SystemExit(f"{found} faces found in {len(frames)} frames of {people} people")
    return seconds


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
    start = time.process_time()
    loop.train([shard], settings, folder / "m", folder / "h", torch.device("cpu"))
    return time.process_time() - start


def planning(folder: Path, sequences: int | None = None, folds: int | None = None) -> float:
    """Of the paper's set with so many sequences of BP4D, or with DISFA's subjects in so many folds."""
    import startup

    startup.write_trees(folder)
    sheet = folder / "config/datasets" / ("bp4d.tsv" if sequences else "disfa_folds_a.tsv")
    head, *lines = sheet.read_text().splitlines()
    if sequences:
        lines = [lines[n * len(lines) // sequences] for n in range(sequences)]
    else:
        rows = (line.split("\t") for line in lines)
        lines = [f"{sequence}\t{subject}\t{n % folds + 1}" for n, (sequence, subject, _) in enumerate(rows)]
    sheet.write_text("\n".join([head, *lines]) + "\n")
    startup.snakemake(folder, "all", "--dry-run", "--configfile", "paper.yaml", calls=1)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


# By the first word of a curve.
WORK = {"landmarks": landmarks, "every": every, "an": training, "plan": planning}


def point(curve: str, values: dict) -> dict:
    """Measure in a process of its own."""
    command = [sys.executable, __file__, curve, json.dumps(values)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
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
        ax.set_ylabel("processor time, s", color="C0")
        memory = ax.twinx()
        memory.plot(x, [row["megabytes"] for row in mine], "s--", color="C3")
        memory.set_ylim(0, max(row["megabytes"] for row in mine) * 1.25)
        memory.set_ylabel("peak memory, MB", color="C3")
    figure.savefig(HERE / "scaling.png", dpi=110)


def exponents(rows: list[dict]) -> str:
    """Of each curve the slopes of log time and log memory over the log of what grows, by least squares."""
    lines = []
    for curve in CURVES:
        mine = [row for row in rows if row["curve"] == curve]
        x = np.log([row["value"] for row in mine])
        time_, memory = (
            f"{np.polyfit(x, np.log([row[name] for row in mine]), 1)[0]:.2f}"
            for name in ("seconds", "megabytes")
        )
        title, _, unit = curve.partition(": ")
        first, last = mine[0], mine[-1]
        lines.append(
            [
                title,
                f"{first['value']} to {last['value']} {unit}",
                f"{first['seconds']:.1f} to {last['seconds']:.1f} s",
                time_,
                f"{first['megabytes']} to {last['megabytes']} MB",
                memory,
            ]
        )
    header = ["", "from, to", "processor time", "exponent", "memory", "exponent"]
    return f"{pipe_table(header, '|:--|:--|--:|--:|--:|--:|', lines)}\n"


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
    write_between(PAGE, MARKS, exponents(rows))


if __name__ == "__main__" and len(sys.argv) == 3:
    with tempfile.TemporaryDirectory() as own:
        work = WORK[sys.argv[1].split()[0]]
        place = Path(os.environ["SCALING"]) if work in (landmarks, every) else Path(own)
        seconds = work(place, **json.loads(sys.argv[2]))
    who = resource.RUSAGE_CHILDREN if work is planning else resource.RUSAGE_SELF
    memory = resource.getrusage(who).ru_maxrss / 1024
    print(json.dumps({"seconds": round(seconds, 3), "megabytes": round(memory)}))
elif __name__ == "__main__":
    main()
