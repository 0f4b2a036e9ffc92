"""A Snakemake that was killed stops no later run: its locks are cleared, and its jobs end when it does.

Snakemake, killed, leaves its lock files, which refuse the next run, and its jobs, which go on as orphans and
could put a result of old settings over one of new settings. Both cures can be
switched off: ``G2RL_CLEAR_LOCKS=0`` and ``G2RL_EXIT_WITH_PARENT=0``. Of Snakemake they use
where it keeps its locks (``.snakemake/locks``; tried with 9.27.1). They cost a job no measurable time.

Why not Linux's ``prctl(PR_SET_PDEATHSIG)``: it reports the death of the direct parent alone. That is a shell,
unless bash replaced itself by its last command; and the shell, and so the job, outlives a killed Snakemake.
"""

import logging
import os
import platform
import select
import signal
from io import TextIOWrapper
from pathlib import Path
from threading import Thread

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

PARENT_ENV = "G2RL_PARENT"  # the Snakemake whose jobs we are: its process number and that number's namespace
CLEAR_SWITCH = "G2RL_CLEAR_LOCKS"
EXIT_SWITCH = "G2RL_EXIT_WITH_PARENT"

logger = logging.getLogger(__name__)


def clear_stale_locks(folder: Path) -> TextIOWrapper | None:
    """Mark that a Snakemake runs in ``folder`` (.snakemake), and clear the locks of those that were killed.

    Every Snakemake holds a shared lock on a file until it ends, however it ends. One that gets that lock for
    itself is alone, so lock files that are there are stale. Many shared file systems keep such a lock to one
    host: the file names the host of the last Snakemake, and what one of another host left is not touched.

    Returns:
        What holds the lock, to be kept for as long as the process lives; None where nothing can be locked.
    """
    if fcntl is None or os.environ.get(CLEAR_SWITCH) == "0":
        return None
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


def runs_here(folder: Path) -> bool | None:
    """Whether a Snakemake runs in ``folder`` (.snakemake; see ``clear_stale_locks``); None: unknown."""
    if not folder.exists():
        return False
    if fcntl is None:
        return None
    try:
        with open(folder / "alive") as stream:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            host = stream.read()
    except BlockingIOError:
        return True
    except OSError:  # it could not be written, or a file system without locks
        return None
    return False if host in ("", platform.node()) else None


def parent_token() -> str:
    """This process, for the environment of its jobs (`PARENT_ENV`)."""
    return f"{os.getpid()} {_namespace()}"


def exit_with_parent() -> None:
    """End this process, as if killed, when the Snakemake that `PARENT_ENV` names ends, or its own parent (the
    shell between them, or a process whose worker it is).

    Nothing happens without `PARENT_ENV`, in another container than its process, or on a system without pidfd
    (Linux before 5.3, macOS, Windows).
    """
    pid, _, namespace = os.environ.get(PARENT_ENV, "").partition(" ")
    if not pid or namespace != _namespace() or os.environ.get(EXIT_SWITCH) == "0":
        return
    if not hasattr(os, "pidfd_open"):
        return
    watch = select.poll()
    try:
        for each in {int(pid), os.getppid()}:
            watch.register(os.pidfd_open(each), select.POLLIN)
    except ProcessLookupError:
        logger.error("the Snakemake that started this job has ended, and so does the job")
        os.kill(os.getpid(), signal.SIGKILL)
    except OSError:  # a kernel or a sandbox without pidfd
        return

    def wait() -> None:
        watch.poll()
        os.kill(os.getpid(), signal.SIGKILL)

    Thread(target=wait, daemon=True).start()


def _namespace() -> str:
    """Where process numbers mean the same; "" where there is no such thing."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""
