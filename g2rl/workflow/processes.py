"""A run that was killed leaves nothing that stops or disturbs the next one: no lock, no job that goes on.

Snakemake, killed, leaves its lock files, which refuse the next run, and its jobs: those go on as orphans and
could put a result of old settings over one of new settings, long after a new run made it.
"""

import fcntl
import os
import platform
import select
import signal
import sys
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from threading import Thread

PARENT_ENV = "G2RL_DRIVER"  # the Snakemake whose jobs we are: its process number and that number's namespace


def clear_stale_locks(folder: Path) -> TextIOWrapper | None:
    """Say that a Snakemake lives in ``folder`` (.snakemake), and clear the locks of those that were killed.

    Every Snakemake holds a shared lock until it ends, however it ends. Who gets the lock for itself is alone,
    so that lock files which lie there were left behind. Many shared file systems keep such a lock to one
    host: the file names the host of the last Snakemake, and what one of another host left is not touched.

    Returns:
        What holds the lock, to be kept for as long as the process lives; None where nothing can be locked.
    """
    try:
        folder.mkdir(exist_ok=True)
        stream = open(folder / "alive", "a+")  # noqa: SIM115, stays open
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stream.seek(0)
            if stream.read() in ("", platform.node()):
                for path in (folder / "locks").glob("*.lock"):
                    path.unlink(missing_ok=True)
            stream.truncate(0)
            stream.write(platform.node())
            stream.flush()
        except BlockingIOError:
            pass  # another one lives
        fcntl.flock(stream, fcntl.LOCK_SH)
    except OSError:  # a folder that cannot be written, a file system without locks
        return None
    return stream


def parent_token() -> str:
    """This process, for the environment of its jobs (`DRIVER`)."""
    return f"{os.getpid()} {_namespace()}"


def exit_with_parent() -> None:
    """End this process, as if killed, when the Snakemake that `DRIVER` names ends, or a shell between them.

    Nothing happens without `DRIVER`, in another container than its process, or on a system without pidfd.
    """
    pid, _, namespace = os.environ.get(PARENT_ENV, "").partition(" ")
    if not pid or namespace != _namespace() or not hasattr(os, "pidfd_open"):
        return
    watch = select.poll()
    try:
        for each in _ancestors():
            watch.register(os.pidfd_open(each), select.POLLIN)
            if each == int(pid):
                break
        else:
            raise ProcessLookupError
    except (ProcessLookupError, FileNotFoundError):
        print("the Snakemake that started this job has ended, and so does the job", file=sys.stderr)
        os.kill(os.getpid(), signal.SIGKILL)
    except OSError:  # a kernel or a sandbox without pidfd
        return

    def wait() -> None:
        watch.poll()
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()


def _namespace() -> str:
    """Where process numbers mean the same."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _ancestors() -> Iterator[int]:
    """The processes above this one, from the parent up."""
    pid = os.getppid()
    while pid > 0:
        yield pid
        # "pid (name) state ppid …", and a name may hold anything
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
