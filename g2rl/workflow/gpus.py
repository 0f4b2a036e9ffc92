"""One GPU for each process that trains or tests on this machine, leased so that none is shared by accident.

A lease is a lock that the kernel holds on a file (``flock``): it ends with the process, however that ends. A
process that finds all GPUs leased waits for the first that is returned. ``G2RL_GPU_LEASES=0`` switches leases
off (CUDA then sees every GPU), and so does a system without ``flock``. Gain: with two GPUs, two trainings at
once take the time of one, where without leases both would share the first GPU.
"""

import contextlib
import logging
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from g2rl.errors import explain_os_error, first_line

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Set by the schedulers: leases are among the processes of one job, since another job's GPU 0 is another GPU.
JOB = ("SLURM_JOB_ID", "LSB_JOBID", "LSB_JOBINDEX", "PBS_JOBID", "JOB_ID", "SGE_TASK_ID")
SWITCH = "G2RL_GPU_LEASES"
WAIT = 0.5  # seconds between two attempts

_held: list[IO[bytes]] = []  # open until the process ends
logger = logging.getLogger(__name__)


def gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The GPUs that this process may use, by the names that ``CUDA_VISIBLE_DEVICES`` takes.

    Those of ``CUDA_VISIBLE_DEVICES``, which schedulers set; else those of ``G2RL_GPUS`` (``0,1``), for a
    machine of which a part is meant for others; else all that torch finds. One that is named twice
    (``0,0``) is leased twice.
    """
    for variable in ("CUDA_VISIBLE_DEVICES", "G2RL_GPUS"):
        if variable in environment:
            names = [name.strip() for name in environment[variable].split(",")]
            return [name for name in names if name not in ("", "-1", "NoDevFiles")]
    import torch

    return [str(number) for number in range(torch.cuda.device_count())]  # asks the driver, starts no CUDA


def why_no_gpu() -> str:
    """The reason, in torch's words, why torch sees no GPU."""
    import torch

    if not torch.backends.cuda.is_built():
        return f"torch {torch.__version__} is built without CUDA"
    try:
        torch.cuda.init()
    except (RuntimeError, AssertionError) as error:
        return first_line(error).partition(". ")[0].rstrip(".")
    return "no device is visible"


def lease_gpu() -> str | None:
    """Take one of :func:`gpus` for the rest of this process, and let CUDA see no other.

    Waits, and logs so, while all are leased. Must run before CUDA starts.

    Returns:
        its name; None where there is no GPU, or no leases.
    """
    names = gpus()
    if not names or fcntl is None or os.environ.get(SWITCH) == "0":
        return None
    try:
        name = _take(names, lock_folder())
    except OSError as error:
        logger.warning("no GPU is leased, so jobs may share one: %s", explain_os_error(error, lock_folder()))
        return None
    os.environ["CUDA_VISIBLE_DEVICES"] = name
    logger.info("GPU %s of %s", name, ", ".join(names))
    return name


def lock_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this machine's leases are: on its own disk, a folder per user, and per job of a scheduler."""
    job = [Path(environment[variable]).name for variable in JOB if environment.get(variable)]
    return Path(tempfile.gettempdir()) / "-".join(["g2rl-gpus", str(os.getuid()), *job])


def _take(names: Sequence[str], folder: Path) -> str:
    folder.mkdir(mode=0o700, exist_ok=True)
    logged = False
    while True:
        for place, name in enumerate(names):
            lease = name.replace("/", "_") + "+" * names[:place].count(name)
            with contextlib.ExitStack() as stack, contextlib.suppress(BlockingIOError):
                file = stack.enter_context(open(folder / lease, "ab"))
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _held.append(file)
                stack.pop_all()  # closed when the process ends
                return name
        if not logged:
            logger.warning("all %d GPUs are leased: waiting for one", len(names))
            logged = True
        time.sleep(WAIT)
