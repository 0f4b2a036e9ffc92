"""TODO: one line."""

import contextlib
import difflib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

MARGIN = 2**20  # bytes; a disk with fewer is full


OS_ERROR_HINTS = {
    errno.ENOENT: "check the path; if another process removed it, rerun",
    errno.EACCES: "change its permissions, or run as a user who has them",
    errno.EPERM: "change its permissions, or run as a user who has them",
    errno.EROFS: "make the disk writable, or work in another folder",
    errno.EIO: "the disk does not answer as it should: check it, then rerun",
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT), "the disk is full: make room and rerun, what is finished is kept"
    ),
}


class InputError(Exception):
    """Bad input: one line that names the file, the place in it, what was found and what was expected.

    The command line prints the message alone and exits with status 2; anything else is a fault of ours and
    keeps its traceback.
    """


@contextlib.contextmanager
def os_errors_as_input_errors(path: Path) -> Iterator[None]:
    """Say in one line, as an InputError, why ``path`` cannot be written where the system refuses it."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(explain_os_error(error, path if _concerns(error, path) else None)) from error
    except Exception as error:  # torch and safetensors have errors of their own for a full disk
        if path.parent.exists() and shutil.disk_usage(path.parent).free < MARGIN:
            raise InputError(explain_os_error(OSError(errno.ENOSPC, ""), path)) from error
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


def explain_os_error(error: OSError, path: str | os.PathLike | None = None) -> str:
    """One line for what the system refused: the file, the reason, and what to do."""
    remedy = OS_ERROR_HINTS.get(error.errno or 0)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{path or error.filename}: {reason}{f': {remedy}' if remedy else ''}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``, did you mean 'NEAREST'?``, or nothing where nothing is known."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return f", did you mean {near[0]!r}?" if near else ""


def first_line(error: Exception) -> str:
    """Of what an error says, or its kind where it says nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class LabelError(InputError):
    """Something wrong in a label file: ``file: [line N:] found …, expected …``.

    Attributes:
        kind: one word or two for what is wrong, such as ``value`` or ``frame twice``.
    """

    def __init__(self, kind: str, path: Path, line: int | None, found: str, expected: str) -> None:
        self.kind, self.path, self.found, self.expected = kind, Path(path), found, expected
        self.line = line
        where = f"{path}: " + (f"line {line}: " if line else "")
        super().__init__(f"{where}{found}, expected {expected}")

    def __reduce__(self) -> tuple:
        return type(self), (self.kind, self.path, self.line, self.found, self.expected)
