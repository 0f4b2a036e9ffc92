"""Training speed: our loop compared with a plain fp32 reference loop and with the recorded step alone.

    python benchmarks/training.py            # ResNet-50 at 256×256, the paper's settings

The reference follows SimpleBaselines' training script: fp32, NCHW, Adam, images decoded and normalised and
target heatmaps drawn one by one on the CPU by data-loader workers, the loss read at every step.
Both get the same faces, batches and initial weights; their first losses must agree.
"""

import io
import logging
import os
import re
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from record import rate, record
from torch.utils.data import DataLoader, Dataset

from g2rl.action_units import au_centres, point_au
from g2rl.config.au_centres import centre_sets
from g2rl.config.training import Settings
from g2rl.faces.jpeg import ALIGNED_SIZE, decode, encode
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.network.model import heatmap_loss, joint_loss
from g2rl.network.preprocessing import MEAN, STD
from g2rl.network.variants import build_model
from g2rl.training import data
from g2rl.training.cuda_graph import recorded
from g2rl.training.loop import make_step, train
from g2rl.training.optimizer import make_optimizer
from g2rl.training.targets import Targets

AUS = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
CENTRES = centre_sets()["default"]


def random_shard(count: int) -> AlignedSequence:
    """Smooth random images that compress about as faces do; the speed does not depend on their content."""
    random = np.random.default_rng(0)
    small = random.integers(0, 255, (count, 32, 32, 3), np.uint8)
    pictures = [encode(picture.repeat(8, 0).repeat(8, 1)) for picture in small]
    return AlignedSequence(
        subject="F001",
        sequence="F001_T1",
        aus=AUS,
        frame=np.arange(count, dtype=np.int32),
        landmarks=random.uniform(60, 200, (count, 68, 2)).astype(np.float32),
        intensity=random.integers(0, 6, (count, len(AUS))).astype(np.int8),
        jpeg=np.concatenate(pictures),
        offsets=np.cumsum([0, *map(len, pictures)], dtype=np.uint64),
        counts={},
    )


class ReferenceFaces(Dataset):
    """Decode, normalise and draw targets on the CPU, face by face."""

    def __init__(self, shard: AlignedSequence, settings: Settings):
        self.shard, self.settings = shard, settings
        self.points = point_au(AUS, CENTRES)

    def __len__(self) -> int:
        return len(self.shard.frame)

    def __getitem__(self, i: int):
        s = self.settings
        image = decode(self.shard.jpeg, self.shard.offsets, [i], s.image_size)[0]
        image = ((image - np.float32(MEAN)) / np.float32(STD)).transpose(2, 0, 1)
        scale = s.map_size / ALIGNED_SIZE
        centres = (au_centres(self.shard.landmarks[i], AUS, CENTRES) + 0.5) * scale - 0.5
        x, y = np.meshgrid(np.arange(s.map_size), np.arange(s.map_size))
        maps = np.empty((len(centres), s.map_size, s.map_size), np.float32)
        for k, (cx, cy) in enumerate(np.clip(np.rint(centres), 0, s.map_size - 1)):
            squared = (x - cx) ** 2 + (y - cy) ** 2
            intensity = self.shard.intensity[i, self.points[k]]
            maps[k] = intensity / (2 * np.pi * s.sigma**2) * np.exp(-squared / (2 * s.sigma**2))
        return np.ascontiguousarray(image), maps, self.shard.landmarks[i]


