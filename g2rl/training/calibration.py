"""Affine correction of a trained network's intensities, one per AU, folded into its last convolution."""

import torch

from g2rl.config.training import Settings
from g2rl.network import heatmaps as hm
from g2rl.network.model import HeatmapNet
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import network_input
from g2rl.network.variants import au_intensities, height
from g2rl.training.data import Faces
from g2rl.training.targets import Targets

BATCH = 256


@torch.inference_mode()
def calibrate(net: HeatmapNet, faces: Faces, targets: Targets, settings: Settings) -> None:
    """Give each AU's intensities the mean and standard deviation of the codes, over all training frames:
    heatmaps trained on the squared error of their pixels underestimate their peak.

    A heatmap times a slope > 0 plus an offset has its maximum changed likewise, so the correction goes into
    the last convolution and the network is as large as before.
    """
    net.eval()
    bias = net.head.get_parameter("bias")
    device, found = faces.landmarks.device, []
    for index in torch.arange(len(faces), device=device).split(BATCH):
        with autocast(device, settings):
            images = faces.pixels(index, settings.image_size)
            maps, _ = net(network_input(images, faces.landmarks[index], settings))
        points = hm.intensities(maps.float(), height(settings))
        found.append(au_intensities(points, targets.map_au, faces.intensity.shape[1], settings).cpu())
    for au, (predicted, code) in enumerate(zip(torch.cat(found).T, faces.intensity.cpu().T, strict=True)):
        predicted, code = predicted[code >= 0].double(), code[code >= 0].double()
        if len(code) > 1 and predicted.std() > 0 and code.std() > 0:
            slope = code.std().item() / predicted.std().item()
            offset = code.mean().item() - slope * predicted.mean().item()
            own = targets.map_au == au
            net.head.weight[own] *= slope
            bias[own] = bias[own] * slope + offset * height(settings)
