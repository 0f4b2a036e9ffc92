"""The heatmaps that a training batch is compared with (Eq. 1), from its landmarks and intensities."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from g2rl.action_units import centre_weights, map_au, place_points, point_au
from g2rl.config.au_centres import centres_in_use
from g2rl.config.training import Settings
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.network import heatmaps as hm
from g2rl.network.variants import height


class Targets:
    """AU points of a batch of landmarks and their heatmaps (Eq. 1), made on the device at every step."""

    def __init__(self, aus: Sequence[int], settings: Settings, device: torch.device):
        centres = centres_in_use(settings.centres, settings.au_centres, aus)
        weights, down = centre_weights(aus, centres)
        self.weights, self.down = torch.from_numpy(weights).to(device), torch.from_numpy(down).to(device)
        of_point = point_au(aus, centres)
        self.point_au = torch.from_numpy(of_point).to(device)
        self.points = np.bincount(of_point).tolist()  # of each AU
        self.map_au = torch.from_numpy(map_au(aus, centres, settings.maps)).to(device)
        self.settings = settings

    def __call__(self, landmarks: Tensor, intensity: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 68, 2), (B, K) → heatmaps (B, P, S', S') and their intensities (B, P) float, < 0 not coded.

        The map of an AU is the maximum over its points' maps.
        """
        s = self.settings
        centres = hm.to_heatmap(place_points(landmarks, self.weights, self.down), ALIGNED_SIZE, s.map_size)
        point_intensity = intensity[:, self.point_au].clamp(min=0).float()
        maps = hm.heatmaps(centres, point_intensity, s.sigma, s.map_size, height(s))
        if s.maps == "au":
            maps = torch.stack([part.amax(1) for part in maps.split(self.points, 1)], 1)
        return maps, intensity[:, self.map_au].float()
