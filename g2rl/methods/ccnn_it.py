"""CCNN-IT-style: ordinal distributions of the AUs, joined in pairs by copulas.

After Walecki, Rudovic, Pavlovic, Schuller & Pantic, "Deep Structured Learning for Facial Action Unit
Intensity Estimation", CVPR 2017; rewritten from the publication, so details may differ. Of each AU an ordinal
probit: P(I ≤ l) = Φ(b_l − f) with a score f and rising thresholds b. Of each pair of AUs their joint
distribution by Frank's copula of these,

    C(u, v) = −1/θ · log(1 + (e^{−θu} − 1)(e^{−θv} − 1)/(e^{−θ} − 1)),   P(l, m) = C over the cell of l and m,

with one θ per pair; θ > 0: the two go together. Minimised is the composite likelihood: −log P of each AU, and
−log P of each pair, which counts 1/(K − 1).

Not as published: the field over all AUs, which has no such normalised likelihood, and its most probable
intensities. Where pairs share their AUs' distributions, Bethe's approximation leaves these as they are, so
decoded is the expected intensity of each AU, and the copulas act in training alone. The features are those of
the Baseline's backbone, and batches are those of all methods, not balanced by intensity (the IT).
"""

import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

from g2rl.action_units import MAX_INTENSITY
from g2rl.methods.network import Network, coded_mean
from g2rl.methods.vector import Vector

TITLE = "CCNN-IT-style"
LEAST = 1e-12  # of a probability, so that its logarithm is finite
NEARLY_0, LARGEST = 1e-3, 20.0  # |θ|: below, the copula's first-order series; its bound


class Copulas(Network):
    name = "ccnn_it"
    pairs: Tensor  # (2, K(K − 1)/2) the AUs of each pair

    def build(self, pretrained: dict[str, Tensor] | None) -> None:
        count = len(self.aus)
        self.score = Vector(self.settings, self.aus, self.own, pretrained)
        self.first = nn.Parameter(torch.zeros(count, 1))  # b_0
        self.steps = nn.Parameter(torch.zeros(count, MAX_INTENSITY - 1))  # softplus⁻¹(b_l − b_{l−1})
        self.register_buffer("pairs", torch.triu_indices(count, count, 1), persistent=False)
        self.theta = nn.Parameter(torch.zeros(self.pairs.shape[1]))

    def forward(self, images: Tensor) -> Tensor:
        """The scores f: (B, K)."""
        return self.score(images)

    def cumulative(self, scores: Tensor) -> Tensor:
        """(B, K) → P(I < 0), P(I < 1), … P(I < 6): (B, K, 7) float64, for their differences are small."""
        bounds = torch.cat((self.first, self.first + softplus(self.steps).cumsum(-1)), -1)
        inner = torch.special.ndtr(bounds - scores.double()[..., None])
        return nn.functional.pad(nn.functional.pad(inner, (1, 0)), (0, 1), value=1.0)

    def joint(self, cumulative: Tensor) -> Tensor:
        """(B, K, 7) → the distribution of each pair i < j of AUs: (B, pairs, 6, 6)."""
        first, second = (cumulative[:, index] for index in self.pairs)
        theta = self.theta.double().clamp(-LARGEST, LARGEST)[:, None, None]
        return frank(first[..., :, None], second[..., None, :], theta).diff(dim=-1).diff(dim=-2)

    def loss(self, output: Tensor, landmarks: Tensor, intensity: Tensor) -> Tensor:
        cumulative, codes = self.cumulative(output), intensity.long().clamp(min=0)
        alone = cumulative.diff(dim=-1).gather(-1, codes[..., None])[..., 0]
        loss = coded_mean(-alone.clamp(min=LEAST).log(), intensity)
        i, j = self.pairs
        joint = self.joint(cumulative)
        cell = ((MAX_INTENSITY + 1) * codes[:, i] + codes[:, j])[..., None]
        together = joint.flatten(2).gather(-1, cell)[..., 0].clamp(min=LEAST).log()
        both = torch.minimum(intensity[:, i], intensity[:, j])
        return loss + coded_mean(-together, both) / max(1, intensity.shape[1] - 1)

    def decode(self, output: Tensor) -> Tensor:
        return (1 - self.cumulative(output)[..., 1:-1]).sum(-1)


def frank(u: Tensor, v: Tensor, theta: Tensor) -> Tensor:
    """Frank's copula C(u, v); at θ = 0 the product, independence."""
    small = theta.abs() < NEARLY_0
    safe = torch.where(small, 1.0, theta)
    exact = -torch.log1p(torch.expm1(-safe * u) * torch.expm1(-safe * v) / torch.expm1(-safe)) / safe
    return torch.where(small, u * v * (1 + theta / 2 * (1 - u) * (1 - v)), exact)


train, read = Copulas.train_and_write, Copulas.read
