"""Snakemake patched to plan tens of thousands of jobs in less time; off unless ``G2RL_SNAKEMAKE_PATCHES=1``.

Measured gain: hardly any on BP4D with DISFA (746 jobs: 0.4 of 5.8 s of CPU time), a quarter at 10,000
sequences (20,036 jobs; docs/scaling.md). Tried with Snakemake 9.27.1; one that lacks what is patched is left
as it is.
"""

import gc
import os
from collections.abc import Callable
from functools import cache
from typing import Any

import snakemake.common
import snakemake.jobs
import snakemake.rules

SWITCH = "G2RL_SNAKEMAKE_PATCHES"


def apply_patches() -> bool:
    """Patch this process if the environment asks for it; return whether it was.

    - The garbage collector looks less often through millions of planned objects, all of which stay.
    - The signatures of a rule's functions, which Snakemake reads again for every job, are kept.
    - A dry run formats each job's shell command three times in a row, shown or not: once here.
    """
    if os.environ.get(SWITCH) != "1":
        return False
    gc.set_threshold(200_000, 20, 100)
    if hasattr(snakemake.rules, "get_function_params"):
        kept = cache(snakemake.rules.get_function_params)
        snakemake.rules.get_function_params = snakemake.common.get_function_params = kept
    command = getattr(snakemake.jobs.Job, "shellcmd", None)
    if isinstance(command, property) and command.fget:
        snakemake.jobs.Job.shellcmd = property(_of_last_job(command.fget))
    return True


def _of_last_job(command: Callable[[Any], str | None]) -> Callable[[Any], str | None]:
    """The command of a job, kept until another's is asked for; only in a dry run, where no job changes."""
    last: tuple[Any, str | None] = None, None

    def shellcmd(job: Any) -> str | None:
        nonlocal last
        if not getattr(job.dag.workflow, "dryrun", False):
            return command(job)
        if last[0] is not job:
            last = job, command(job)
        return last[1]

    return shellcmd
