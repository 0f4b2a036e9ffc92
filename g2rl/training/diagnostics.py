"""Diagnostics of the guidance: does G vary between faces, and how hard does L_G pull at the network?"""

from dataclasses import replace

import torch
from torch import Tensor

from g2rl.config.training import Settings
from g2rl.network.model import G2RL, heatmap_loss, joint_loss
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import network_input
from g2rl.network.variants import guidance_losses, guide, loss_scales
from g2rl.training.data import Faces
from g2rl.training.history import DIAGNOSTICS, LOSSES
from g2rl.training.targets import Targets

N_DIAGNOSTIC_FACES = 256


def diagnose(model: G2RL, faces: Faces, targets: Targets, settings: Settings) -> dict[str, float]:
    """What Eq. 6 does at this moment, on the same faces every time; leaves the model as it is.

    G over ``N_DIAGNOSTIC_FACES`` faces, spread evenly over all: ``var_G``, its variance, summed over the 256
    numbers; ``norm_G``, the root of its mean square; ``rank_G``, its effective rank (Roy & Vetterli 2007: e
    to the entropy of the normalised singular values of the centred G; 1 to 256). On one batch: the losses,
    the mean ‖W×M‖, and ``grad_S`` and ``grad_G``, norms of the gradients that L_S and L_G, without their
    weights in Eq. 8, send into the heatmap network. Of the Baseline, the losses alone.
    """
    device = faces.landmarks.device

    def spread(count: int) -> Tensor:
        return torch.linspace(0, len(faces) - 1, min(count, len(faces)), device=device).long()

    index = spread(settings.batch_size)
    target, intensity = targets(faces.landmarks[index], faces.intensity[index])
    images = network_input(faces.pixels(index, settings.image_size), faces.landmarks[index], settings)
    seen = guide(faces.landmarks[index], intensity, settings)
    buffers = {name: value.clone() for name, value in model.named_buffers()}  # batch norm's are kept
    with autocast(device, settings):
        maps, G, WM = torch.func.functional_call(model, buffers, (images, seen))
    scale_S, scale_G = loss_scales(settings, len(targets.map_au))
    loss_S = scale_S * heatmap_loss(maps.float(), target, (intensity >= 0).float())
    if not settings.lam:
        return dict.fromkeys(LOSSES + DIAGNOSTICS, 0.0) | dict.fromkeys(("loss", "loss_S"), loss_S.item())
    loss_G = scale_G * model.guidance_loss(G, WM)
    own = [each(maps, G, seen, intensity) for each in guidance_losses(model, settings)]
    loss = sum(own, joint_loss(loss_S, loss_G, settings.lam))
    row = {"loss": loss, "loss_S": loss_S, "loss_G": loss_G, "norm_WM": WM.norm(dim=-1).mean()}
    parameters = [value for value in model.net.parameters() if value.requires_grad]
    for name, part in (("grad_S", loss_S), ("grad_G", loss_G)):
        gradients = torch.autograd.grad(part, parameters, retain_graph=True, allow_unused=True)
        row[name] = torch.stack([value.norm() for value in gradients if value is not None]).norm()
    weights = [weight.flatten() for weight in model.projection.parameters()]
    row["norm_W"] = torch.cat(weights).norm() if weights else WM.new_zeros(())
    many = spread(N_DIAGNOSTIC_FACES)
    own_face = replace(settings, permute_landmarks=False)
    with torch.no_grad():
        _, coded = targets(faces.landmarks[many], faces.intensity[many])
        row |= spread_of(model.geometry(guide(faces.landmarks[many], coded, own_face)))
    return {name: row[name].item() for name in LOSSES + DIAGNOSTICS}


def spread_of(G: Tensor) -> dict[str, Tensor]:
    """``rank_G``, ``norm_G`` and ``var_G`` of (N, 256)."""
    shares = torch.linalg.svdvals((G - G.mean(0)).nan_to_num())
    shares = shares / shares.sum().clamp(min=1e-30)
    return {
        "rank_G": torch.special.entr(shares).sum().exp(),
        "norm_G": G.square().sum(-1).mean().sqrt(),
        "var_G": G.var(0, correction=0).sum(),
    }
