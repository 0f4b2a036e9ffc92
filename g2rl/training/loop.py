"""Training of one network: one dataset, one run, one fold, one seed. Read top to bottom.

Eq. 8 is minimised over shuffled batches of aligned faces. Batch order, flips and initial weights follow from
the seed alone, so a Baseline and a G2RL run of one seed start from the same weights and see the same batches.
After every epoch all state is saved; a run that was cut off goes on from there and ends in the same weights.
"""

import math
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.io.atomic import write_text
from g2rl.io.progress import progress
from g2rl.network import heatmaps as hm
from g2rl.network.model import G2RL, GEOMETRY_DIM, HeatmapNet, guidance_loss, heatmap_loss, joint_loss
from g2rl.network.model_file import write_model
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import normalise
from g2rl.network.variants import intensity_loss
from g2rl.training.calibration import calibrate
from g2rl.training.checkpoint import load_checkpoint, save_checkpoint
from g2rl.training.cpu import denormals_flushed, keep_freed_memory
from g2rl.training.cuda_graph import capture
from g2rl.training.data import augment, batches, load_faces, sample_augmentation
from g2rl.training.diagnostics import DIAGNOSTICS, diagnose
from g2rl.training.optimizer import make_optimizer, scheduler
from g2rl.training.targets import Targets

WARMUP = 1 / 3  # of the epochs: how long G learns before it stands still, in guidance "warmup"


def build(settings: Settings, maps: int, pretrained: dict[str, Tensor] | None) -> G2RL:
    """The model with the weights of its seed; the heatmap network's do not depend on λ or the guidance."""
    torch.manual_seed(settings.seed)
    net = HeatmapNet(settings.backbone, maps, settings.channels, pretrained, settings.stride)
    torch.manual_seed(settings.seed + 1)
    return G2RL(
        net,
        settings.map_size,
        settings.guidance,
        settings.projection,
        settings.adjacency,
        settings.geometry_init,
        settings.permute_landmarks,
    )


def make_step(
    model: G2RL, optimizer: torch.optim.Optimizer, targets: Targets, settings: Settings, totals: Tensor
) -> Callable[..., None]:
    """One update of the weights on one batch: the whole of Eq. 1–8.

    Adds (L, L_S, L_G, ‖W×M‖) of the batch to ``totals``, (4,) on the device: read at an epoch's end only, so
    that the loop never waits for it.
    """

    def step(images: Tensor, landmarks: Tensor, intensity: Tensor, mirror: Tensor, move: Tensor) -> None:
        images, landmarks = augment(images, landmarks, mirror, move)
        target, of_map = targets(landmarks, intensity)  # Eq. 1
        coded = of_map >= 0
        with autocast(totals.device, settings):
            if settings.lam:
                maps, G, WM, own = model(normalise(images), landmarks / (ALIGNED_SIZE / 2) - 1)  # Eq. 3–5
            else:
                maps, _ = model.net(normalise(images))
                G = WM = totals.new_zeros(len(images), GEOMETRY_DIM)
                own = totals.new_zeros(())
        maps, extra = maps.float(), settings.high_intensity_weight
        weight = 1 + extra * of_map if extra else 1.0
        loss_S = heatmap_loss(maps, target, coded, weight)  # Eq. 2
        loss_G = guidance_loss(G, WM)  # Eq. 6
        loss = joint_loss(loss_S, loss_G, settings.lam) + own  # Eq. 8
        if settings.intensity_loss:
            read = hm.soft_intensities(maps, settings.sigma, settings.amplitude)
            loss = loss + settings.intensity_loss * intensity_loss(read, of_map, coded)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            totals.add_(torch.stack((loss, loss_S, loss_G, WM.norm(dim=-1).mean())))

    return step


