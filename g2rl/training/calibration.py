"""TODO: one line."""

import torch

from g2rl.config.training import Settings
from g2rl.network import heatmaps as hm
from g2rl.network.model import HeatmapNet
from g2rl.network.precision import autocast
from g2rl.network.preprocessing import normalise
from g2rl.training.data import Faces
from g2rl.training.diagnostics import N_DIAGNOSTIC_FACES
from g2rl.training.targets import Targets


@torch.inference_mode()
def calibrate(net: HeatmapNet, faces: Faces, targets: Targets, settings: Settings) -> None:
    """Give each AU's intensities the mean and standard deviation of the codes, over all training frames: a
    map that lessens the squared error of its pixels has a maximum that is too low.

    The line that does it goes into the last convolution, so the network is as large as before: a map times a
    slope > 0 plus an offset has such a maximum.
    """
    net.eval()
    device, found = faces.landmarks.device, []
    for index in torch.arange(len(faces), device=device).split(N_DIAGNOSTIC_FACES):
        with autocast(device, settings):
            maps, _ = net(normalise(faces.pixels(index, settings.image_size)))
        read = hm.intensities(maps.float(), settings.sigma, settings.amplitude)
        found.append(hm.au_mean(read, targets.map_au, faces.intensity.shape[1]).cpu())
    for au, (guess, code) in enumerate(zip(torch.cat(found).T, faces.intensity.cpu().T, strict=True)):
        guess, code = guess[code >= 0].double(), code[code >= 0].double()
        if len(code) > 1 and guess.std() > 0 and code.std() > 0:
            slope = code.std().item() / guess.std().item()
            offset = code.mean().item() - slope * guess.mean().item()
            own = targets.map_au == au
            net.head.weight[own] *= slope
            net.head.bias[own] = net.head.bias[own] * slope + offset * hm.peak(
                settings.sigma, settings.amplitude
            )
