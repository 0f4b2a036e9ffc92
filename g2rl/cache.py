"""The aligned shard: one sequence's aligned faces, landmarks and intensities in one HDF5 file.

The faces are JPEG files (quality 95, colour at half resolution as in the videos they come from) end to end in
one array of bytes, with the offsets where each begins: a tenth of the pixels' size, read whole in one go, and
any frame decodes on its own at the decoder's own speed.
"""

import json
import sys
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Sequence as ListOf
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from g2rl.alignment import SIZE, similarity, transform_points, warp
from g2rl.datasets.layout import Labels
from g2rl.files import InputError, progress, read_hdf5, write_hdf5
from g2rl.landmarks import Landmarks
from g2rl.video import FrameSource

if TYPE_CHECKING:
    import pandas as pd

QUALITY = 95
ARRAYS = ("jpeg", "offsets", "landmarks", "intensity", "frame")


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
        counts: what became of the sequence's frames, see :func:`build_shard`.
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


def build_shard(
    source: "FrameSource",
    landmarks: "Landmarks",
    labels: "Labels",
    subject: str,
    sequence: str,
    out: Path,
    *,
    max_gap: int = 0,
    drop_partial: bool = False,
    exclude: Collection[int] = (),
) -> dict[str, int]:
    """Align every coded frame that shows a face and write the sequence's shard.

    Args:
        max_gap: a frame without a face takes the last landmarks found at most this many frames before it; 0
            drops such frames.
        drop_partial: drop a frame when any of its AUs is not coded; otherwise that AU alone is masked (-1).
        exclude: frame numbers to leave out.

    Returns:
        Counts of frames, also stored in the shard. Every coded frame is in exactly one of
        ``coded = excluded + partly_coded + missing + unreadable + no_face + used``:

        - ``frames``: in the media; ``no_label``: of those, without a row of codes;
        - ``not_coded``: rows of codes in which no AU is coded; ``coded``: all other rows;
        - ``excluded``, ``partly_coded`` (only with ``drop_partial``): left out on request;
        - ``missing``: coded, but the media has no such frame; ``unreadable``: it cannot be decoded;
        - ``no_face``: no landmarks; ``used``: in the shard, ``carried`` of them with an earlier frame's
          landmarks.

    Raises:
        InputError: the landmarks were made from other media.

    A sequence that yields no frame still gets a shard, an empty one, and a warning on standard error.
    """
    media = landmarks.frame  # a video may hold more frames than it declares, never fewer
    if not np.array_equal(source.numbers, media[: len(source.numbers)]):
        raise InputError(
            f"{source.path}: its {len(source.numbers)} frames are not the {len(media)} of the landmarks: "
            "they come from other media, delete them and rerun"
        )
    coded = np.any(labels.intensity >= 0, axis=1)
    partly = coded & np.any(labels.intensity < 0, axis=1) if drop_partial else np.zeros(len(coded), bool)
    excluded = coded & np.isin(labels.frame, list(exclude))
    missing = ~np.isin(labels.frame, media)
    left = coded & ~excluded & ~partly & ~missing
    counts = {
        "frames": len(media),
        "no_label": int(np.sum(~np.isin(media, labels.frame))),
        "not_coded": int(np.sum(~coded)),
        "coded": int(np.sum(coded)),
        "excluded": int(np.sum(excluded)),
        "partly_coded": int(np.sum(partly & ~excluded)),
        "missing": int(np.sum(coded & ~excluded & ~partly & missing)),
        "unreadable": 0,
        "no_face": 0,
        "used": 0,
        "carried": 0,
    }
    points = dict(zip(landmarks.frame.tolist(), _carry(landmarks, max_gap), strict=True))
    found = set(landmarks.frame[landmarks.found].tolist())
    row = {int(number): index for index, number in enumerate(labels.frame) if left[index]}

    faces, aligned, rows = [], [], []
    for number, image in progress(source.rgb(row.keys()), sequence, len(row)):
        if image is None:
            continue
        if np.isnan(points[number]).any():
            counts["no_face"] += 1
            continue
        matrix = similarity(points[number])
        faces.append(encode(warp(image, matrix)))
        aligned.append(transform_points(matrix, points[number]))
        rows.append(row[number])
        counts["used"] += 1
        counts["carried"] += number not in found
    counts["unreadable"] = len(row) - counts["no_face"] - counts["used"]
    if not faces:
        print(f"{sequence}: no frame can be used, its shard is empty: {_told(counts)}", file=sys.stderr)

    write_hdf5(
        out,
        {
            "jpeg": np.concatenate([np.empty(0, np.uint8), *faces]),
            "offsets": np.cumsum([0, *(len(face) for face in faces)], dtype=np.uint64),
            "landmarks": np.array(aligned, np.float32).reshape(-1, 68, 2),
            "intensity": labels.intensity[rows].astype(np.int8).reshape(-1, len(labels.aus)),
            "frame": labels.frame[rows].astype(np.int32),
        },
        {
            "subject": subject,
            "sequence": sequence,
            "aus": np.array(labels.aus, np.int32),
            "counts": json.dumps(counts),
        },
    )
    return counts


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
    jpeg, offsets, frame = arrays["jpeg"], arrays["offsets"], arrays["frame"]
    count, aus = frame.size, tuple(int(au) for au in attributes["aus"])
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
        counts=json.loads(attributes["counts"]),
        **arrays,
    )


def frame_counts(paths: Iterable[Path]) -> "pd.DataFrame":
    """What became of every frame of every shard: a row a sequence, with the counts of :func:`build_shard`.

    Raises:
        InputError: not a shard.
    """
    import pandas as pd

    rows = []
    for path in paths:
        _, attributes = read_hdf5(path, ())
        if "counts" not in attributes:
            raise InputError(f"{path}: not a shard, no counts in it: delete it and rerun")
        about = {"subject": str(attributes["subject"]), "sequence": str(attributes["sequence"])}
        rows.append(about | json.loads(attributes["counts"]))
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


def load_frames(shards: ListOf[Shard], size: int, threads: int = 1) -> np.ndarray:
    """All faces of ``shards``, one shard after another: (N, size, size, 3) uint8 RGB."""
    out = np.empty((sum(len(shard.frame) for shard in shards), size, size, 3), np.uint8)
    with ThreadPoolExecutor(threads) as pool:
        start = 0
        for shard in shards:
            end = start + len(shard.frame)
            try:
                decode(shard.jpeg, shard.offsets, range(end - start), size, out[start:end], pool)
            except InputError as error:
                raise InputError(f"{shard.sequence}: {error}") from error
            start = end
    return out


def _carry(landmarks: "Landmarks", max_gap: int) -> np.ndarray:
    """Landmarks (N, 68, 2) where those of frames without a face are taken from the last one with a face."""
    index = np.arange(len(landmarks.frame))
    last = np.maximum.accumulate(np.where(landmarks.found, index, -1))
    gap = landmarks.frame - landmarks.frame[np.maximum(last, 0)]
    carried = landmarks.landmarks[np.maximum(last, 0)].copy()
    carried[(last < 0) | (gap > max_gap)] = np.nan
    return carried


def _told(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)
