"""Training data: the drawn subjects' faces on the device, shuffled into batches and augmented."""

import logging
import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from g2rl.action_units import MIRROR
from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE, decode
from g2rl.faces.sequence_file import AlignedSequence, join, load_frames
from g2rl.io.progress import progress
from g2rl.network.preprocessing import constant

log = logging.getLogger(__name__)
AHEAD = 8  # batches that are decoded before the device needs them


@dataclass(frozen=True)
class Faces:
    """Training frames of all subjects, one after the other.

    ``images`` are (N, S, S, 3) uint8 RGB on the training device; where they do not fit, there are none, and
    ``jpeg`` holds all bytes and their offsets (``sequence_file.join``), decoded batch by batch.
    """

    aus: tuple[int, ...]
    images: Tensor | None
    jpeg: tuple[np.ndarray, np.ndarray] | None
    landmarks: Tensor  # (N, 68, 2) float32, aligned pixels
    intensity: Tensor  # (N, K) int8, −1 not coded
    alignment: Alignment = DEFAULT_ALIGNMENT

    def __len__(self) -> int:
        return len(self.intensity)

    def decode(self, index: np.ndarray, size: int) -> Tensor:
        """(B, S, S, 3) uint8 on the CPU: the faces of ``index``."""
        assert self.jpeg is not None
        return torch.from_numpy(decode(*self.jpeg, index, size))

    def pixels(self, index: Tensor, size: int) -> Tensor:
        """(B, S, S, 3) uint8 on the device: the faces of ``index``, decoded where they are not kept."""
        if self.images is not None:
            return self.images[index]
        return self.decode(index.cpu().numpy(), size).to(index.device)


def draw_subjects(sequences: Sequence[AlignedSequence], settings: Settings) -> Sequence[AlignedSequence]:
    """The sequences of ``max_subjects`` subjects, drawn by the seed; all without that setting."""
    if not settings.max_subjects:
        return sequences
    names = sorted({sequence.subject for sequence in sequences})
    drawn = set(np.random.default_rng(settings.seed).permutation(names)[: settings.max_subjects])
    return [sequence for sequence in sequences if sequence.subject in drawn]


def load_faces(sequences: Sequence[AlignedSequence], size: int, device: torch.device) -> Faces:
    """All frames of the sequences, decoded once and kept on the device if they take at most half of its
    memory.

    Raises:
        InputError: sequences of different AUs, or aligned in different ways; no frame in any of them.
    """
    _check_alike(sequences)
    aus, alignment = sequences[0].aus, sequences[0].alignment
    landmarks = torch.from_numpy(np.concatenate([each.landmarks for each in sequences])).to(device)
    intensity = torch.from_numpy(np.concatenate([each.intensity for each in sequences])).to(device)
    count = len(intensity)
    if not count:
        raise InputError(
            "no training frame in any sequence: see the frames.csv of this dataset for the reasons"
        )
    needed = count * size * size * 3
    resident = needed <= _free_memory(device) / 2
    where = f"kept on {device}" if resident else "decoded batch by batch"
    log.info("faces: %d, %.2f GiB of pixels, %s", count, needed / 2**30, where)
    if not resident:
        return Faces(aus, None, join(sequences), landmarks, intensity, alignment)
    images = _decode_all(sequences, count, size, device)
    return Faces(aus, images, None, landmarks, intensity, alignment)


def _check_alike(sequences: Sequence[AlignedSequence]) -> None:
    """Raise InputError unless all sequences have the same AUs and are aligned in one way."""
    first = sequences[0]
    if different := [each for each in sequences if each.aus != first.aus]:
        raise InputError(
            f"sequences of different AUs: {first.sequence} has {first.aus}, {different[0].sequence} has "
            f"{different[0].aus}"
        )
    if different := [each for each in sequences if each.alignment != first.alignment]:
        raise InputError(
            f"sequences aligned in different ways: {first.sequence} by {first.alignment}, "
            f"{different[0].sequence} by {different[0].alignment}: align them again in one way"
        )


