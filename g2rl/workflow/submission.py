"""One submission to a scheduler, on its node: its jobs run side by side on the cores that it was given.

Snakemake starts itself again there. Slurm's plugin (2.8) lets that Snakemake start each job by ``srun`` and
wait for it, one after the other, though cores and time were asked for several at once; the other plugins let
it use all cores of the machine, of which the submission may have a few. ``G2RL_SIDE_BY_SIDE=0`` leaves both
as they are. Gain: a group's jobs take the time of the longest of each four, and each submission starts one
Snakemake less.
"""

import os
from collections.abc import Mapping
from typing import Any

from g2rl.workflow.cores import available_cores

SWITCH = "G2RL_SIDE_BY_SIDE"
# Cores of a submission: set by a submit script of ours; Slurm, Grid Engine, LSF, PBS.
GRANTED = ("G2RL_CORES", "SLURM_CPUS_PER_TASK", "NSLOTS", "LSB_DJOB_NUMPROC", "NCPUS")


def granted_cores(environment: Mapping[str, str] = os.environ) -> int:
    """The cores that the scheduler gave; where it does not say, those that this process may use."""
    numbers = (environment.get(name, "") for name in GRANTED)
    return next((int(number) for number in numbers if number.isdigit() and int(number)), available_cores())


def run_side_by_side(workflow: Any, options: dict[str, Any]) -> dict[str, Any]:
    """The options of ``workflow.execute`` for a Snakemake that runs a submission; all others are left alone.

    Private of Snakemake are ``workflow.global_resources`` and the name of Slurm's plugin on the node.
    """
    if not workflow.remote_exec or os.environ.get(SWITCH) == "0":
        return options
    if options["executor_plugin"].name == "slurm-jobstep":
        from snakemake_interface_executor_plugins.registry import ExecutorPluginRegistry

        local = ExecutorPluginRegistry().get_plugin("local")
        options = options | {"executor_plugin": local, "executor_settings": None}
    workflow.resource_settings.cores = workflow.global_resources["_cores"] = granted_cores()
    workflow.global_resources["_nodes"] = None  # --jobs 1
    return options
