"""Landmark head: the heatmap network of the Baseline, which in training also estimates the landmarks from M.

The standard multi-task use of geometry, after JAA-Net (Shao et al. 2018), in place of the guidance of Eq. 6:
a head on M and the same loss, squared errors over the squared distance of the eyes; the head is removed at
test time. JAA-Net has other layers.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from g2rl.methods.network import Network
from g2rl.network import variants
from g2rl.network.description import Description
from g2rl.network.model import GEOMETRY_DIM, Projection, heatmap_loss
from g2rl.network.model_file import read_model as read
from g2rl.network.model_file import write_described
from g2rl.network.preprocessing import normalise_landmarks
from g2rl.training.targets import Targets

TITLE = "Landmark head"
SETTINGS = {"landmark_weight": 0.5}  # of the landmarks' loss beside L_S
EYES = 36, 45  # outer corners


class LandmarkHead(Network):
    name = "landmark_head"

    def build(self, pretrained: dict[str, Tensor] | None) -> None:
        maps = len(Targets(self.aus, self.settings, torch.device("cpu")).map_au)
        self.net = variants.build_model(self.settings, maps, pretrained).net  # the Baseline's first weights
        self.head = nn.Sequential(
            Projection(self.net.channels, self.settings.map_size), nn.ReLU(), nn.Linear(GEOMETRY_DIM, 2 * 68)
        )
        self.targets: Targets | None = None  # made on the device at the first step

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Heatmaps (B, P, S', S'), landmarks (B, 136) in units of half the image."""
        maps, M = self.net(images)
        return maps, self.head(M)

    def loss(self, output: tuple[Tensor, Tensor], landmarks: Tensor, intensity: Tensor) -> Tensor:
        maps, found = (each.float() for each in output)
        self.targets = self.targets or Targets(self.aus, self.settings, landmarks.device)
        target, coded = self.targets(landmarks, intensity)
        scale = variants.loss_scales(self.settings, maps.shape[1])[0]
        loss_S = scale * heatmap_loss(maps, target, variants.map_weights(coded, self.settings))
        return loss_S + self.own["landmark_weight"] * landmark_loss(found.unflatten(1, (68, 2)), landmarks)

    def write(self, about: Description, own: Mapping[str, Any], path: Path) -> None:
        """The heatmap network alone, which ``g2rl predict`` takes too."""
        write_described(self.net, about, path)


def landmark_loss(found: Tensor, landmarks: Tensor) -> Tensor:
    """Half the squared errors over the squared distance of the eyes, summed over the landmarks, mean over the
    batch (Eq. 3 of JAA-Net): (B, 68, 2) in units of half the image, (B, 68, 2) pixels → scalar."""
    true = normalise_landmarks(landmarks)
    eyes = (true[:, EYES[0]] - true[:, EYES[1]]).square().sum(-1).clamp(min=1e-6)
    return ((found - true).square().sum((1, 2)) / (2 * eyes)).mean()


train = LandmarkHead.train_and_write

__all__ = ["SETTINGS", "TITLE", "read", "train"]