def reference(
    shard: AlignedSequence, settings: Settings, device: torch.device, steps: int
) -> tuple[float, float]:
    """Images/s after the first two steps, and the first step's loss."""
    model = build_model(settings, len(point_au(AUS, CENTRES))).to(device).train()
    optimizer = torch.optim.Adam(model.parameters(), settings.lr)
    order = np.random.default_rng([settings.seed, 0]).permutation(len(shard.frame)).tolist()
    workers = min(8, os.cpu_count() or 1) if device.type == "cuda" else 0
    loader = DataLoader(
        ReferenceFaces(shard, settings),
        settings.batch_size,
        sampler=order,
        num_workers=workers,
        drop_last=True,
    )
    first = start = 0.0
    for n, (images, maps, landmarks) in enumerate(loader):
        if n == 2:
            start = time.perf_counter()
        images, maps, landmarks = (value.to(device) for value in (images, maps, landmarks))
        predicted, G, WM = model(images, landmarks / (ALIGNED_SIZE / 2) - 1)
        coded = torch.ones(maps.shape[:2], device=device)
        loss = joint_loss(heatmap_loss(predicted, maps, coded), model.guidance_loss(G, WM), settings.lam)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        value = loss.item()
        first = first or value
        if n == steps + 1:
            break
    return steps * settings.batch_size / (time.perf_counter() - start), first


def ours(shard: AlignedSequence, settings: Settings, device: torch.device) -> float:
    """Images/s of the last epoch of ``g2rl train``, data path and all."""
    log = io.StringIO()
    logging.basicConfig(level="INFO", stream=log, force=True)
    with tempfile.TemporaryDirectory() as folder:
        train([shard], settings, Path(folder, "model"), Path(folder, "history"), device)
    return float(re.findall(r"([\d.]+) images/s", log.getvalue())[-1])


def step_alone(
    shard: AlignedSequence, settings: Settings, device: torch.device, steps: int
) -> tuple[float, float]:
    """Images/s of the training step on one resident batch, over and over; and the first step's loss."""
    faces = data.load_faces([shard], settings.image_size, device)
    targets = Targets(AUS, settings, device)
    model = build_model(settings, len(targets.point_au))
    model = model.to(device).to(memory_format=torch.channels_last).train()
    optimizer = make_optimizer(model, settings, device)
    totals = torch.zeros(4, device=device)
    step = make_step(model, optimizer, targets, settings, totals)
    run = recorded(step, model, optimizer, totals)
    batch = next(data.batches(faces, settings, 0))
    draws = data.sample_augmentation(settings, len(batch[0]), torch.Generator())
    inputs = (*batch, *(value.to(device) for value in draws))
    run(*inputs)
    first = float(totals[0])
    run(*inputs)
    float(totals[0])
    start = time.perf_counter()
    for _ in range(steps):
        run(*inputs)
    float(totals[0])  # waits for the device
    return steps * settings.batch_size / (time.perf_counter() - start), first


def run(device: torch.device | None = None) -> dict[str, dict[str, object]]:
    device = device or torch.device("cuda" if torch.cuda.is_available() else "cpu")
    cuda = device.type == "cuda"
    shard = random_shard(4096 if cuda else 64)
    settings = Settings(epochs=3 if cuda else 1)
    slow, loss = reference(shard, replace(settings, precision="fp32"), device, 100 if cuda else 2)
    alone, our_loss = step_alone(shard, settings, device, 200 if cuda else 2)
    if abs(our_loss / loss - 1) > 0.02:
        raise SystemExit(f"first losses differ: reference {loss:.5g}, ours {our_loss:.5g}")
    if not cuda:
        cores = torch.get_num_threads()
        return {"train_step_vs_reference_cpu": rate(alone, slow, f"images/s, batch 16, {cores} threads")}
    fast = ours(shard, settings, device)
    larger = ours(shard, replace(settings, batch_size=64), device)
    return {
        "train_gpu_images_per_second": rate(fast, None, "images/s, batch 16"),
        "train_gpu_images_per_second_batch_64": rate(larger, None, "images/s, batch 64"),
        "train_gpu_vs_compute_only": rate(fast, alone, "images/s, batch 16"),
        "train_gpu_vs_reference": rate(fast, slow, "images/s, batch 16"),
    }


if __name__ == "__main__":
    where = (
        f"{torch.cuda.get_device_name()}, {os.cpu_count()} CPU cores" if torch.cuda.is_available() else None
    )
    record(run(), ("torch", "timm"), where)
