"""KBSS-style: a small network, trained on the codes of peaks and valleys alone and on what holds between.

After Zhang, Dong, Hu & Ji, "Weakly-Supervised Deep Convolutional Neural Network Learning for Facial Action
Unit Intensity Estimation", CVPR 2018; rewritten from the publication, so details may differ. A tuple is five
frames of one AU's segment, in order from its valley to its peak; only the AU's codes at these two ends are
used. Per tuple, with intensities f of that AU and features h of length 1:

    label       Σ_ends (f − code)²
    ordering    Σ max(0, f_t − f_{t+1})                              intensity does not fall
    similarity  Σ max(0, d(t, t+1) − d(t, t+2)) + max(0, d(t+1, t+2) − d(t, t+2)),  d(s, t) = ‖h_s − h_t‖²
    contrast    max(0, (peak − valley)/5 − d(valley, peak))          the ends look different
    symmetry    Σ_AUs (f − f of the mirrored image)², mean over the five frames

The publication has these four kinds of knowledge. Chosen here: the weights, the hinges without a margin,
contrast in proportion to the codes, one network for all AUs, and the layers. Where the ends lie is found in
all codes. ``g2rl train`` logs how many codes are used; ``tuples`` is the number per segment.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.methods.network import Network, coded_mean
from g2rl.methods.segments import count_ends, valley_to_peak
from g2rl.network.preprocessing import input_channels
from g2rl.training.cuda_graph import Step
from g2rl.training.data import Faces, load_faces

TITLE = "KBSS-style (weak)"
SETTINGS = {
    "image_size": 64,
    "lr": 0.001,
    "tuples": 1,
    "ordering": 1.0,
    "similarity": 0.1,
    "contrast": 0.1,
    "symmetry": 0.1,
}
TUPLE = 5
WIDTH = 128  # of the features h

log = logging.getLogger(__name__)


class Kbss(Network):
    name = "kbss"

    def build(self, pretrained: dict[str, Tensor] | None) -> None:
        layers: list[nn.Module] = []
        before = input_channels(self.settings)
        for channels in (16, 32, 64):
            layers += [nn.Conv2d(before, channels, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
            before = channels
        side = self.settings.image_size // 8
        self.features = nn.Sequential(*layers, nn.Flatten(), nn.Linear(before * side**2, WIDTH), nn.ReLU())
        self.head = nn.Linear(WIDTH, len(self.aus))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Intensities (B, K), features (B, 128); in training 2B, those of the mirrored images last."""
        features = self.features(torch.cat((images, images.flip(-1))) if self.training else images)
        return self.head(features), features

    def loss(self, output: tuple[Tensor, Tensor], landmarks: Tensor, intensity: Tensor) -> Tensor:
        """Of B tuples: 10B rows of ``forward``, and the codes of the ends (B, 2, K), −1 not known."""
        found, features = (each.float().unflatten(0, (2, -1, TUPLE)) for each in output)
        losses = tuple_losses(found[0], normalize(features[0], dim=-1), intensity)
        losses["symmetry"] = (found[0] - found[1]).square().sum(-1).mean()
        return losses.pop("label") + sum(self.own[name] * loss for name, loss in losses.items())

    def decode(self, output: tuple[Tensor, Tensor]) -> Tensor:
        return output[0]

    @classmethod
    def load(
        cls,
        sequences: Sequence[AlignedSequence],
        settings: Settings,
        own: Mapping[str, Any],
        device: torch.device,
    ) -> Faces:
        """Tuples in place of frames: images (T, 5, S, S, 3), landmarks (T, 5, 68, 2), codes (T, 2, K).

        Raises:
            InputError: an AU that changes in no training sequence.
        """
        faces = load_faces(sequences, settings.image_size, device)
        codes = [each.intensity for each in sequences]
        frames, ends = draw_tuples(codes, own["tuples"], np.random.default_rng(settings.seed))
        for k, au in enumerate(faces.aus):
            if not (ends[:, :, k] >= 0).any():
                found = f"{au_name(au)} changes in no training sequence"
                raise InputError(f"{found}: kbss needs valleys and peaks")
        used = sum(count_ends(each) for table in codes for each in table.T)
        log.info("codes used: %d of %d", used, sum((table >= 0).sum() for table in codes))
        index = torch.from_numpy(frames).to(device)
        return replace(
            faces,
            images=faces.pixels(index.flatten(), settings.image_size).unflatten(0, (-1, TUPLE)),
            jpeg=None,
            landmarks=faces.landmarks[index],
            intensity=torch.from_numpy(ends).to(device),
        )

    def _step(self, optimizer: torch.optim.Optimizer, settings: Settings, totals: Tensor) -> Step:
        """One update on one batch of tuples; the frames of a tuple are mirrored and moved alike."""
        of_frames = super()._step(optimizer, settings, totals)

        def step(images: Tensor, landmarks: Tensor, intensity: Tensor, *changes: Tensor) -> None:
            alike = (each.repeat_interleave(TUPLE, 0) for each in changes)
            of_frames(images.flatten(0, 1), landmarks.flatten(0, 1), intensity, *alike)

        return step


def draw_tuples(
    codes: Sequence[np.ndarray], count: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """``count`` tuples of each segment of each AU: frames (T, 5), numbered through all sequences, and codes
    of their ends (T, 2, K), valley and peak, −1 for other AUs. In a short segment frames repeat.

    Args:
        codes: (N, K) of each sequence, −1 not coded.
    """
    frames, ends, start = [np.empty((0, TUPLE), int)], [], 0
    for table in codes:
        for k, column in enumerate(table.T):
            for part in valley_to_peak(column):
                places = np.sort(random.integers(len(part), size=(count, TUPLE)), axis=1)
                places[:, 0], places[:, -1] = 0, len(part) - 1
                frames.append(start + part[places])
                end = np.full((2, table.shape[1]), -1, np.int8)
                end[:, k] = column[part[[0, -1]]]
                ends += [end] * count
        start += len(table)
    return np.concatenate(frames), np.array(ends, np.int8).reshape(-1, 2, codes[0].shape[1])


def tuple_losses(found: Tensor, features: Tensor, ends: Tensor) -> dict[str, Tensor]:
    """The losses of one look at a batch of tuples, each the mean over the tuples.

    Args:
        found: intensities (B, 5, K).
        features: (B, 5, F) of length 1.
        ends: codes of valley and peak (B, 2, K), −1 but for the tuple's AU.
    """
    near = (features[:, :-1] - features[:, 1:]).square().sum(-1)
    far = (features[:, :-2] - features[:, 2:]).square().sum(-1)
    apart = (features[:, 0] - features[:, -1]).square().sum(-1)
    rise = (ends[:, 1] - ends[:, 0]).sum(-1) / MAX_INTENSITY  # of other AUs 0
    return {
        "label": coded_mean((found[:, :: TUPLE - 1] - ends).square(), ends),
        "ordering": coded_mean((found[:, :-1] - found[:, 1:]).relu().sum(1), ends[:, 0]),
        "similarity": ((near[:, :-1] - far).relu() + (near[:, 1:] - far).relu()).sum(1).mean(),
        "contrast": (rise - apart).relu().mean(),
    }


train, read = Kbss.train_and_write, Kbss.read