@denormals_flushed()
def train(
    shards: Sequence[AlignedSequence],
    settings: Settings,
    model_path: Path,
    history_path: Path,
    device: torch.device,
    pretrained: dict[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    key: str = "",
) -> None:
    """Train one network and write it (``model.safetensors``) with its history (a row an epoch).

    History: ``loss``, ``loss_S`` (Eq. 2), ``loss_G`` (Eq. 6) and ``norm_WM`` (mean ‖W×M‖), means over the
    epoch; at its end ``norm_W`` (Frobenius norm of W's weights) and what ``probe`` finds: ``var_G`` (near 0,
    Eq. 6 has collapsed), ``rank_G``, ``grad_S``, ``grad_G``; ``lr`` at its start. Epoch 0 is before the first
    step, its losses those of the probe's batch. Images a second are in the log, not here: nothing in the
    results depends on a clock.

    Args:
        shards: aligned faces of the training subjects, all with the same AUs.
        pretrained: the backbone's weights, or None to start from random ones.
        checkpoint: keeps the state after each epoch; taken up if its key is ``key``, removed at the end.

    Raises:
        InputError: no frames; shards of different AUs; a loss that is not finite (names epoch and settings).
    """
    if settings.max_subjects:
        names = sorted({shard.subject for shard in shards})
        drawn = set(np.random.default_rng(settings.seed).permutation(names)[: settings.max_subjects])
        shards = [shard for shard in shards if shard.subject in drawn]
    aus = shards[0].aus
    if different := [shard.sequence for shard in shards if shard.aus != aus]:
        raise InputError(f"shards of different AUs: {shards[0].sequence} has {aus}, {different[0]} has not")
    faces = load_faces(shards, settings.image_size, device)
    targets = Targets(aus, settings, device)
    model = build(settings, len(targets.map_au), pretrained).to(device, memory_format=torch.channels_last)
    optimizer = make_optimizer(model, settings, device)
    steps_per_epoch = max(1, len(faces) // settings.batch_size)
    schedule = scheduler(optimizer, settings, settings.epochs * steps_per_epoch)

    history: list[dict[str, float]] = []
    if checkpoint is not None and (state := load_checkpoint(checkpoint, key, device)):
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        schedule.load_state_dict(state["schedule"])
        history = state["history"]
        print(f"resuming after epoch {len(history) - 1}", file=sys.stderr)

    model.train()
    if device.type == "cpu":
        keep_freed_memory()
    totals = torch.zeros(4, device=device)
    step = make_step(model, optimizer, targets, settings, totals)
    run = step
    if not history:
        start_row = diagnose(model, faces, targets, settings)
        history.append({"epoch": 0, **start_row, "lr": float(schedule.get_last_lr()[0])})
    for epoch in range(len(history) - 1, settings.epochs):
        learning = model.rebuild is not None and model.rebuild.weight.requires_grad
        if settings.guidance == "warmup" and learning and epoch >= WARMUP * settings.epochs:
            model.freeze()
            run = step  # to be recorded anew
        random = torch.Generator().manual_seed(settings.seed << 32 | epoch)
        seen, start = 0, time.monotonic()
        rate = float(schedule.get_last_lr()[0])
        label = f"epoch {epoch + 1} of {settings.epochs}"
        for batch in progress(batches(faces, settings, epoch), label, steps_per_epoch):
            inputs = (
                *batch,
                *(value.to(device) for value in sample_augmentation(settings, len(batch[0]), random)),
            )
            if device.type == "cuda" and run is step:
                run = capture(step, model, optimizer, inputs)
            if not seen:
                totals.zero_()
            run(*inputs)
            seen += len(batch[0])
            if settings.schedule == "onecycle":
                schedule.step()
        means = dict(zip(DIAGNOSTICS, (totals / steps_per_epoch).tolist(), strict=False))
        if not math.isfinite(means["loss"]):
            raise InputError(f"epoch {epoch + 1}: the loss is {means['loss']}: lower lr (now {settings.lr})")
        row = {"epoch": epoch + 1, **diagnose(model, faces, targets, settings), **means, "lr": rate}
        if settings.schedule == "step":
            schedule.step()
        history.append(row)
        # The speed goes to the log, not the history: nothing in the results depends on a clock.
        row_text = ", ".join(
            f"{name} {row[name]:.4g}" for name in ("loss", "loss_S", "loss_G", "var_G", "norm_W")
        )
        speed = seen / (time.monotonic() - start)
        print(f"{label}: {row_text}, {speed:.0f} images/s", file=sys.stderr, flush=True)
        if checkpoint is not None and epoch + 1 < settings.epochs:
            save_checkpoint(checkpoint, key, model, optimizer, schedule, history)

    if settings.calibrate:
        calibrate(model.net, faces, targets, settings)
    write_model(model.net, settings, aus, [shard.subject for shard in shards], model_path)
    rows = [",".join(history[0])] + [",".join(f"{value:.6g}" for value in row.values()) for row in history]
    write_text(history_path, "\n".join(rows) + "\n")
    if checkpoint is not None:
        checkpoint.unlink(missing_ok=True)
