"""Training of one network: one dataset, one run, one fold, one seed. Read top to bottom.

Eq. 8 is minimised over shuffled batches of aligned faces. Batch order, flips and initial weights follow from
the seed alone, so a Baseline and a G2RL run of one seed start from the same weights and see the same batches.
After every epoch all state is saved; a run that was interrupted resumes there and ends in the same weights.
"""

import logging
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from g2rl.config.balance import effective_lambda, is_as_printed
from g2rl.config.training import Settings
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.network import variants
from g2rl.network.description import all_datasets
from g2rl.network.initialisation import start_from, train_mode
from g2rl.network.model import G2RL, GEOMETRY_DIM, heatmap_loss, joint_loss
from g2rl.network.model_file import Model, write_model
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import network_input
from g2rl.training.calibration import calibrate
from g2rl.training.checkpoint import Checkpoint
from g2rl.training.cpu import denormals_flushed
from g2rl.training.cuda_graph import Step
from g2rl.training.data import augment, draw_subjects, load_faces
from g2rl.training.diagnostics import diagnose
from g2rl.training.epochs import Epochs, steps_per_epoch
from g2rl.training.history import LOSSES, write_history
from g2rl.training.optimizer import make_optimizer, make_schedule
from g2rl.training.targets import Targets

log = logging.getLogger(__name__)


def make_step(
    model: G2RL, optimizer: torch.optim.Optimizer, targets: Targets, settings: Settings, totals: Tensor
) -> Step:
    """One update of the weights on one batch: the whole of Eq. 1–8.

    Adds (L, L_S, L_G, ‖W×M‖) of the batch to ``totals``, (4,) on the device: read at an epoch's end only, so
    that the loop never waits for it.
    """
    extra_losses = variants.extra_losses(model, settings)  # none in the paper
    scale_S, scale_G = variants.loss_scales(settings, len(targets.map_au))  # 1 in the paper

    def step(images: Tensor, landmarks: Tensor, intensity: Tensor, *changes: Tensor) -> None:
        images, landmarks = augment(images, landmarks, *changes)
        target, intensity = targets(landmarks, intensity)  # Eq. 1
        inputs = network_input(images, landmarks, settings)
        guide = variants.guide(landmarks, intensity, settings)
        with autocast(totals.device, settings):
            if settings.lam:
                maps, G, WM = model(inputs, guide)  # Eq. 3–5, W×M
            else:  # the Baseline
                maps, _ = model.net(inputs)
                G = WM = totals.new_zeros(len(images), GEOMETRY_DIM)
        maps = maps.float()
        extra = [extra_loss(maps, G, guide, intensity) for extra_loss in extra_losses]
        loss_S = scale_S * heatmap_loss(maps, target, variants.map_weights(intensity, settings))  # Eq. 2
        loss_G = scale_G * model.guidance_loss(G, WM)  # Eq. 6
        loss = sum(extra, joint_loss(loss_S, loss_G, settings.lam))  # Eq. 7–8
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            totals.add_(torch.stack((loss, loss_S, loss_G, WM.norm(dim=-1).mean())))

    return step


def log_balance(settings: Settings, maps: int) -> None:
    """Say what λ weighs, where the losses are not those of the paper as printed."""
    if settings.lam and not is_as_printed(settings):
        effective = effective_lambda(settings.lam, settings.sigma, settings, maps)
        log.info("λ %g weighs as %.3g would with Eq. 1's heights and sums", settings.lam, effective)


@denormals_flushed()
def train(
    sequences: Sequence[AlignedSequence],
    settings: Settings,
    model_path: Path,
    history_path: Path,
    device: torch.device,
    pretrained: dict[str, Tensor] | None = None,
    checkpoint: Path | None = None,
    key: str = "",
    first: Model | None = None,
    dataset: str = "",
) -> None:
    """Train one network and write it (``model.safetensors``) with its history (``history.csv``).

    Args:
        sequences: aligned faces of the training subjects, all with the same AUs.
        pretrained: the backbone's weights, or None to start from random ones.
        checkpoint: keeps the state after each epoch; resumed if its key is ``key``, removed at the end.
        first: another dataset's trained network to start from, all but its head.
        dataset: the name of the dataset, for the model's description.

    Raises:
        InputError: no frames; sequences of different AUs; a loss that is not finite (names the epoch).
    """
    sequences = draw_subjects(sequences, settings)
    faces = load_faces(sequences, settings.image_size, device)
    targets = Targets(faces.aus, settings, device)
    model = variants.build_model(settings, len(targets.map_au), pretrained)
    if first is not None:
        start_from(model.net, first.net.state_dict())
    model.to(device).to(memory_format=torch.channels_last).train()
    train_mode(model.net, settings)
    log_balance(settings, len(targets.map_au))
    optimizer = make_optimizer(model, settings, device)
    schedule = make_schedule(optimizer, settings, steps_per_epoch(faces, settings))
    saved = Checkpoint(checkpoint, key, {"model": model, "optimizer": optimizer, "schedule": schedule})
    totals = torch.zeros(len(LOSSES), device=device)
    epochs = Epochs(
        model=model,
        optimizer=optimizer,
        schedule=schedule,
        step=make_step(model, optimizer, targets, settings, totals),
        totals=totals,
        measure=lambda: diagnose(model, faces, targets, settings),
        freeze=lambda passed: variants.freeze_geometry(model, settings, passed),
    )
    history = epochs.run(faces, settings, saved)
    if settings.calibrate:
        calibrate(model.net, faces, targets, settings)
    subjects = {sequence.subject for sequence in sequences} | (first.subjects if first else set())
    datasets = all_datasets(*([first.datasets] if first else []), [dataset] if dataset else [])
    write_model(model.net, settings, faces.aus, list(subjects), model_path, faces.alignment, datasets)
    write_history(history_path, history)
    saved.remove()
