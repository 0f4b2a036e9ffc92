"""Alternatives to the graph of Eq. 3: other adjacencies, and one for every layer."""

import torch
from torch import Tensor

from g2rl.network.model import GeometryModule, normalised, relative_distances

NEIGHBOURS = 7  # of knn, itself among them: the k of the sibling project


def inverse_adjacency(landmarks: Tensor) -> Tensor:
    """A_ij = 1/(1 + d_ij/s), normalised."""
    return normalised(1 / (1 + relative_distances(landmarks).sqrt()))


def identity_adjacency(landmarks: Tensor) -> Tensor:
    """No neighbours, a control."""
    return torch.eye(landmarks.shape[1]).to(landmarks).expand(len(landmarks), -1, -1)


def knn_adjacency(features: Tensor) -> Tensor:
    """A_ij = 1/7 if j is one of the seven nodes nearest to i, itself among them: (B, n, C) → (B, n, n).

    Normalised as the others: all rows have the same sum. It is not symmetric.
    """
    nearest = relative_distances(features).topk(NEIGHBOURS, largest=False).indices
    return normalised(features.new_zeros(*features.shape[:2], features.shape[1]).scatter(-1, nearest, 1))


class DynamicGeometry(GeometryModule):
    """Eq. 3–5 with an adjacency of its own in every layer, from the features that the layer takes.

    The adjacency is a constant of the step: no gradient goes through it, as none goes through the choice of
    nearest neighbours.
    """

    def forward(self, landmarks: Tensor) -> Tensor:
        F, layers = landmarks, []
        for W in (self.W1, self.W2, self.W3):
            F = torch.relu(self.adjacency(F.detach()) @ W(F))
            layers.append(F)
        return self.fc(self.mix(torch.cat(layers, -1).transpose(1, 2)).flatten(1))
