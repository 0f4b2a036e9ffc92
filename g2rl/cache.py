"""The aligned shard: one sequence's aligned faces, landmarks and intensities in one HDF5 file.

The faces are JPEG files (quality 95, colour at half resolution as in the videos they come from) end to end in
one array of bytes, with the offsets where each begins: a tenth of the pixels' size, read whole in one go, and
any frame decodes on its own at the decoder's own speed.
"""

import csv
import json
import os
from collections.abc import Iterable
from collections.abc import Sequence as ListOf
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from g2rl.files import InputError, read_hdf5, read_seal, write_hdf5, write_text

if TYPE_CHECKING:
    import pandas as pd

SIZE = 256  # side of an aligned face, pixels
QUALITY = 95
# What becomes of a coded frame: one of these.
FATES = ("excluded", "partly_coded", "missing", "unreadable", "no_face", "used")
ARRAYS = ("jpeg", "offsets", "landmarks", "intensity", "frame")
LIST = ["shard", "sha256"]  # the columns of a list of shards


@dataclass(frozen=True)
class Shard:
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


def write_shard(path: Path, shard: Shard) -> None:
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


def read_shard(path: Path) -> Shard:
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
    return Shard(
        subject=str(attributes["subject"]),
        sequence=str(attributes["sequence"]),
        aus=aus,
        counts=counts,
        **arrays,
    )


def write_list(path: Path, shards: Iterable[Path]) -> None:
    """List shards, a row each: the file as seen from the list's folder, and the SHA-256 it is sealed with.

    So one small file changes whenever what lies in one of thousands of shards does.

    Raises:
        InputError: one that has no seal.
    """
    rows = [(os.path.relpath(shard, path.parent), read_seal(shard)) for shard in shards]
    write_text(path, "".join("\t".join(row) + "\n" for row in [LIST, *rows]))


def read_list(path: Path) -> list[Path]:
    """The shards of a list.

    Raises:
        InputError: no such list; a shard is not there, or is another one than was listed; names the line.
    """
    with open(path, encoding="utf-8", newline="") as stream:
        head, *rows = [*csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)] or [[]]
    if head != LIST:
        raise InputError(f"{path}: line 1: {head}, expected {LIST}: make it with g2rl fold")
    if not rows:
        raise InputError(f"{path}: lists no shard, expected one or more: make it with g2rl fold")
    shards = []
    for number, row in enumerate(rows, 2):
        if len(row) != len(LIST):
            raise InputError(f"{path}: line {number}: {row}, expected {LIST}: make it with g2rl fold")
        shard = path.parent / row[0]
        if not shard.exists():
            raise InputError(f"{path}: line {number}: {shard} is not there: snakemake all makes it anew")
        if (found := read_seal(shard)) != row[1]:
            raise InputError(
                f"{path}: line {number}: {shard} holds {found[:12]}, expected {row[1][:12]}: the shard was "
                "made anew, list it again with g2rl fold"
            )
        shards.append(shard)
    return shards


def frame_counts(paths: Iterable[Path]) -> "pd.DataFrame":
    """What became of every frame of every shard: a row a sequence, with the counts that
    :func:`g2rl.alignment.build_shard` took.

    Raises:
        InputError: not a shard, or one that lost a frame uncounted.
    """
    import pandas as pd

    rows = []
    for path in paths:
        _, attributes = read_hdf5(path, ())
        if "counts" not in attributes:
            raise InputError(f"{path}: not a shard, no counts in it: delete it and rerun")
        about = {"subject": str(attributes["subject"]), "sequence": str(attributes["sequence"])}
        counts = json.loads(attributes["counts"])
        if counts["coded"] != sum(counts[name] for name in FATES):
            raise InputError(
                f"{path}: {counts['coded']} coded frames, but {', '.join(FATES)} add up to another number: "
                f"{counts}: delete it and rerun"
            )
        rows.append(about | counts)
    return pd.DataFrame(rows).sort_values("sequence", ignore_index=True)


def encode(face: np.ndarray) -> np.ndarray:
    """JPEG bytes (n,) uint8 of an RGB image (H, W, 3) uint8."""
    return cv2.imencode(".jpg", cv2.cvtColor(face, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]


def decode(
    jpeg: np.ndarray,
    offsets: np.ndarray,
    indices: np.ndarray | ListOf[int],
    size: int = SIZE,
    out: np.ndarray | None = None,
    pool: ThreadPoolExecutor | None = None,
) -> np.ndarray:
    """Decode faces, in the order of ``indices``.

    Args:
        jpeg, offsets: of a shard, or of several joined (:func:`join`).
        size: side of the faces wanted, at most 256; smaller ones are averaged over areas, the larger part of
            that by the decoder itself, which then has less to do.
        out: (B, size, size, 3) uint8 to decode into; made if None.
        pool: threads to share the work (the decoder runs without Python's lock).

    Returns:
        ``out``, uint8 RGB.

    Raises:
        InputError: the bytes of a face are no JPEG picture.
    """
    indices = np.asarray(indices, np.int64)
    if out is None:
        out = np.empty((len(indices), size, size, 3), np.uint8)
    starts, ends = (offsets[where].astype(np.int64) for where in (indices, indices + 1))
    reduced = next((flag for factor, flag in _REDUCED.items() if size * factor <= SIZE), cv2.IMREAD_COLOR_RGB)

    def part(where: range) -> None:
        for i in where:
            face = cv2.imdecode(jpeg[starts[i] : ends[i]], reduced)
            if face is None:
                raise InputError(
                    f"face {indices[i]} of a shard is no JPEG picture: delete its file and rerun"
                )
            if len(face) == size:
                out[i] = face
            else:
                cv2.resize(face, (size, size), dst=out[i], interpolation=cv2.INTER_AREA)

    if pool is None:
        part(range(len(indices)))
    else:
        step = 16  # faces a task: enough to hide its cost, few enough to share a batch evenly
        list(pool.map(part, (range(i, min(i + step, len(indices))) for i in range(0, len(indices), step))))
    return out


# The decoder's own shrinking (in the frequency domain), combined with RGB order.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8 & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB,
    4: cv2.IMREAD_REDUCED_COLOR_4 & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_COLOR_2 & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB,
}


def join(shards: Iterable[Shard]) -> tuple[np.ndarray, np.ndarray]:
    """``jpeg`` and ``offsets`` of several shards as one, for :func:`decode`."""
    shards = list(shards)
    starts = np.cumsum([0, *(shard.jpeg.size for shard in shards)], dtype=np.uint64)
    offsets = [shard.offsets[:-1] + start for shard, start in zip(shards, starts, strict=False)]
    empty = np.empty(0, np.uint8)
    return np.concatenate([empty, *(shard.jpeg for shard in shards)]), np.concatenate([*offsets, starts[-1:]])


def load_frames(shard: Shard, size: int, threads: int = 1) -> np.ndarray:
    """All faces of a shard: (M, size, size, 3) uint8 RGB.

    Raises:
        InputError: a face that is no JPEG picture; names the sequence.
    """
    with ThreadPoolExecutor(threads) as pool:
        try:
            return decode(shard.jpeg, shard.offsets, range(len(shard.frame)), size, pool=pool)
        except InputError as error:
            raise InputError(f"{shard.sequence}: {error}") from error
