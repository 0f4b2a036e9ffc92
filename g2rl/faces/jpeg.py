"""Aligned faces as JPEG: encoding one, decoding many of an array of bytes."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np

from g2rl.errors import InputError

ALIGNED_SIZE = 256  # side of an aligned face, pixels
QUALITY = 95
# The decoder's own reduction (in the frequency domain), combined with RGB order.
_REDUCED = {
    8: cv2.IMREAD_REDUCED_COLOR_8 & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB,
    4: cv2.IMREAD_REDUCED_COLOR_4 & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB,
    2: cv2.IMREAD_REDUCED_COLOR_2 & ~cv2.IMREAD_COLOR_BGR | cv2.IMREAD_COLOR_RGB,
}


def encode(face: np.ndarray) -> np.ndarray:
    """JPEG bytes (n,) uint8 of an RGB image (H, W, 3) uint8."""
    return cv2.imencode(".jpg", cv2.cvtColor(face, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]


def decode(
    jpeg: np.ndarray,
    offsets: np.ndarray,
    indices: np.ndarray | Sequence[int],
    size: int = ALIGNED_SIZE,
    out: np.ndarray | None = None,
    pool: ThreadPoolExecutor | None = None,
) -> np.ndarray:
    """Decode faces, in the order of ``indices``.

    Args:
        jpeg, offsets: of an aligned sequence, or of several joined (``sequence_file.join``).
        indices: (B,) the faces wanted.
        size: side of the faces wanted, at most 256; smaller ones are averaged over areas, mostly by the
            decoder itself, which is faster.
        out: (B, size, size, 3) uint8 to decode into; allocated if None.
        pool: threads to share the work (the decoder runs without Python's lock).

    Returns:
        ``out``, uint8 RGB.

    Raises:
        InputError: the bytes of a face are no JPEG image.
    """
    indices = np.asarray(indices, np.int64)
    if out is None:
        out = np.empty((len(indices), size, size, 3), np.uint8)
    starts, ends = (offsets[where].astype(np.int64) for where in (indices, indices + 1))
    reduced = next(
        (flag for factor, flag in _REDUCED.items() if size * factor <= ALIGNED_SIZE), cv2.IMREAD_COLOR_RGB
    )

    def part(where: range) -> None:
        for i in where:
            face = cv2.imdecode(jpeg[starts[i] : ends[i]], reduced)
            if face is None:
                raise InputError(f"face {indices[i]} is no JPEG image: delete its file and rerun")
            if len(face) == size:
                out[i] = face
            else:
                cv2.resize(face, (size, size), dst=out[i], interpolation=cv2.INTER_AREA)

    if pool is None:
        part(range(len(indices)))
    else:
        step = 16  # faces per task: enough to hide its cost, few enough to share a batch evenly
        list(pool.map(part, (range(i, min(i + step, len(indices))) for i in range(0, len(indices), step))))
    return out
