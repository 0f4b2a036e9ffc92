"""TODO: one line."""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from g2rl.errors import InputError
from g2rl.faces.alignment import similarity, transform_points, warp
from g2rl.faces.jpeg import encode
from g2rl.faces.sequence_file import AlignedSequence, write_sequence
from g2rl.io.progress import progress

if TYPE_CHECKING:
    from g2rl.datasets.labels import Labels
    from g2rl.faces.landmarks import Landmarks
    from g2rl.faces.video import FrameSource


def align_sequence(
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
        print(
            f"{sequence}: no frame can be used, its shard is empty: {_format_counts(counts)}", file=sys.stderr
        )

    shard = AlignedSequence(
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
    write_sequence(out, shard)
    return counts


def _carry(landmarks: "Landmarks", max_gap: int) -> np.ndarray:
    """Landmarks (N, 68, 2) where those of frames without a face are taken from the last one with a face."""
    index = np.arange(len(landmarks.frame))
    last = np.maximum.accumulate(np.where(landmarks.found, index, -1))
    gap = landmarks.frame - landmarks.frame[np.maximum(last, 0)]
    carried = landmarks.landmarks[np.maximum(last, 0)].copy()
    carried[(last < 0) | (gap > max_gap)] = np.nan
    return carried


def _format_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)
