"""TODO: one line."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from typing import BinaryIO

import numpy as np

from g2rl.errors import InputError
from g2rl.io.atomic import atomic_path

USER_BLOCK = 512  # bytes, HDF5's least


CHECKSUM_TAG = b"g2rl sha256 "


def write_hdf5(
    path: str | os.PathLike, arrays: Mapping[str, np.ndarray], attributes: Mapping[str, object]
) -> None:
    """Write arrays and root attributes as HDF5: atomically, uncompressed, the same bytes every time.

    The file's first 512 bytes, which HDF5 leaves to the user, hold the SHA-256 of the others.
    """
    import h5py

    with atomic_path(path) as temporary:
        # Unlocked: some shared filesystems refuse locks, and nobody else knows this file yet.
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
    """The SHA-256 in hex that an HDF5 file was sealed with, without a look at the rest of it.

    Raises:
        InputError: it has no seal.
    """
    with open(path, "rb") as stream:
        seal = _checksum(stream)
    if seal is None:
        raise InputError(f"{path}: not sealed, so none of g2rl's own HDF5 files: delete it and rerun")
    return seal.hex()


def _is_damaged(path: str | os.PathLike) -> bool:
    """Whether a sealed file's bytes are others than those that were sealed; one without a seal is not."""
    with open(path, "rb") as stream:
        seal = _checksum(stream)
        return seal is not None and hashlib.file_digest(stream, "sha256").digest() != seal


def _checksum(stream: BinaryIO) -> bytes | None:
    """The hash in an HDF5 file's user block, None of one that is not sealed; what it seals comes next."""
    block = stream.read(USER_BLOCK)
    return block[len(CHECKSUM_TAG) : len(CHECKSUM_TAG) + 32] if block.startswith(CHECKSUM_TAG) else None


def read_hdf5(
    path: str | os.PathLike, expected: Iterable[str]
) -> tuple[dict[str, np.ndarray], dict[str, object]]:
    """Read the named arrays, whole, and the root attributes of an HDF5 file.

    A damaged file is found by its hash, before the HDF5 library sees it, which may search damage for ever.
    One that others wrote has no hash: of it no array may be larger than the file, or lie in another.

    Raises:
        InputError: the file is missing, is not HDF5, is damaged, or lacks one of ``expected``.
    """
    import h5py

    try:
        if _is_damaged(path):
            raise InputError(f"{path}: damaged, its bytes are not those written: delete it and rerun")
        size = os.path.getsize(path)
        with h5py.File(path, "r", locking=False) as file:
            missing = [name for name in expected if not isinstance(file.get(name), h5py.Dataset)]
            if missing:
                raise InputError(f"{path}: no {missing[0]!r} in it, only {sorted(file)}: delete it and rerun")
            for name in expected:
                if file[name].nbytes > size or file[name].dtype.hasobject:
                    raise InputError(f"{path}: damaged, {name} is larger than the file: delete it and rerun")
                if (
                    file[name].is_virtual
                    or file[name].external
                    or isinstance(file.get(name, getlink=True), h5py.ExternalLink)
                ):
                    raise InputError(f"{path}: {name} lies in another file, expected it in this one")
            return {name: file[name][()] for name in expected}, dict(file.attrs)
    except (OSError, RuntimeError, KeyError, ValueError) as error:  # what h5py makes of damage
        raise InputError(f"{path}: not a readable HDF5 file ({error}): delete it and rerun") from error
