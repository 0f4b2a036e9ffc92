"""InputError, the error of bad input, and operating-system errors worded as one."""

import contextlib
import difflib
import errno
import os
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

FULL = 2**20  # bytes; a disk with less free space is taken for full

OS_ERROR_HINTS = {
    errno.ENOENT: "check the path; if another process removed it, rerun",
    errno.EACCES: "change its permissions, or run as a user who has them",
    errno.EPERM: "change its permissions, or run as a user who has them",
    errno.EROFS: "make the disk writable, or work in another folder",
    errno.EIO: "the disk failed to answer: check it, then rerun",
    **dict.fromkeys(
        (errno.ENOSPC, errno.EDQUOT), "the disk is full: make room and rerun, what is finished is kept"
    ),
}


class InputError(Exception):
    """Bad input: one line that names the file, the place in it, what was found and what was expected.

    The command line prints the message alone and exits with status 2. Any other exception is a fault of this
    package and keeps its traceback.
    """


@contextlib.contextmanager
def os_errors_as_input_errors(path: Path) -> Iterator[None]:
    """Raise InputError, in one line, where the system refuses to write ``path``."""
    try:
        yield
    except InputError:
        raise
    except OSError as error:
        raise InputError(explain_os_error(error, path if _concerns(error, path) else None)) from error
    except Exception as error:  # torch and safetensors have errors of their own for a full disk
        if path.parent.exists() and shutil.disk_usage(path.parent).free < FULL:
            raise InputError(explain_os_error(OSError(errno.ENOSPC, ""), path)) from error
        raise


def _concerns(error: OSError, path: Path) -> bool:
    """Whether an error is about writing ``path``, its partial file or a folder above it, not about an input
    that is read meanwhile."""
    if error.filename is None:
        return True
    other = Path(os.fsdecode(error.filename))
    partial = (f".{path.stem}.part-", f".{path.name}.part-")  # of a file; of a folder
    return (
        any(part.startswith(partial) for part in other.parts)
        or path.is_relative_to(other)
        or other.is_relative_to(path)
    )


def explain_os_error(error: OSError, path: str | os.PathLike | None = None) -> str:
    """One line for an error of the operating system: the file, the reason, and what to do."""
    hint = OS_ERROR_HINTS.get(error.errno or 0)
    reason = os.strerror(error.errno) if error.errno else str(error)
    return f"{path or error.filename}: {reason}{f': {hint}' if hint else ''}"


# How torch, CUDA and the C library say that memory is full.
MEMORY_SIGNS = ("out of memory", "ALLOC_FAILED", "can't allocate memory")


def explain_memory_error(
    error: Exception, batch_size: int | None = None, checkpoint: str | os.PathLike | None = None
) -> str | None:
    """One line for an error of memory that is full, a GPU's or the machine's; None for any other error.

    Args:
        batch_size: of the training that ended.
        checkpoint: its file, which stays.
    """
    text = first_line(error)
    if not isinstance(error, MemoryError) and not any(sign in text for sign in MEMORY_SIGNS):
        return None
    gpu = "CUDA" in text or "CUBLAS" in text.upper()
    what = "the GPU's memory is full" if gpu else "the memory of this machine or job is full"
    smaller = f"lower batch_size (now {batch_size}), or take " if batch_size else "take "
    place = "a GPU with more free memory (see nvidia-smi)" if gpu else "a machine with more memory"
    kept = f"; after a complete epoch {checkpoint} holds the state, and the same command resumes there"
    return f"{what}: {smaller}{place}{kept if checkpoint else ''} ({' '.join(text.split())[:200]})"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``, did you mean 'NEAREST'?``, or nothing where no name is known."""
    near = difflib.get_close_matches(name, known, n=1, cutoff=0)
    return f", did you mean {near[0]!r}?" if near else ""


def first_line(error: Exception) -> str:
    """The first line of an error's message, or its class where the message is empty."""
    return (str(error).splitlines() or [type(error).__name__])[0]


class TextFileError(InputError):
    """Something wrong in a text file such as a label file: ``file: [line N:] found …, expected …[: do …]``.

    Attributes:
        kind: what is wrong, in one or two words, such as ``value`` or ``frame twice``.
        line: counted from 1; None if it is no single line's.
        action: what to do, where that shows in the file; else empty.
    """

    def __init__(
        self, kind: str, path: Path, line: int | None, found: str, expected: str, action: str = ""
    ) -> None:
        self.kind, self.path, self.line, self.found, self.expected = kind, Path(path), line, found, expected
        self.action = action
        where = f"{path}: " + (f"line {line}: " if line else "")
        super().__init__(f"{where}{found}, expected {expected}" + (f": {action}" if action else ""))

    def __reduce__(self) -> tuple:
        return type(self), (self.kind, self.path, self.line, self.found, self.expected, self.action)
