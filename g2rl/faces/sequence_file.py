"""The aligned sequence: one sequence's aligned faces, landmarks and intensities in one HDF5 file.

The faces are JPEG files (quality 95, colour at half resolution as in the videos they come from) end to end in
one array of bytes, with the offsets at which each begins: a tenth of the size of the pixels, read in one go,
and any frame can be decoded alone at the decoder's own speed.
"""

import json
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.errors import InputError
from g2rl.faces.jpeg import decode
from g2rl.io.hdf5 import read_hdf5, write_hdf5

ARRAYS = ("jpeg", "offsets", "landmarks", "intensity", "frame")
ATTRIBUTES = ("subject", "sequence", "aus", "counts")


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
        counts: number of frames by their status, see :func:`g2rl.faces.align_sequence.align_sequence`.
        alignment: how the faces were aligned; a file without this attribute has the default one.
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
    alignment: Alignment = DEFAULT_ALIGNMENT


def write_sequence(path: Path, aligned: AlignedSequence) -> None:
    """Write atomically, the same bytes for the same aligned sequence."""
    others = {}
    if aligned.alignment != DEFAULT_ALIGNMENT:
        others["alignment"] = json.dumps(aligned.alignment.as_json())
    write_hdf5(
        path,
        {name: getattr(aligned, name) for name in ARRAYS},
        {
            "subject": aligned.subject,
            "sequence": aligned.sequence,
            "aus": np.array(aligned.aus, np.int32),
            "counts": json.dumps(aligned.counts),
            **others,
        },
    )


def read_sequence(path: Path) -> AlignedSequence:
    """Read an aligned sequence whole.

    Raises:
        InputError: not such a file, or a damaged one.
    """
    arrays, attributes = read_hdf5(path, ARRAYS)
    lacking = [name for name in ATTRIBUTES if name not in attributes]
    _require(path, not lacking, f"no attribute {', '.join(sorted(lacking))}")
    try:
        aus, counts = tuple(int(au) for au in attributes["aus"]), json.loads(attributes["counts"])
        alignment = Alignment(**json.loads(attributes.get("alignment", "{}")))
    except (TypeError, ValueError, InputError):
        _require(path, False, "its AUs, its counts or its alignment cannot be read")
    _check_arrays(path, arrays, n_aus=len(aus))
    subject, sequence = str(attributes["subject"]), str(attributes["sequence"])
    return AlignedSequence(subject, sequence, aus, counts=counts, alignment=alignment, **arrays)


def _check_arrays(path: Path, arrays: dict[str, np.ndarray], n_aus: int) -> None:
    """Raise InputError unless the arrays have their types, fit together and hold possible values."""
    size, count = arrays["jpeg"].size, arrays["frame"].size
    expected = {
        "jpeg": ("uint8", (size,)),
        "offsets": ("uint64", (count + 1,)),
        "landmarks": ("float32", (count, 68, 2)),
        "intensity": ("int8", (count, n_aus)),
        "frame": ("int32", (count,)),
    }
    for name, (dtype, shape) in expected.items():
        array = arrays[name]
        found = f"{name} is {array.dtype} {array.shape}, expected {dtype} {shape}"
        _require(path, array.dtype == dtype and array.shape == shape, found)
    offsets = arrays["offsets"]
    ascend = offsets[0] == 0 and offsets[-1] == size and bool(np.all(offsets[1:] > offsets[:-1]))
    _require(path, ascend, f"offsets do not ascend from 0 to {size}, the number of JPEG bytes")
    _require(path, bool(np.all(np.diff(arrays["frame"]) > 0)), "frame numbers do not ascend")
    _require(path, bool(np.all(np.abs(arrays["intensity"] - 2) <= 3)), "an intensity outside -1 to 5")
    _require(path, bool(np.isfinite(arrays["landmarks"]).all()), "a landmark that is not a number")


def _require(path: Path, right: bool, found: str) -> None:
    if not right:
        raise InputError(f"{path}: damaged aligned sequence, {found}: delete it and rerun")


def join(sequences: Iterable[AlignedSequence]) -> tuple[np.ndarray, np.ndarray]:
    """``jpeg`` and ``offsets`` of several aligned sequences as one, for :func:`g2rl.faces.jpeg.decode`."""
    sequences = list(sequences)
    starts = np.cumsum([0, *(one.jpeg.size for one in sequences)], dtype=np.uint64)
    offsets = [one.offsets[:-1] + start for one, start in zip(sequences, starts, strict=False)]
    empty = np.empty(0, np.uint8)
    return np.concatenate([empty, *(one.jpeg for one in sequences)]), np.concatenate([*offsets, starts[-1:]])


def load_frames(aligned: AlignedSequence, size: int, threads: int = 1) -> np.ndarray:
    """All faces of an aligned sequence: (M, size, size, 3) uint8 RGB.

    Raises:
        InputError: a face that is no JPEG image; names the sequence.
    """
    with ThreadPoolExecutor(threads) as pool:
        try:
            return decode(aligned.jpeg, aligned.offsets, range(len(aligned.frame)), size, pool=pool)
        except InputError as error:
            raise InputError(f"{aligned.sequence}: {error}") from error
