"""Frames and images per second of the expensive stages: the rates that `g2rl estimate` uses.

    python benchmarks/rates.py            # rows for g2rl/resources/rates.tsv

Landmarks and alignment on one core, of rendered faces at the sizes of BP4D's and DISFA's frames. Training at
the paper's settings, on the GPU if there is one, else on all cores, as a rate per core.
"""

import datetime
import tempfile
import time
from pathlib import Path

import cv2
import torch
from record import machine
from training import ours, random_shard, step_alone  # benchmarks/training.py

from g2rl.config.training import Settings
from g2rl.datasets.registry import get_layout
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.landmarks import detect_landmarks
from g2rl.io.video import open_source
from g2rl.synthetic.dataset import render_sequence
from g2rl.synthetic.head import cut_head

FRAMES = 60


def sequence_rates(root: Path, layout_name: str, sequence: str) -> tuple[float, float]:
    """Frames a second of one core: landmarks, alignment."""
    layout, subject = get_layout(layout_name), sequence.split("_")[0]
    render_sequence(root / "head.npz", layout_name, root, sequence, subject, FRAMES, seed=0)
    media, codes = layout.media(root, sequence), layout.read_labels(root, sequence)
    detect_landmarks(open_source(media))  # loads the model
    start = time.perf_counter()
    points = detect_landmarks(open_source(media))
    middle = time.perf_counter()
    counts = align_sequence(open_source(media), points, codes, subject, sequence, root / "shard.h5")
    return len(points.frame) / (middle - start), counts["used"] / (time.perf_counter() - middle)


def training_rate() -> tuple[str, float]:
    """The GPU's name or ``core``, and images a second."""
    if torch.cuda.is_available():
        device = torch.device("cuda")
        return torch.cuda.get_device_name(), ours(random_shard(4096), Settings(epochs=3), device)
    rate, _ = step_alone(random_shard(64), Settings(), torch.device("cpu"), 3)
    return "core", rate / torch.get_num_threads()


def main() -> None:
    cv2.setNumThreads(1)
    source = f"benchmarks/rates.py, {datetime.date.today()}, {machine()}"
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cut_head(root / "head.npz")
        for name, sequence in (("bp4d", "F001_T1"), ("disfa", "SN001")):
            for stage, rate in zip(("landmarks", "align"), sequence_rates(root, name, sequence), strict=True):
                print(stage, name, "core", f"{rate:.3g}", source, sep="\t", flush=True)
    device, rate = training_rate()
    print("train", "resnet50.tv_in1k 256", device, f"{rate:.4g}", source, sep="\t")


if __name__ == "__main__":
    main()
