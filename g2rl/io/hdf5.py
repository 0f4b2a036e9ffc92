"""HDF5 files: the same arrays give the same bytes, and an embedded checksum shows damage."""

import hashlib
import os
from collections.abc import Collection, Mapping
from typing import Any, BinaryIO

import numpy as np

from g2rl.errors import InputError
from g2rl.io.atomic import atomic_path

USER_BLOCK = 512  # bytes before the HDF5 data, the smallest size there is
CHECKSUM_TAG = b"g2rl sha256 "


def write_hdf5(
    path: str | os.PathLike, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, object]
) -> None:
    """Write arrays and root attributes as HDF5: atomically, uncompressed, the same bytes every time.

    The first 512 bytes, which HDF5 leaves to the user, hold the SHA-256 of all others.
    """
    import h5py

    with atomic_path(path) as temporary:
        # Unlocked: some shared filesystems refuse locks, and no other process knows this file yet.
        options = {"libver": ("v110", "v110"), "userblock_size": USER_BLOCK, "locking": False}
        with h5py.File(temporary, "w", **options) as file:
            for name in sorted(arrays):
                file.create_dataset(name, data=arrays[name], track_times=False)
            for name in sorted(attributes):
                file.attrs[name] = attributes[name]
        write_checksum(temporary)


def write_checksum(path: str | os.PathLike) -> None:
    """Write the SHA-256 of an HDF5 file into its user block."""
    with open(path, "r+b") as stream:
        stream.seek(USER_BLOCK)
        digest = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(0)
        stream.write(CHECKSUM_TAG + digest)


def read_checksum(path: str | os.PathLike) -> str:
    """The checksum of an HDF5 file as it was written, in hex: identifies the content without reading it.

    Raises:
        InputError: the file has none.
    """
    with open(path, "rb") as stream:
        checksum = _checksum(stream)
    if checksum is None:
        raise InputError(f"{path}: no checksum, so it was not written by g2rl: delete it and rerun")
    return checksum.hex()


def _checksum(stream: BinaryIO) -> bytes | None:
    """The checksum in the user block, None if there is none; leaves the stream after the block."""
    block = stream.read(USER_BLOCK)
    return block[len(CHECKSUM_TAG) : len(CHECKSUM_TAG) + 32] if block.startswith(CHECKSUM_TAG) else None


def _is_damaged(path: str | os.PathLike) -> bool:
    """Whether a file's bytes do not match its checksum; without a checksum nothing is known."""
    with open(path, "rb") as stream:
        checksum = _checksum(stream)
        return checksum is not None and hashlib.file_digest(stream, "sha256").digest() != checksum


def read_hdf5(
    path: str | os.PathLike, expected: Collection[str]
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read the named arrays, whole, and the root attributes of an HDF5 file.

    Damage is found by the checksum before the HDF5 library, which may loop on it forever, sees the file. Of a
    file without a checksum no array may be larger than the file, or lie in another one.

    Raises:
        InputError: the file is missing, is not HDF5, is damaged, or lacks one of ``expected``.
    """
    import h5py

    try:
        if _is_damaged(path):
            raise InputError(f"{path}: damaged, its checksum does not match: delete it and rerun")
        with h5py.File(path, "r", locking=False) as file:
            missing = [name for name in expected if not isinstance(file.get(name), h5py.Dataset)]
            if missing:
                raise InputError(f"{path}: no {missing[0]!r} in it, only {sorted(file)}: delete it and rerun")
            for name in expected:
                _check_array(path, file, name)
            return {name: file[name][()] for name in expected}, dict(file.attrs)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file: check the path, or rerun the stage that makes it") from None
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # what h5py raises on damage
        raise InputError(f"{path}: not a readable HDF5 file ({error}): delete it and rerun") from error


def _check_array(path: str | os.PathLike, file: Any, name: str) -> None:
    """Raise InputError unless an open HDF5 file holds all of the array ``name`` itself."""
    import h5py

    if file[name].nbytes > os.path.getsize(path) or file[name].dtype.hasobject:
        raise InputError(f"{path}: damaged, {name} is larger than the file: delete it and rerun")
    link = file.get(name, getlink=True)
    if file[name].is_virtual or file[name].external or isinstance(link, h5py.ExternalLink):
        raise InputError(f"{path}: {name} lies in another file, expected it in this one")
