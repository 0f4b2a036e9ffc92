"""Media, landmarks and labels become an aligned sequence: each coded frame used, or dropped and counted."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.datasets.labels import Labels
from g2rl.errors import InputError
from g2rl.faces.alignment import alignment_matrix
from g2rl.faces.jpeg import encode
from g2rl.faces.lag import find_lag
from g2rl.faces.landmarks_file import Landmarks
from g2rl.faces.sequence_file import AlignedSequence, write_sequence
from g2rl.faces.warp import transform_points, warp
from g2rl.io.frame_source import FrameSource
from g2rl.io.progress import progress

logger = logging.getLogger(__name__)


def align_sequence(
    source: FrameSource,
    landmarks: Landmarks,
    labels: Labels,
    subject: str,
    sequence: str,
    out: Path,
    *,
    max_gap: int = 0,
    drop_partial: bool = False,
    exclude: Collection[int] = (),
    every: int = 1,
    alignment: Alignment = DEFAULT_ALIGNMENT,
) -> dict[str, int]:
    """Align every coded frame that shows a face and write the aligned sequence.

    Args:
        max_gap: a frame without a face takes the last landmarks found at most this many frames before it; 0
            drops such frames.
        drop_partial: drop a frame when any of its AUs is not coded; otherwise that AU alone is masked (-1).
        exclude: frame numbers to leave out.
        every: of the coded frames, use each n-th, from the first on.
        alignment: the detector that is recorded is that of the landmarks.

    Returns:
        Counts of frames, also stored in the file. Every coded frame is in exactly one of
        ``coded = excluded + partly_coded + missing + unreadable + no_face + used``:

        - ``frames``: in the media; ``no_label``: of those, without a row of codes;
        - ``not_coded``: rows of codes in which no AU is coded; ``coded``: all other rows;
        - ``excluded`` (``exclude``, ``every``), ``partly_coded`` (``drop_partial``): left out on request;
        - ``missing``: coded, but the media has no such frame; ``unreadable``: it cannot be decoded;
        - ``no_face``: no landmarks; ``used``: in the aligned sequence, ``carried`` of them with an earlier
          frame's landmarks.

    Raises:
        InputError: the landmarks were made from other media; ``every`` is below 1.

    A sequence that yields no frame still gets a file, without frames, and a warning in the log.
    """
    if every < 1:
        raise InputError(f"every: {every}, expected 1 or more")
    media = landmarks.frame
    _check_media(source, media)
    if (lag := find_lag(landmarks, labels)) and lag.is_shift:
        logger.warning("%s: %s", sequence, lag)
    counts, left = _count_before_decoding(media, labels, drop_partial, _left_out(labels, exclude, every))
    points = dict(zip(media.tolist(), _carry(landmarks, max_gap), strict=True))
    found = set(media[landmarks.found].tolist())
    row = {int(number): index for index, number in enumerate(labels.frame) if left[index]}

    faces, aligned, rows = [], [], []
    for number, image in progress(source.rgb(row.keys()), sequence, len(row)):
        if image is None:
            continue
        if np.isnan(points[number]).any():
            counts["no_face"] += 1
            continue
        matrix = alignment_matrix(points[number], alignment)
        faces.append(encode(warp(image, matrix)))
        aligned.append(transform_points(matrix, points[number]))
        rows.append(row[number])
        counts["used"] += 1
        counts["carried"] += number not in found
    counts["unreadable"] = len(row) - counts["no_face"] - counts["used"]
    if not faces:
        logger.warning("%s: no frame can be used: %s", sequence, _describe_counts(counts))

    write_sequence(
        out,
        AlignedSequence(
            subject=subject,
            sequence=sequence,
            aus=labels.aus,
            frame=labels.frame[rows].astype(np.int32),
            landmarks=np.array(aligned, np.float32).reshape(-1, 68, 2),
            intensity=labels.intensity[rows].astype(np.int8).reshape(-1, len(labels.aus)),
            jpeg=np.concatenate([np.empty(0, np.uint8), *faces]),
            offsets=np.cumsum([0, *(len(face) for face in faces)], dtype=np.uint64),
            counts=counts,
            alignment=replace(alignment, detector=landmarks.detector),
        ),
    )
    return counts


def _check_media(source: FrameSource, media: np.ndarray) -> None:
    """Raise InputError unless the source's frames are the first of ``media``, the frames of the landmarks: a
    video may hold more frames than it declares, never fewer."""
    if not np.array_equal(source.numbers, media[: len(source.numbers)]):
        raise InputError(
            f"{source.path}: its {len(source.numbers)} frames are not the {len(media)} of the landmarks: "
            "they come from other media, delete them and rerun"
        )


def _describe_counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _count_before_decoding(
    media: np.ndarray, labels: Labels, drop_partial: bool, left_out: np.ndarray
) -> tuple[dict[str, int], np.ndarray]:
    """The counts known from frame numbers and codes alone, and the mask (N,) of the rows left to decode.

    Args:
        left_out: (N,) bool, the rows that are not wanted.
    """
    coded = np.any(labels.intensity >= 0, axis=1)
    partly = coded & np.any(labels.intensity < 0, axis=1) if drop_partial else np.zeros(len(coded), bool)
    excluded = coded & left_out
    missing = ~np.isin(labels.frame, media)
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
    return counts, coded & ~excluded & ~partly & ~missing


def _left_out(labels: Labels, exclude: Collection[int], every: int) -> np.ndarray:
    """(N,) bool: the rows of excluded frames, and of the coded frames all but each n-th."""
    coded = np.any(labels.intensity >= 0, axis=1)
    return np.isin(labels.frame, list(exclude)) | (coded & ((np.cumsum(coded) - 1) % every != 0))


def _carry(landmarks: Landmarks, max_gap: int) -> np.ndarray:
    """Landmarks (N, 68, 2) where those of frames without a face are taken from the last one with a face."""
    index = np.arange(len(landmarks.frame))
    last = np.maximum.accumulate(np.where(landmarks.found, index, -1))
    gap = landmarks.frame - landmarks.frame[np.maximum(last, 0)]
    carried = landmarks.landmarks[np.maximum(last, 0)].copy()
    carried[(last < 0) | (gap > max_gap)] = np.nan
    return carried
