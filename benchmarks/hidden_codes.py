"""``g2rl train`` where Eq. 2 does not see the codes of some subjects: only L_G learns from their faces.

    python benchmarks/hidden_codes.py F001,F005 --sequences …      # then as g2rl train

The control ``geometry: intensities`` still sees them: there L_G says what Eq. 2 does not, so a guidance that
can help must help here. Used by hard_faces.py.
"""

import sys
from collections.abc import Collection, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from g2rl.cli.main import main
from g2rl.config.training import Settings
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.network import controls
from g2rl.training import loop
from g2rl.training.data import Faces, load_faces

# A hidden intensity I is −2 − I: below 0, so not coded for all that reads it but `guide`.


def load_hidden(
    sequences: Sequence[AlignedSequence], size: int, device: torch.device, subjects: Collection[str]
) -> Faces:
    """As ``load_faces``, the intensities of ``subjects`` hidden."""
    faces = load_faces(sequences, size, device)
    hidden = [each.subject in subjects for each in sequences for _ in each.frame]
    coded = torch.tensor(hidden, device=device)[:, None] & (faces.intensity >= 0)
    return replace(faces, intensity=torch.where(coded, -2 - faces.intensity, faces.intensity))


def guide(landmarks: Tensor, intensity: Tensor, settings: Settings) -> Tensor:
    """As ``controls.guide``, which sees hidden intensities."""
    return _guide(landmarks, torch.where(intensity < -1, -2 - intensity, intensity), settings)


_guide = controls.guide


if __name__ == "__main__":
    subjects = set(sys.argv[1].split(","))
    loop.load_faces = lambda sequences, size, device: load_hidden(sequences, size, device, subjects)
    controls.guide = guide
    sys.exit(main(["train", *sys.argv[2:]]))
