"""Ordinal regression: of each AU the probabilities that its intensity exceeds 0, 1, … 4.

CORAL (Cao, Mirjalili & Raschka 2020): the five binary classifiers of an AU share their weights and differ in
their bias. Decoded is the expected intensity, the sum of the five probabilities, for ICC and MAE are of
numbers; the publication counts the probabilities above one half.
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from g2rl.action_units import MAX_INTENSITY
from g2rl.methods.network import Network, coded_mean
from g2rl.methods.vector import Vector

TITLE = "Ordinal (CORAL)"


class Ordinal(Network):
    name = "ordinal"

    def build(self, pretrained: dict[str, Tensor] | None) -> None:
        self.score = Vector(self.settings, self.aus, self.own, pretrained)
        start = torch.linspace(1, -1, MAX_INTENSITY)  # P(I > 0) is the largest
        self.bias = nn.Parameter(start.repeat(len(self.aus), 1))

    def forward(self, images: Tensor) -> Tensor:
        """Logits of P(I > 0), … P(I > 4): (B, K, 5)."""
        return self.score(images)[..., None] + self.bias

    def loss(self, output: Tensor, landmarks: Tensor, intensity: Tensor) -> Tensor:
        levels = torch.arange(MAX_INTENSITY, device=intensity.device)
        exceeds = (intensity[..., None] > levels).float()
        return coded_mean(
            binary_cross_entropy_with_logits(output.float(), exceeds, reduction="none").sum(-1), intensity
        )

    def decode(self, output: Tensor) -> Tensor:
        return output.float().sigmoid().sum(-1)


train, read = Ordinal.train_and_write, Ordinal.read