def _free_memory(device: torch.device) -> int:
    """Free memory of the GPU, or of the machine for any other device, in bytes."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def _decode_all(sequences: Sequence[AlignedSequence], count: int, size: int, device: torch.device) -> Tensor:
    """(N, S, S, 3) uint8 on the device: the ``count`` faces of all sequences."""
    images = torch.empty((count, size, size, 3), dtype=torch.uint8, device=device)
    start = 0
    # One sequence at a time: the host needs no more memory.
    for each in progress(sequences, "decoding faces", len(sequences)):
        end = start + len(each.frame)
        images[start:end] = torch.from_numpy(load_frames(each, size, torch.get_num_threads()))
        start = end
    return images


def batches(faces: Faces, settings: Settings, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """One epoch: (B, S, S, 3) uint8 images, (B, 68, 2) landmarks, (B, K) intensities, in an order of its own.

    The last, incomplete batch is left out (its batch statistics would be noisy), unless it is the only one.
    """
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(faces))
    size = min(settings.batch_size, len(order))
    order = order[: len(order) // size * size].reshape(-1, size)
    indices = torch.from_numpy(order).to(faces.landmarks.device)
    if faces.images is not None:
        for index in indices:
            yield faces.images[index], faces.landmarks[index], faces.intensity[index]
        return
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        ahead: deque[Future[Tensor]] = deque()
        for n, index in enumerate(indices):
            while len(ahead) < AHEAD and n + len(ahead) < len(order):
                ahead.append(pool.submit(faces.decode, order[n + len(ahead)], settings.image_size))
            images = ahead.popleft().result().to(index.device)
            yield images, faces.landmarks[index], faces.intensity[index]


def sample_augmentation(settings: Settings, count: int, random: torch.Generator) -> tuple[Tensor, ...]:
    """What ``augment`` does to each face of a batch: mirrored or not, (B,) bool; moved by how many pixels,
    (B, 2) x and y; with ``jitter`` also turned by how many radians and enlarged by which share, (B, 2)."""
    reach = round(settings.shift * settings.image_size)
    mirror = torch.rand(count, generator=random) < (0.5 if settings.flip else 0)
    move = torch.randint(-reach, reach + 1, (count, 2), generator=random)
    if not settings.jitter:
        return mirror, move
    return mirror, move, settings.jitter * (2 * torch.rand(count, 2, generator=random) - 1)


def augment(
    images: Tensor, landmarks: Tensor, mirror: Tensor, move: Tensor, by: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mirror, move and turn faces (B, S, S, 3) and their landmarks (B, 68, 2), on the device; see
    ``sample_augmentation``."""
    size = images.shape[1]
    axis = torch.arange(size, device=images.device)
    x, y = ((axis - move[:, i : i + 1]).clamp(0, size - 1) for i in (0, 1))  # the border's pixels repeat
    x = torch.where(mirror[:, None], size - 1 - x, x)
    images = images[torch.arange(len(images), device=images.device)[:, None, None], y[:, :, None], x[:, None]]
    mirrored = landmarks[:, constant(tuple(MIRROR.tolist()), images.device)]
    mirrored = torch.stack((ALIGNED_SIZE - 1 - mirrored[..., 0], mirrored[..., 1]), -1)
    landmarks = torch.where(mirror[:, None, None], mirrored, landmarks)
    landmarks = landmarks + move[:, None] * (ALIGNED_SIZE / size)
    return (images, landmarks) if by is None else turn(images, landmarks, by)


def turn(images: Tensor, landmarks: Tensor, by: Tensor) -> tuple[Tensor, Tensor]:
    """Turn faces (B, S, S, 3) and their landmarks (B, 68, 2) clockwise about the middle by ``by[:, 0]``
    radians, and enlarge them by ``by[:, 1]``; images become float32, their border's pixels repeat."""
    scale, zero = 1 + by[:, 1], torch.zeros_like(by[:, 1])
    cos, sin = by[:, 0].cos(), by[:, 0].sin()
    back = torch.stack((cos, sin, zero, -sin, cos, zero), 1).view(-1, 2, 3) / scale[:, None, None]
    channels_first = images.permute(0, 3, 1, 2).float()
    grid = torch.nn.functional.affine_grid(back, list(channels_first.shape), align_corners=False)
    turned = torch.nn.functional.grid_sample(channels_first, grid, padding_mode="border", align_corners=False)
    middle = (ALIGNED_SIZE - 1) / 2
    ahead = torch.stack((cos, -sin, sin, cos), 1).view(-1, 2, 2) * scale[:, None, None]
    return turned.permute(0, 2, 3, 1), (landmarks - middle) @ ahead.transpose(1, 2) + middle
