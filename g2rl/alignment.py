"""Alignment: every face turned, scaled and moved onto one 256×256 template.

The transform is a similarity (rotation, one scale, shift), so it changes neither expression nor proportions.
It is fitted to points that expressions hardly move: the eye corners, the bridge and the base of the nose.

`build_shard` does so for a sequence. The shard itself is defined in `g2rl.cache`, which imports nothing from
here: training reads shards and does not depend on how they were made.
"""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np

from g2rl.cache import SIZE, Shard, encode, write_shard
from g2rl.files import InputError, progress
from g2rl.landmarks import MEAN_SHAPE

if TYPE_CHECKING:
    from g2rl.datasets.layout import Labels
    from g2rl.landmarks import Landmarks
    from g2rl.video import FrameSource

# The mean face in aligned pixels, (68, 2) x, y; integer coordinates are pixel centres. Outer eye corners at
# (76.5, 87.8) and (179.5, 87.8), nose base (128, 145), brows from y 60, chin 223.5: room for raised brows
# above and a dropped jaw below. Close to the frames of earlier AU work (eyes at y 87 to 92, chin at 228).
TEMPLATE = MEAN_SHAPE * 180 + (38, 31)

# Eye corners; bridge (27) and base (33) of the nose.
STABLE = np.array([36, 39, 42, 45, 27, 33])


def similarity(points: np.ndarray) -> np.ndarray:
    """The similarity that brings 68 points (68, 2) closest to the template.

    Least squares over the ``STABLE`` points (Umeyama 1991, in the plane and without reflection). With points
    and template as complex numbers p and t, measured from their means, t ≈ a·p with a = Σ p̄t / Σ |p|².

    Returns:
        (2, 3) float64, the matrix that takes raw pixels to aligned pixels, as ``cv2.warpAffine`` wants it.

    Raises:
        ValueError: the stable points are not finite or all in one place.
    """
    p, t = (np.asarray(xy, np.float64)[STABLE] @ [1, 1j] for xy in (points, TEMPLATE))
    spread = np.sum(np.abs(p - p.mean()) ** 2)
    if not spread > 0:  # NaN too
        raise ValueError("no similarity: the stable points are not finite, or all in one place")
    a = np.vdot(p - p.mean(), t - t.mean()) / spread
    b = t.mean() - a * p.mean()
    return np.array([[a.real, -a.imag, b.real], [a.imag, a.real, b.imag]])


def transform_points(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Take points (..., 2) through ``matrix`` (2, 3); float64."""
    return np.asarray(points, np.float64) @ matrix[:, :2].T + matrix[:, 2]


def warp(image: np.ndarray, matrix: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Take an image (H, W) or (H, W, 3) uint8 through ``matrix`` into (size, size[, 3]).

    Linear interpolation. A face that shrinks by 1.5 or more is first averaged over k×k blocks of pixels, k
    the nearest whole factor, so that fine texture does not alias. Beyond the image its edge pixels are
    repeated: no mirrored half faces, no black frame that gives the head's position away.
    """
    k = round(1 / np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if k > 1:
        image, matrix = _reduce(image, matrix, size, k)
    return cv2.warpAffine(
        image, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )


def _reduce(image: np.ndarray, matrix: np.ndarray, size: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    """Cut out what the warp will see and average it over k×k blocks; with the matrix that fits the result."""
    back = cv2.invertAffineTransform(matrix)
    corners = transform_points(back, [(0, 0), (size, 0), (0, size), (size, size)])
    height, width = image.shape[:2]
    # Never less than a block: a face wholly outside still sees the nearest edge.
    x0, y0 = np.clip(np.floor(corners.min(0)).astype(int) - 2 * k, 0, (max(width - k, 0), max(height - k, 0)))
    x1, y1 = np.minimum(np.ceil(corners.max(0)).astype(int) + 2 * k, (width, height))
    columns, rows = max(1, (x1 - x0) // k), max(1, (y1 - y0) // k)
    cut = image[y0 : y0 + rows * k, x0 : x0 + columns * k]
    # A block's centre: raw x = k·x + x0 + (k − 1) / 2.
    shift = np.array([x0, y0]) + (k - 1) / 2
    fitted = np.hstack([matrix[:, :2] * k, (matrix[:, :2] @ shift + matrix[:, 2])[:, None]])
    return cv2.resize(cut, (columns, rows), interpolation=cv2.INTER_AREA), fitted


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

    shard = Shard(
        subject=subject,
        sequence=sequence,
        aus=labels.aus,
        frame=labels.frame[rows].astype(np.int32),
        landmarks=np.array(aligned, np.float32).reshape(-1, 68, 2),
        intensity=labels.intensity[rows].astype(np.int8).reshape(-1, len(labels.aus)),
        jpeg=np.concatenate([np.empty(0, np.uint8), *faces]),
        offsets=np.cumsum([0, *(len(face) for face in faces)], dtype=np.uint64),
        counts=counts,
    )
    write_shard(out, shard)
    return counts


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
