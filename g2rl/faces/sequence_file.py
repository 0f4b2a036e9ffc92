"""The aligned shard: one sequence's aligned faces, landmarks and intensities in one HDF5 file.

The faces are JPEG files (quality 95, colour at half resolution as in the videos they come from) end to end in
one array of bytes, with the offsets where each begins: a tenth of the pixels' size, read whole in one go, and
any frame decodes on its own at the decoder's own speed.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.errors import InputError
from g2rl.faces.jpeg import decode
from g2rl.io.hdf5 import read_hdf5, write_hdf5

ARRAYS = ("jpeg", "offsets", "landmarks", "intensity", "frame")


@dataclass(frozen=True)
class AlignedSequence:
    """One sequence of M aligned frames with K AUs, in memory.

    Attributes:
        subject, sequence: their names.
        aus: the AUs of the intensity columns.
        frame: (M,) int32, frame numbers in the media, ascending.
        landmarks: (M, 68, 2) float32, x and y in aligned pixels (0…256; chin or jaw may lie outside).
        intensity: (M, K) int8, 0…5, -1 = not coded.
        jpeg: (bytes,) uint8, the faces' JPEG files end to end.
        offsets: (M + 1,) uint64, face i is ``jpeg[offsets[i]:offsets[i + 1]]``.
        counts: what became of the frames, see :func:`g2rl.alignment.build_shard`.
    """

    subject: str
    sequence: str
    aus: tuple[int, ...]
    frame: np.ndarray
    landmarks: np.ndarray
    intensity: np.ndarray
    jpeg: np.ndarray
    offsets: np.ndarray
    counts: dict[str, int]


def write_sequence(path: Path, shard: AlignedSequence) -> None:
    """Write a shard: atomically, the same bytes for the same shard."""
    write_hdf5(
        path,
        {name: getattr(shard, name) for name in ARRAYS},
        {
            "subject": shard.subject,
            "sequence": shard.sequence,
            "aus": np.array(shard.aus, np.int32),
            "counts": json.dumps(shard.counts),
        },
    )


def read_sequence(path: Path) -> AlignedSequence:
    """Read a shard whole.

    Raises:
        InputError: not a shard, or a damaged one.
    """
    arrays, attributes = read_hdf5(path, ARRAYS)

    def check(right: bool, found: str) -> None:
        if not right:
            raise InputError(f"{path}: damaged shard, {found}: delete it and rerun")

    lacking = {"subject", "sequence", "aus", "counts"} - attributes.keys()
    check(not lacking, f"no attribute {', '.join(sorted(lacking))}")
    try:
        aus, counts = tuple(int(au) for au in attributes["aus"]), json.loads(attributes["counts"])
    except (TypeError, ValueError):
        check(False, "its list of AUs or its counts cannot be read")
    jpeg, offsets, frame = arrays["jpeg"], arrays["offsets"], arrays["frame"]
    count = frame.size
    shapes = {
        "jpeg": ("uint8", (jpeg.size,)),
        "offsets": ("uint64", (count + 1,)),
        "landmarks": ("float32", (count, 68, 2)),
        "intensity": ("int8", (count, len(aus))),
        "frame": ("int32", (count,)),
    }
    for name, (dtype, shape) in shapes.items():
        array = arrays[name]
        check(
            array.dtype == dtype and array.shape == shape,
            f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}",
        )
    check(
        offsets[0] == 0 and offsets[-1] == jpeg.size and bool(np.all(offsets[1:] > offsets[:-1])),
        f"offsets do not ascend from 0 to {jpeg.size}, the bytes there are",
    )
    check(bool(np.all(np.diff(frame) > 0)), "frame numbers do not ascend")
    check(bool(np.all(np.abs(arrays["intensity"] - 2) <= 3)), "an intensity outside -1 to 5")
    check(bool(np.isfinite(arrays["landmarks"]).all()), "a landmark that is not a number")
    return AlignedSequence(
        subject=str(attributes["subject"]),
        sequence=str(attributes["sequence"]),
        aus=aus,
        counts=counts,
        **arrays,
    )


def join(shards: Iterable[AlignedSequence]) -> tuple[np.ndarray, np.ndarray]:
    """``jpeg`` and ``offsets`` of several shards as one, for :func:`decode`."""
    shards = list(shards)
    starts = np.cumsum([0, *(shard.jpeg.size for shard in shards)], dtype=np.uint64)
    offsets = [shard.offsets[:-1] + start for shard, start in zip(shards, starts, strict=False)]
    empty = np.empty(0, np.uint8)
    return np.concatenate([empty, *(shard.jpeg for shard in shards)]), np.concatenate([*offsets, starts[-1:]])


def load_frames(shard: AlignedSequence, size: int, threads: int = 1) -> np.ndarray:
    """All faces of a shard: (M, size, size, 3) uint8 RGB.

    Raises:
        InputError: a face that is no JPEG picture; names the sequence.
    """
    with ThreadPoolExecutor(threads) as pool:
        try:
            return decode(shard.jpeg, shard.offsets, range(len(shard.frame)), size, pool=pool)
        except InputError as error:
            raise InputError(f"{shard.sequence}: {error}") from error
