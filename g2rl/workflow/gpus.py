"""One GPU for each process that trains or tests on this machine: leased, so that none is shared unasked.

A lease is a lock that the kernel holds on a file (flock): it ends with the process, however that ends. Who
finds all GPUs leased waits for the first that is returned.
"""

import contextlib
import fcntl
import os
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

# Set by the schedulers: leases are among the processes of one job, since another job's GPU 0 is another GPU.
JOB = ("SLURM_JOB_ID", "LSB_JOBID", "LSB_JOBINDEX", "PBS_JOBID", "JOB_ID", "SGE_TASK_ID")


WAIT = 0.5  # seconds between two looks


_held: list[IO[bytes]] = []  # open until the process ends


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


def lease_gpu() -> str | None:
    """Take one of :func:`gpus` for the rest of this process, and let CUDA see no other.

    Waits, saying so on stderr, while all are leased. Must run before CUDA starts.

    Returns:
        its name; None where there is no GPU.
    """
    names = gpus()
    if not names:
        return None
    name = _take(names, lock_folder())
    os.environ["CUDA_VISIBLE_DEVICES"] = name
    print(f"GPU {name} of {', '.join(names)}", file=sys.stderr, flush=True)
    return name


def lock_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where this machine's leases lie: on its own disk, one folder a user, and a scheduler's job, if any."""
    job = [Path(environment[variable]).name for variable in JOB if environment.get(variable)]
    return Path(tempfile.gettempdir()) / "-".join(["g2rl-gpus", str(os.getuid()), *job])


def _take(names: Sequence[str], folder: Path) -> str:
    folder.mkdir(mode=0o700, exist_ok=True)
    told = False
    while True:
        for place, name in enumerate(names):
            lease = name.replace("/", "_") + "+" * names[:place].count(name)
            file = open(folder / lease, "ab")  # noqa: SIM115  closed when the process ends
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _held.append(file)
                return name
            file.close()
        if not told:
            print(f"all {len(names)} GPUs are leased: waiting for one", file=sys.stderr, flush=True)
            told = True
        time.sleep(WAIT)
