"""TODO: one line."""

import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from g2rl.action_units import MIRROR
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.jpeg import ALIGNED_SIZE, decode
from g2rl.faces.sequence_file import AlignedSequence, join, load_frames
from g2rl.io.progress import progress
from g2rl.network.preprocessing import constant


@dataclass(frozen=True)
class Faces:
    """Training frames of all subjects, one after the other.

    ``images`` are (N, S, S, 3) uint8 RGB on the training device; where they do not fit, they are None, and
    ``jpeg`` holds all bytes and their offsets (:func:`g2rl.cache.join`), decoded batch by batch.
    """

    images: Tensor | None
    jpeg: tuple[np.ndarray, np.ndarray] | None
    landmarks: Tensor  # (N, 68, 2) float32, aligned pixels
    intensity: Tensor  # (N, K) int8, −1 not coded

    def __len__(self) -> int:
        return len(self.intensity)

    def pixels(self, index: Tensor, size: int) -> Tensor:
        """(B, S, S, 3) uint8 on the device: the faces of ``index``, decoded where they are not kept."""
        if self.images is not None:
            return self.images[index]
        rows = decode(*self.jpeg, index.cpu().numpy(), size)
        return torch.from_numpy(rows).to(index.device)


def load_faces(shards: Sequence[AlignedSequence], size: int, device: torch.device) -> Faces:
    """All frames of the shards, decoded once and kept on the device if they take at most half of its memory.

    Raises:
        InputError: no frame in any shard.
    """
    landmarks = torch.from_numpy(np.concatenate([shard.landmarks for shard in shards])).to(device)
    intensity = torch.from_numpy(np.concatenate([shard.intensity for shard in shards])).to(device)
    if not len(intensity):
        raise InputError("no training frame in any shard: see the frames.csv of this dataset for the reasons")
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
    else:
        free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    needed = len(intensity) * size * size * 3
    resident = needed <= free / 2
    where = f"kept on {device}" if resident else "decoded batch by batch"
    print(
        f"faces: {len(intensity)}, {needed / 2**30:.2f} GiB of pixels, {where}", file=sys.stderr, flush=True
    )
    if not resident:
        return Faces(None, join(shards), landmarks, intensity)
    images = torch.empty((len(intensity), size, size, 3), dtype=torch.uint8, device=device)
    start = 0
    for shard in progress(shards, "decoding faces", len(shards)):  # one at a time: the host needs no more
        end = start + len(shard.frame)
        images[start:end] = torch.from_numpy(load_frames(shard, size, torch.get_num_threads()))
        start = end
    return Faces(images, None, landmarks, intensity)


def batches(faces: Faces, settings: Settings, epoch: int) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """One epoch: (B, S, S, 3) uint8 images, (B, 68, 2) landmarks, (B, K) intensities, in an order of its own.

    The last, incomplete batch is left out (its batch statistics would be noisy), unless it is the only one.
    """
    order = np.random.default_rng([settings.seed, epoch]).permutation(len(faces))
    size = min(settings.batch_size, len(order))
    order = order[: len(order) // size * size].reshape(-1, size)
    device = faces.landmarks.device
    if faces.images is not None:
        for index in torch.from_numpy(order).to(device):
            yield faces.images[index], faces.landmarks[index], faces.intensity[index]
        return
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:  # decodes ahead of the device
        ahead: deque[Future[np.ndarray]] = deque()
        for n, index in enumerate(torch.from_numpy(order).to(device)):
            while len(ahead) < 8 and n + len(ahead) < len(order):
                rows = order[n + len(ahead)]
                ahead.append(pool.submit(decode, *faces.jpeg, rows, settings.image_size))
            images = torch.from_numpy(ahead.popleft().result()).to(device)
            yield images, faces.landmarks[index], faces.intensity[index]


def sample_augmentation(settings: Settings, count: int, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """For each face of a batch: mirrored or not, (B,) bool, and moved by how many pixels, (B, 2) x and y."""
    reach = round(settings.shift * settings.image_size)
    mirror = torch.rand(count, generator=random) < (0.5 if settings.flip else 0)
    return mirror, torch.randint(-reach, reach + 1, (count, 2), generator=random)


def augment(images: Tensor, landmarks: Tensor, mirror: Tensor, move: Tensor) -> tuple[Tensor, Tensor]:
    """Mirror and move faces (B, S, S, 3) and their landmarks (B, 68, 2), on the device; see ``draw``."""
    size = images.shape[1]
    axis = torch.arange(size, device=images.device)
    x, y = ((axis - move[:, i : i + 1]).clamp(0, size - 1) for i in (0, 1))  # the border's pixels repeat
    x = torch.where(mirror[:, None], size - 1 - x, x)
    images = images[torch.arange(len(images), device=images.device)[:, None, None], y[:, :, None], x[:, None]]
    mirrored = landmarks[:, constant(tuple(MIRROR.tolist()), images.device)]
    mirrored = torch.stack((ALIGNED_SIZE - 1 - mirrored[..., 0], mirrored[..., 1]), -1)
    landmarks = torch.where(mirror[:, None, None], mirrored, landmarks)
    return images, landmarks + move[:, None] * (ALIGNED_SIZE / size)
