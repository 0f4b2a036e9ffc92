"""Dry runs in processes that have Snakemake imported already, which is half of what one costs."""

import os
import sys
import tempfile
from multiprocessing import get_context
from multiprocessing.pool import Pool


def processes(count: int) -> Pool:
    """Processes for ``plan``, a fresh one for each call: each imports another copy of the project."""
    context = get_context("forkserver")
    context.set_forkserver_preload(["snakemake.cli", "pydantic", "yaml"])
    return context.Pool(count, maxtasksperchild=1)


def plan(project: str) -> tuple[int, str]:
    """Plan ``all`` of the workflow in ``project``, for the results there: exit status and messages."""
    import snakemake.cli

    os.chdir(project)
    sys.path.insert(0, project)  # before the project itself
    with tempfile.TemporaryFile("w+") as said:
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        try:
            options = f"--dry-run all --cores 1 --snakefile {project}/Snakefile"
            snakemake.cli.main([*options.split(), "--configfile", "config.yaml"])
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        said.seek(0)
        return status, said.read()
