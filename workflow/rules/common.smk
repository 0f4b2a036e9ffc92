# What the rules share: the configuration, what there is to make, and the code that each stage follows.
import os
import re
import sys
from pathlib import Path

from g2rl.config.au_centres import sets_text
from g2rl.config.load import load as load_config
from g2rl.config.load import parse as parse_config
from g2rl.errors import InputError
from g2rl.paths import IMAGE_FREE, TOOLS
from g2rl.rendered import is_rendered
from g2rl.report.captions import recipe
from g2rl.reproducibility.code_digest import entry_code, stage_code
from g2rl.reproducibility.summary import write_lock_and_summary
from g2rl.workflow.jobs import Jobs
from g2rl.workflow.manifest import load_manifests
from g2rl.workflow.snakemake_patches import apply_patches
from g2rl.workflow.start import check_owner, prepare_execution
from g2rl.workflow.targets import missing

apply_patches()  # none, unless the environment asks for them


def shipped(path):
    """A file that the configuration names; one that is not there is the workflow's own, as in a module."""
    return path if os.path.exists(path) else str(workflow.source_path(f"../../{path}"))


PACKAGES = Path(workflow.source_path("../../requirements.lock"))
SOURCES = [os.path.relpath(path) for path in workflow.configfiles] or ["config/config.yaml"]

try:
    CONFIG = parse_config(config, ", ".join(SOURCES)) if config else load_config(shipped(SOURCES[0]))
    DATASETS = load_manifests(CONFIG, look=workflow.is_main_process, find=shipped)
    JOBS = Jobs(CONFIG, DATASETS)
    RESULTS = JOBS.results
    # Whatever is laid over it, the first file is the configuration's name: a results folder belongs to one.
    if workflow.is_main_process:
        check_owner(JOBS, SOURCES[0])
except InputError as error:
    sys.exit(f"{error}")  # the message alone; a WorkflowError would show where this line is
prepare_execution(workflow, JOBS, SOURCES[0])


wildcard_constraints:
    dataset="|".join(DATASETS),
    sequence="[^/]+",
    run="|".join(map(re.escape, JOBS.trained)),
    method="|".join(map(re.escape, [*JOBS.trained, *IMAGE_FREE, *TOOLS])),
    image_free="|".join(IMAGE_FREE),
    tool="|".join(TOOLS),
    part=r"\d+",
    fold=r"[1-9]\d*v?",  # v: validation, on training subjects that are held out


def code(stage):
    """Parameters that follow the modules and packages of a stage: an edit of one is the reason of a rerun."""
    return stage_code(stage, PACKAGES)


def code_of_method(wildcards):
    """The same of the method of a run, where it is another than Baseline and G2RL."""
    method = JOBS.trained[wildcards.run].other
    return entry_code(f"methods.{method}", PACKAGES) if method else []
