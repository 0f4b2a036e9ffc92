"""TODO: one line."""

import torch
from torch.optim import lr_scheduler

from g2rl.config.training import Settings
from g2rl.network.model import G2RL


def make_optimizer(model: G2RL, settings: Settings, device: torch.device) -> torch.optim.Adam:
    """Adam with a learning rate for each part; for the Baseline, over the heatmap network alone."""
    parts = [(model.net, settings.lr)]
    if settings.lam:
        lr_geometry = settings.lr_geometry or settings.lr
        parts += [(model.geometry, lr_geometry), (model.projection, settings.lr_projection or settings.lr)]
        if model.rebuild is not None:
            parts.append((model.rebuild, lr_geometry))
    groups = [{"params": list(part.parameters()), "lr": lr} for part, lr in parts]
    cuda = device.type == "cuda"
    if cuda:  # a rate on the device can change between replays of a recorded step
        groups = [group | {"lr": torch.tensor(group["lr"], device=device)} for group in groups]
    return torch.optim.Adam(groups, weight_decay=settings.weight_decay, fused=True, capturable=cuda)


def scheduler(optimizer: torch.optim.Optimizer, settings: Settings, steps: int) -> lr_scheduler.LRScheduler:
    """``step``, once an epoch: a tenth from each milestone on. ``onecycle``, once a step: up for 30 %, then
    down to 0 (Smith & Topin 2019)."""
    if settings.schedule == "step":
        return lr_scheduler.MultiStepLR(optimizer, list(settings.milestones))
    peaks = [float(group["lr"]) for group in optimizer.param_groups]
    return lr_scheduler.OneCycleLR(optimizer, peaks, total_steps=steps, cycle_momentum=False)
