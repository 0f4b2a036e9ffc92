"""The epochs of a training: batches, losses, history and checkpoints, whatever one step minimises."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.optim import lr_scheduler

from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.io.progress import progress
from g2rl.training.checkpoint import Checkpoint
from g2rl.training.cuda_graph import Step, recorded
from g2rl.training.data import Faces, batches, sample_augmentation
from g2rl.training.history import LOSSES, Row

log = logging.getLogger("g2rl.training.loop")


def steps_per_epoch(faces: Faces, settings: Settings) -> int:
    return max(1, len(faces) // settings.batch_size)


@dataclass(frozen=True, kw_only=True)
class Epochs:
    """What is trained.

    Attributes:
        step: one update of the weights on a batch; adds its losses to ``totals``.
        totals: a sum for each of ``LOSSES``, on the device.
        measure: the diagnostics of the history, before the first step and after each epoch.
        freeze: told how many epochs have passed; whether it has now frozen a part of the model.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    schedule: lr_scheduler.LRScheduler
    step: Step
    totals: Tensor
    measure: Callable[[], Mapping[str, float]]
    freeze: Callable[[int], bool] = lambda passed: False

    def run(self, faces: Faces, settings: Settings, saved: Checkpoint) -> list[Row]:
        """Train all epochs, from the last that was ``saved`` on, and return the history.

        Raises:
            InputError: a loss that is not finite; names the epoch.
        """
        schedule, totals, device = self.schedule, self.totals, self.totals.device
        steps = steps_per_epoch(faces, settings)
        history: list[Row] = saved.resume()
        if not history:
            history.append({"epoch": 0, "lr": float(schedule.get_last_lr()[0]), **self.measure()})

        run = recorded(self.step, self.model, self.optimizer, totals)
        for epoch in range(len(history), settings.epochs + 1):
            if self.freeze(epoch - 1):
                run = recorded(self.step, self.model, self.optimizer, totals)
            lr, start = float(schedule.get_last_lr()[0]), time.monotonic()
            label = f"epoch {epoch} of {settings.epochs}"
            random = torch.Generator().manual_seed(settings.seed << 32 | epoch - 1)
            totals.zero_()
            for batch in progress(batches(faces, settings, epoch - 1), label, steps):
                changes = sample_augmentation(settings, len(batch[0]), random)
                run(*batch, *(change.to(device) for change in changes))
                schedule.step()
            losses = dict(zip(LOSSES, (totals / steps).tolist(), strict=True))
            if not math.isfinite(losses["loss"]):
                raise InputError(f"epoch {epoch}: the loss is {losses['loss']}: lower lr (now {settings.lr})")
            row = {"epoch": epoch, "lr": lr, **self.measure(), **losses}
            history.append(row)
            speed = steps * len(batch[0]) / (time.monotonic() - start)
            text = ", ".join(
                f"{name} {row[name]:.4g}" for name in (*LOSSES[:3], "var_G", "norm_W") if row[name]
            )
            log.info("%s: %s, %.0f images/s", label, text, speed)
            if epoch < settings.epochs:
                saved.save(history)
        return history
