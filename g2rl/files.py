"""Atomic, deterministic files, the error that names a bad input, and progress for long loops."""

import contextlib
import csv
import errno
import glob
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

T = TypeVar("T")
USER_BLOCK = 512  # bytes, HDF5's least
SEAL = b"g2rl sha256 "
MARGIN = 2**20  # bytes; a disk with fewer is full
REMEDIES = {
    errno.ENOENT: "check the path; if another process removed it, rerun",
    errno.EACCES: "change its permissions, or run as a user who has them",
    errno.EPERM: "change its permissions, or run as a user who has them",
    errno.EROFS: "make the disk writable, or work in another folder",
    errno.EIO: "the disk does not answer as it should: check it, then rerun",
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT), "the disk is full: make room and rerun, what is finished is kept"
    ),
}
WRITTEN: list[Path] = []  # what this process has put in place, for its provenance record


class InputError(Exception):
    """Bad input: one line that names the file, the place in it, what was found and what was expected.

    The command line prints the message alone and exits with status 2; anything else is a fault of ours and
    keeps its traceback.
    """


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a private path beside ``path``; on success rename it over ``path``, on failure remove it.

    A reader sees the old file or the whole new one, never a part, also after a power loss (the bytes are
    synced before the rename). Missing parent folders are made. What a killed writer of the same path left is
    removed; one that still lives fails, the later writer wins.

    Raises:
        InputError: it cannot be written: the disk is full or read-only, no permission.
    """
    path = Path(path)
    with refusals_named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in leftovers(path):
            left.unlink(missing_ok=True)
        # The suffix stays last: writers such as matplotlib and cv2 choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.part-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            umask = os.umask(0)
            os.umask(umask)
            temporary.chmod(0o666 & ~umask)  # mkstemp's 0600 would lock out a shared cluster's other users
            with open(temporary, "rb") as stream:
                os.fsync(stream.fileno())
            os.replace(temporary, path)
            WRITTEN.append(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def refusals_named(path: Path) -> Iterator[None]:
    """Say in one line, as an InputError, why ``path`` cannot be written where the system refuses it."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(explain(error, path if _concerns(error, path) else None)) from error
    except Exception as error:  # torch and safetensors have errors of their own for a full disk
        if path.parent.exists() and shutil.disk_usage(path.parent).free < MARGIN:
            raise InputError(explain(OSError(errno.ENOSPC, ""), path)) from error
        raise


def _concerns(error: OSError, path: Path) -> bool:
    """Whether it is about writing ``path``, its half or a folder on the way; not an input read meanwhile."""
    if error.filename is None:
        return True
    other = Path(os.fsdecode(error.filename))
    halves = (f".{path.stem}.part-", f".{path.name}.part-")  # of a file; of a folder
    return (
        any(part.startswith(halves) for part in other.parts)
        or path.is_relative_to(other)
        or other.is_relative_to(path)
    )


def leftovers(path: Path) -> list[Path]:
    """What killed writers of ``path`` left beside it."""
    name = f".{glob.escape(path.stem)}.part-????????{glob.escape(path.suffix)}"
    return sorted(path.parent.glob(name))


def unfinished(folder: Path) -> list[Path]:
    """What commands that were cut off left below ``folder``: checkpoints of trainings, half-written files."""
    return sorted({*folder.rglob(".*.part-????????*"), *(folder / ".checkpoints").rglob("*.pt")})


def explain(error: OSError, path: str | os.PathLike | None = None) -> str:
    """One line for what the system refused: the file, the reason, and what to do."""
    remedy = REMEDIES.get(error.errno or 0)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{path or error.filename}: {reason}{f': {remedy}' if remedy else ''}"


def first_line(error: Exception) -> str:
    """Of what an error says, or its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write UTF-8 text atomically, with ``\\n`` line ends on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def write_csv(path: str | os.PathLike, frame: "pd.DataFrame", float_format: str = "%.6g") -> None:
    """Write a table atomically as comma-separated values, without its index."""
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False, float_format=float_format, lineterminator="\n")


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
        seal_hdf5(temporary)


def seal_hdf5(path: str | os.PathLike) -> None:
    """Write the SHA-256 of an HDF5 file into its user block."""
    with open(path, "r+b") as stream:
        stream.seek(USER_BLOCK)
        digest = hashlib.file_digest(stream, "sha256").digest()
        stream.seek(0)
        stream.write(SEAL + digest)


def read_seal(path: str | os.PathLike) -> str:
    """The SHA-256 in hex that an HDF5 file was sealed with, without a look at the rest of it.

    Raises:
        InputError: it has no seal.
    """
    with open(path, "rb") as stream:
        seal = _seal(stream)
    if seal is None:
        raise InputError(f"{path}: not sealed, so none of g2rl's own HDF5 files: delete it and rerun")
    return seal.hex()


def _is_damaged(path: str | os.PathLike) -> bool:
    """Whether a sealed file's bytes are others than those that were sealed; one without a seal is not."""
    with open(path, "rb") as stream:
        seal = _seal(stream)
        return seal is not None and hashlib.file_digest(stream, "sha256").digest() != seal


def _seal(stream: BinaryIO) -> bytes | None:
    """The hash in an HDF5 file's user block, None of one that is not sealed; what it seals comes next."""
    block = stream.read(USER_BLOCK)
    return block[len(SEAL) : len(SEAL) + 32] if block.startswith(SEAL) else None


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


def is_known_fault(path: str | os.PathLike, check: str | os.PathLike | None) -> bool:
    """Whether ``check``, what ``g2rl check`` wrote of a copy, holds an error of a file or of what lies in it.

    A check with errors ends a run; where it did not, the copy is used in spite of them.
    """
    if check is None:
        return False
    with open(check, encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["severity"] == "error" and row["file"]]
    named = {part for row in rows for part in (row["file"], *map(str, Path(row["file"]).parents[:-1]))}
    return any(f"/{Path(path)}".endswith(f"/{part}") for part in named)


def progress(items: Iterable[T], label: str, total: int | None = None) -> Iterator[T]:
    """Pass ``items`` through, showing how far it got: a bar on a terminal, a line every 30 s in a log."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total)
        return
    last = time.monotonic()
    for count, item in enumerate(items):
        yield item
        if time.monotonic() - last > 30:
            last = time.monotonic()
            print(f"{label}: {count + 1}{f' of {total}' if total else ''}", file=sys.stderr, flush=True)
