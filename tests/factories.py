"""Small faces, settings and trainings that several tests share."""

import numpy as np
import torch

from g2rl.config.training import Settings
from g2rl.faces.jpeg import encode
from g2rl.faces.sequence_file import AlignedSequence

CPU = torch.device("cpu")
AUS = (6, 12)
TINY = "test_resnet.r160_in1k"
SMALL = Settings(backbone=TINY, image_size=32, channels=(8, 8, 8), epochs=3, batch_size=4, lr=1e-3)


def make_sequence(subject: str, count: int = 10, aus: tuple[int, ...] = AUS) -> AlignedSequence:
    """Smooth random images, a face-like spread of landmarks, random codes with some −1."""
    random = np.random.default_rng(sum(map(ord, subject)))
    images = [
        encode(np.kron(random.integers(0, 255, (8, 8, 3), np.uint8), np.ones((32, 32, 1), np.uint8)))
        for _ in range(count)
    ]
    return AlignedSequence(
        subject=subject,
        sequence=f"{subject}_T1",
        aus=aus,
        frame=np.arange(count, dtype=np.int32),
        landmarks=random.uniform(60, 200, (count, 68, 2)).astype(np.float32),
        intensity=random.integers(-1, 6, (count, len(aus))).astype(np.int8),
        jpeg=np.concatenate([np.empty(0, np.uint8), *images]),
        offsets=np.cumsum([0, *map(len, images)], dtype=np.uint64),
        counts={},
    )


SEQUENCES = [make_sequence("F001"), make_sequence("M002")]
HELD_OUT = [make_sequence("F003"), make_sequence("M004")]
