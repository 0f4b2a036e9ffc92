"""One submission to a scheduler: where its jobs run, and in what time.

On the node they run side by side on the cores that it was given. Snakemake starts itself again there. Slurm's
plugin (2.8) lets that Snakemake start each job by ``srun`` and wait for it, one after the other, though cores
and time were asked for several at once; the other plugins let it use all cores of the machine, of which the
submission may have a few. Gain: a group's jobs take the time of the longest of each four, and each submission
starts one Snakemake less.

A submission to Slurm whose time exceeds the limit of its partition would wait for ever: it gets that limit.

``G2RL_SIDE_BY_SIDE=0`` leaves all as it is.
"""

import functools
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from g2rl.workflow.cores import available_cores

SWITCH = "G2RL_SIDE_BY_SIDE"
# Cores of a submission: set by a submit script of ours; Slurm, Grid Engine, LSF, PBS.
GRANTED = ("G2RL_CORES", "SLURM_CPUS_PER_TASK", "NSLOTS", "LSB_DJOB_NUMPROC", "NCPUS")


def granted_cores(environment: Mapping[str, str] = os.environ) -> int:
    """The cores that the scheduler gave; where it does not say, those that this process may use."""
    numbers = (environment.get(name, "") for name in GRANTED)
    return next((int(number) for number in numbers if number.isdigit() and int(number)), available_cores())


def adapt_executor(workflow: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Other options of ``workflow.execute`` for a Snakemake that submits to Slurm, and for one that runs a
    submission.

    Private are ``workflow.global_resources``, and of Slurm's plugin its names and ``get_partition_arg``.
    """
    if os.environ.get(SWITCH) == "0":
        return options
    plugin = options["executor_plugin"]
    if plugin.name == "slurm":
        return options | {"executor_plugin": replace(plugin, executor=within_time_limit(plugin.executor))}
    if not workflow.remote_exec:
        return options
    if plugin.name == "slurm-jobstep":
        from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

        local = ExecutorPluginRegistry().get_plugin("local")
        options = options | {"executor_plugin": local, "executor_settings": None}
    workflow.resource_settings.cores = workflow.global_resources["_cores"] = granted_cores()
    workflow.global_resources["_nodes"] = None  # --jobs 1
    return options


def within_time_limit(executor: Any) -> Any:
    """The executor of Slurm's plugin; a job that asks for more time than its partition allows gets what that
    allows (sbatch's ``--time-min``)."""

    class WithinTimeLimit(executor):
        def get_partition_arg(self, job: Any) -> str:
            argument: str = super().get_partition_arg(job)
            limit, asked = time_limit(argument.replace("-p ", "").strip()), job.resources.get("runtime") or 0
            if limit is None or asked <= limit:
                return argument
            self.logger.warning(
                f"{job.name}: asks for {asked} minutes, the partition allows {limit}, which it gets: if they "
                "do not suffice, take another partition or, of a group, fewer (--group-components)"
            )
            return f"{argument} --time-min={limit}"

    return WithinTimeLimit


@functools.cache
def time_limit(partition: str) -> int | None:
    """Minutes that a partition of Slurm allows, or the longest of several (``a,b``); None: no known limit."""
    command = ["sinfo", "-h", "-o", "%l", *(["-p", partition] if partition else [])]
    lines = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
    limits = [_minutes(line) for line in lines]
    return None if None in limits else max((each for each in limits if each is not None), default=None)


def _minutes(text: str) -> int | None:
    """Of ``[[days-]hours:]minutes:seconds``; None of ``infinite``."""
    if not (match := re.fullmatch(r"(?:(?:(\d+)-)?(\d+):)?(\d+):\d+", text)):
        return None
    days, hours, minutes = (int(part or 0) for part in match.groups())
    return (24 * days + hours) * 60 + minutes
