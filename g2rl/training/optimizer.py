"""Adam with a learning rate for each part of the model, and the schedule of the learning rate."""

from typing import Any

import torch
from torch.optim import lr_scheduler

from g2rl.config.training import Settings
from g2rl.network.model import G2RL


def make_optimizer(model: G2RL, settings: Settings, device: torch.device) -> torch.optim.Adam:
    """Adam with a learning rate for each part; for the Baseline, over the heatmap network alone."""
    rates = {"net": settings.lr}
    if settings.lam:
        rates["geometry"] = rates["landmark_decoder"] = settings.lr_geometry or settings.lr
        rates["projection"] = settings.lr_projection or settings.lr
    groups = [
        {"params": list(part.parameters()), "lr": rates[name]}
        for name, part in model.named_children()
        if name in rates
    ]
    return adam(groups, settings, device)


def adam(groups: list[dict[str, Any]], settings: Settings, device: torch.device) -> torch.optim.Adam:
    """Adam over groups of parameters, each with its learning rate."""
    cuda = device.type == "cuda"
    if cuda:  # a rate on the device can change between replays of a recorded step
        groups = [group | {"lr": torch.tensor(group["lr"], device=device)} for group in groups]
    return torch.optim.Adam(
        groups, eps=settings.adam_eps, weight_decay=settings.weight_decay, fused=True, capturable=cuda
    )


def make_schedule(
    optimizer: torch.optim.Optimizer, settings: Settings, steps: int
) -> lr_scheduler.LRScheduler:
    """The learning rate after each step, of ``steps`` per epoch. ``step``: a tenth from each milestone on.
    ``onecycle``: up for 30 %, then down to 0 (Smith & Topin 2019)."""
    if settings.schedule == "step":
        return lr_scheduler.MultiStepLR(optimizer, [epoch * steps for epoch in settings.milestones])
    peaks = [float(group["lr"]) for group in optimizer.param_groups]
    return lr_scheduler.OneCycleLR(
        optimizer, peaks, total_steps=settings.epochs * steps, cycle_momentum=False
    )
