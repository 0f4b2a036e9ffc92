"""TODO: one line."""

import torch
from torch import Tensor

from g2rl.config.training import Settings
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.network.model import G2RL, guidance_loss, heatmap_loss, joint_loss
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import normalise
from g2rl.training.data import Faces
from g2rl.training.targets import Targets

DIAGNOSTICS = (
    *("loss", "loss_S", "loss_G", "norm_WM"),  # in the order of make_step's totals
    *("var_G", "norm_G", "rank_G", "norm_W", "grad_S", "grad_G"),
)


N_DIAGNOSTIC_FACES = 256  # faces on which G is looked at after every epoch


def diagnose(model: G2RL, faces: Faces, targets: Targets, settings: Settings) -> dict[str, float]:
    """What Eq. 6 does at this moment, on the same faces every time; leaves the model as it is.

    G over ``PROBED`` faces, spread evenly over all, before ``standardise`` if that is the guidance:
    ``var_G``, its variance, summed over the 256 numbers; ``norm_G``, the root of its mean square; ``rank_G``,
    its effective rank (Roy & Vetterli 2007: e to the entropy of the normalised singular values of the centred
    G; 1 to 256). On one batch: the losses, the mean ‖W×M‖, and ``grad_S`` and ``grad_G``, norms of the
    gradients that L_S and L_G, without their weights in Eq. 8, send into the heatmap network. Of the
    Baseline, the losses alone.
    """
    device = faces.landmarks.device

    def spread(count: int) -> Tensor:
        return torch.linspace(0, len(faces) - 1, min(count, len(faces)), device=device).long()

    index = spread(settings.batch_size)
    target, of_map = targets(faces.landmarks[index], faces.intensity[index])
    images = faces.pixels(index, settings.image_size)
    inputs = normalise(images), faces.landmarks[index] / (ALIGNED_SIZE / 2) - 1
    buffers = {name: value.clone() for name, value in model.named_buffers()}  # batch norm's stand still
    with autocast(device, settings):
        maps, G, WM, own = torch.func.functional_call(model, buffers, inputs)
    loss_S, loss_G = heatmap_loss(maps.float(), target, of_map >= 0), guidance_loss(G, WM)
    row = {"loss": joint_loss(loss_S, loss_G, settings.lam) + own, "loss_S": loss_S, "loss_G": loss_G}
    if not settings.lam:
        return dict.fromkeys(DIAGNOSTICS, 0.0) | dict.fromkeys(("loss", "loss_S"), loss_S.item())
    row["norm_WM"] = WM.norm(dim=-1).mean()
    parameters = list(model.net.parameters())
    for name, loss in (("grad_S", loss_S), ("grad_G", loss_G)):
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        row[name] = torch.stack([value.norm() for value in gradients if value is not None]).norm()
    with torch.no_grad():
        G = model.geometry(faces.landmarks[spread(N_DIAGNOSTIC_FACES)] / (ALIGNED_SIZE / 2) - 1)
        shares = torch.linalg.svdvals((G - G.mean(0)).nan_to_num())
        shares = shares / shares.sum().clamp(min=1e-30)
        row["rank_G"] = torch.special.entr(shares).sum().exp()
        row["norm_G"] = G.square().sum(-1).mean().sqrt()
        row["var_G"] = G.var(0, correction=0).sum()
        row["norm_W"] = torch.cat([weight.flatten() for weight in model.projection.parameters()]).norm()
    return {name: row[name].item() for name in DIAGNOSTICS}
