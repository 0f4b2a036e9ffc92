"""Snakemake plans the same jobs in less time (docs/scaling.md).

What is remembered here is what Snakemake works out anew for every job, to the same end each time.
"""

import gc
from collections.abc import Callable
from functools import cache

import snakemake.rules


def apply_patches() -> None:
    """Do not look for garbage till `ease`, and remember what Snakemake asks again and again.

    - Planning makes millions of objects that stay: looking for garbage among them takes a tenth of its time.
    - The signatures of a rule's functions are asked anew for every job: a fifth.
    - A dry run formats each job's shell command three times in a row, whether it is shown or not: a tenth.
    """
    gc.disable()
    if hasattr(snakemake.rules, "get_function_params"):
        remembered = cache(snakemake.rules.get_function_params)
        snakemake.rules.get_function_params = snakemake.common.get_function_params = remembered
    command = getattr(snakemake.jobs.Job, "shellcmd", None)
    if isinstance(command, property):
        snakemake.jobs.Job.shellcmd = property(_of_last_job(command.fget))


def reenable_gc() -> None:
    """Look for garbage again: jobs run now, for hours."""
    gc.enable()


def _of_last_job(command: Callable) -> Callable:
    """The command of a job, kept until another's is asked; in a dry run, where no job changes any more."""
    last = None, None

    def shellcmd(job):
        nonlocal last
        if not getattr(job.dag.workflow, "dryrun", False):
            return command(job)
        if last[0] is not job:
            last = job, command(job)
        return last[1]

    return shellcmd
