"""Small faces, settings and trainings that several tests share."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from g2rl.config.training import Settings
from g2rl.faces.jpeg import encode
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.network.description import Description
from g2rl.network.model_file import Model, read_model, write_described
from g2rl.network.preprocessing import network_input
from g2rl.network.variants import build_model
from g2rl.training.checkpoint import Checkpoint
from g2rl.training.history import read_history
from g2rl.training.loop import train

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


def make_model(path: Path, settings: Settings, **about) -> Model:
    """A model file whose heatmaps differ between pixels and faces, as after a training, and whose intensities
    are within 0 to 5, some above.

    Args:
        about: what the file says otherwise, see ``Description``.
    """
    said = Description(
        aus=AUS, settings=settings, subjects=frozenset({"F001", "M002"}), datasets=("synthetic_a",)
    )
    said = replace(said, **about)
    net = build_model(settings, len(said.heatmap_au)).net
    torch.nn.init.normal_(net.head.weight, std=0.03)
    for layer in net.modules():
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.momentum = None  # the mean of all batches, without the values it starts from
    with torch.inference_mode():
        for count in range(16, 24):
            net(network_input(*map(torch.from_numpy, make_faces(count, settings.image_size)), settings))
    write_described(net, said, path)
    return read_model(path, CPU)


def make_faces(count: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    """What a network takes: noise of several contrasts, and landmarks."""
    random = np.random.default_rng(count)
    images = random.integers(0, 255, (count, size, size, 3)) * random.uniform(0, 1, (count, 1, 1, 1))
    return images.astype(np.uint8), random.uniform(60, 200, (count, 68, 2)).astype(np.float32)


def run(
    folder: Path, settings: Settings = SMALL, sequences: Sequence[AlignedSequence] = SEQUENCES, **more
) -> tuple[bytes, list[dict[str, float]]]:
    """Train into a folder: the model file's bytes and the history."""
    train(sequences, settings, folder / "model.safetensors", folder / "history.csv", CPU, **more)
    history = read_history(folder / "history.csv").to_dict("records")
    return (folder / "model.safetensors").read_bytes(), history


@contextmanager
def interrupted() -> Iterator[None]:
    """A training in here is interrupted by ctrl-C as soon as it has saved its next checkpoint."""
    original = Checkpoint.save

    def save_then_die(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            yield
