"""Frames and images per second of the expensive stages: the rates that `g2rl estimate` uses.

    python benchmarks/rates.py            # rows for g2rl/resources/rates.tsv
    python benchmarks/rates.py FOLDER     # of the frames in an image folder instead: landmarks and alignment

Landmarks and alignment on one core, of frames as large, as heavy and as filled by the face as the datasets'
own: rendered frames are enlarged around the face, and given grain until a JPEG file is of the real size.
Training at the paper's settings, on the GPU if there is one, else on all cores, as a rate per core.
"""

import datetime
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from record import machine
from training import ours, random_shard, step_alone  # benchmarks/training.py

from g2rl.config.training import Settings
from g2rl.datasets.labels import Labels
from g2rl.datasets.registry import get_layout
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.landmarks import detect_landmarks
from g2rl.io.video import open_source
from g2rl.synthetic.dataset import render_sequence
from g2rl.synthetic.head import cut_head
from g2rl.synthetic.media import write_video

FRAMES, PASSES = 60, 5
OUTER_EYES = (36, 45)


@dataclass(frozen=True)
class Real:
    """The frames of a dataset, measured on the two raw ones of each that PyTorch-JAANet publishes.

    Attributes:
        eyes: between the outer eye corners, pixels.
        grain: deviation of the noise that gives an enlarged frame the size of a real file.
    """

    eyes: float
    grain: float


# BP4D: 1040×1392, 687 kB at JPEG quality 100. DISFA: 1024×768 videos, whose frames compress less than these.
REAL = {"bp4d": Real(eyes=365, grain=0.8), "disfa": Real(eyes=190, grain=0)}


def enlarged(root: Path, layout_name: str, sequence: str) -> Path:
    """The rendered media once more with faces of the real size."""
    layout, real = get_layout(layout_name), REAL[layout_name]
    truth = np.load(layout.ground_truth(root, sequence))
    points = truth["points"][truth["face"]]
    eyes = np.linalg.norm(np.subtract(*(points[:, eye] for eye in OUTER_EYES)), axis=1)
    random = np.random.default_rng(0)
    frames = []
    for _, image in open_source(layout.media(root, sequence)).rgb():
        scale, (height, width) = real.eyes / np.median(eyes), image.shape[:2]
        middle = np.array([width / 2, height / 2]) - scale * np.median(points.mean(1), axis=0)
        matrix = np.hstack([np.eye(2) * scale, middle[:, None]])
        image = cv2.warpAffine(
            image, matrix, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
        noisy = np.rint(image + random.normal(0, real.grain, image.shape))
        frames.append(np.clip(noisy, 0, 255).astype(np.uint8)[..., ::-1])
    if layout_name == "disfa":
        write_video(root / "enlarged.avi", iter(frames), frames[0].shape[1::-1])
        return root / "enlarged.avi"
    (root / "enlarged").mkdir()
    for number, frame in enumerate(frames, 1):
        cv2.imwrite(str(root / f"enlarged/{number}.jpg"), frame, [cv2.IMWRITE_JPEG_QUALITY, 100])
    return root / "enlarged"


def sequence_rates(media: Path, out: Path) -> tuple[float, float]:
    """Frames a second of one core: landmarks, alignment; the medians of several passes."""
    source = open_source(media)
    numbers = np.array(source.numbers, np.int32)
    codes = Labels(numbers, np.zeros((len(numbers), 12), np.int8), tuple(range(1, 13)))
    detect_landmarks(source)  # loads the model
    rates = []
    for _ in range(PASSES):
        start = time.process_time()
        points = detect_landmarks(open_source(media))
        middle = time.process_time()
        counts = align_sequence(open_source(media), points, codes, "S", "S", out)
        rates.append((len(numbers) / (middle - start), counts["used"] / (time.process_time() - middle)))
    landmarks, align = zip(*rates, strict=True)
    return statistics.median(landmarks), statistics.median(align)


def training_rate() -> tuple[str, float]:
    """The GPU's name or ``core``, and images a second."""
    if torch.cuda.is_available():
        device = torch.device("cuda")
        return torch.cuda.get_device_name(), ours(random_shard(4096), Settings(epochs=3), device)
    rate, _ = step_alone(random_shard(64), Settings(), torch.device("cpu"), 3)
    return "core", rate / torch.get_num_threads()


def print_rates(name: str, media: Path, out: Path) -> None:
    source = f"benchmarks/rates.py, {datetime.date.today()}, {machine()}"
    for stage, rate in zip(("landmarks", "align"), sequence_rates(media, out), strict=True):
        print(stage, name, "core", f"{rate:.3g}", source, sep="\t", flush=True)


def main() -> None:
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        if len(sys.argv) > 1:
            return print_rates(sys.argv[1], Path(sys.argv[1]), root / "shard.h5")
        cut_head(root / "head.npz")
        for name, sequence in (("bp4d", "F001_T1"), ("disfa", "SN001")):
            subject = sequence.split("_")[0]
            render_sequence(root / "head.npz", name, root / name, sequence, subject, FRAMES, seed=0)
            print_rates(name, enlarged(root / name, name, sequence), root / "shard.h5")
    device, rate = training_rate()
    source = f"benchmarks/rates.py, {datetime.date.today()}, {machine()}"
    print("train", "resnet50.tv_in1k 256", device, f"{rate:.4g}", source, sep="\t")
    return None


if __name__ == "__main__":
    main()
