"""Atomic files: a reader sees the old file or the whole new one, never a part of it."""

import contextlib
import errno
import glob
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from g2rl.errors import os_errors_as_input_errors

# The answers of file systems that lack an operation, such as permissions on CIFS, exFAT and gvfs.
UNSUPPORTED = {errno.EPERM, errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike) -> Iterator[Path]:
    """Yield a private path beside ``path``; on success rename it over ``path``, on failure remove it.

    The bytes are synced before the rename, so that this holds after a power loss too; a file system that has
    no sync or no permissions does without. Missing parent folders are made. Partial files of killed writers
    of the same path are removed; of two living writers the later wins and the other fails.

    Raises:
        InputError: it cannot be written: the disk is full or read-only, no permission.
    """
    path = Path(path)
    with os_errors_as_input_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for partial in partial_files(path):
            partial.unlink(missing_ok=True)
        # The suffix stays last: writers such as matplotlib and cv2 choose the format by it.
        handle, name = tempfile.mkstemp(prefix=f".{path.stem}.part-", suffix=path.suffix, dir=path.parent)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            share(temporary, 0o666)
            with open(temporary, "r+b") as stream, where_supported():
                os.fsync(stream.fileno())
            os.replace(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """The same for a folder: yield a private one beside ``path``; on success it takes the place of ``path``.

    Raises:
        InputError: see ``atomic_path``.
    """
    with os_errors_as_input_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        for partial in partial_files(path):
            shutil.rmtree(partial)
        temporary = Path(tempfile.mkdtemp(path.suffix, f".{path.stem}.part-", path.parent))
        try:
            yield temporary
            share(temporary, 0o777)
            if path.exists():
                shutil.rmtree(path)
            os.replace(temporary, path)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextlib.contextmanager
def where_supported() -> Iterator[None]:
    """Skip an operation that the file system does not have; other errors are raised, such as a full disk."""
    try:
        yield
    except OSError as error:
        if error.errno not in UNSUPPORTED:
            raise


def share(path: Path, mode: int) -> None:
    """Give a temporary file or folder the permissions of a new one: those of ``mkstemp`` and ``mkdtemp`` lock
    out a shared cluster's other users."""
    umask = os.umask(0)
    os.umask(umask)
    with where_supported():
        path.chmod(mode & ~umask)


def partial_files(path: Path) -> list[Path]:
    """The partial files beside ``path`` that killed writers of it left."""
    name = f".{glob.escape(path.stem)}.part-????????{glob.escape(path.suffix)}"
    return sorted(path.parent.glob(name))


def write_text(path: str | os.PathLike, text: str) -> None:
    """Write UTF-8 text atomically, with ``\\n`` line ends on every system."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
