# What the rules share: the configuration, what there is to do, and each stage's code digest.
import os
import re
import sys
from pathlib import Path

from g2rl.config.load import parse as parse_config
from g2rl.config.runs import ablation_datasets, ablation_runs, compared_with, guided_runs, option_flags, run_config
from g2rl.config.runs import runs, sweep_datasets, sweep_runs, training_flags
from g2rl.errors import InputError
from g2rl.paths import PLUS
from g2rl.report.captions import recipe
from g2rl.reproducibility.code_digest import stage_code
from g2rl.workflow.manifest import load_manifests, missing_results
from g2rl.workflow.processes import PARENT_ENV, clear_stale_locks, parent_token
from g2rl.workflow.resources import network_need, image_free_need, sequence_need
from g2rl.workflow.snakemake_patches import apply_patches, reenable_gc

apply_patches()
# `g2rl` is the one beside the Python that runs Snakemake, also where no environment is activated.
os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
# Every command leaves a record of what it read, did and wrote; see g2rl provenance.
os.environ["G2RL_PROVENANCE"] = "results/provenance"
# They end with this process, however it ends; and the locks of a Snakemake that was killed are cleared.
os.environ[PARENT_ENV] = parent_token()
ALIVE = clear_stale_locks(Path(".snakemake")) if workflow.is_main_process else None
# Downloads and caches of the libraries: not in a home that is small, slow or missing on a cluster's nodes.
for VARIABLE in ("HF_HOME", "TORCH_HOME", "MPLCONFIGDIR"):
    os.environ.setdefault(VARIABLE, str(Path.cwd() / ".snakemake/caches" / VARIABLE.lower()))

try:
    CONFIG = parse_config(config, ", ".join(map(str, workflow.configfiles)) or "--config")
    PLANS = load_manifests(CONFIG, look=workflow.is_main_process)
except InputError as error:
    sys.exit(f"{error}")  # the message alone; a WorkflowError would show where this line is

RUNS = {run.name: run for run in runs(CONFIG)}
COMPARED = ablation_runs(CONFIG)  # by variant: its runs, and those that they are compared with
TRAINED = RUNS | {run.name: run for variant, _ in COMPARED.values() for run in variant}
METHODS = ["baseline", "g2rl", PLUS]  # the networks of Table 1
IMAGE_FREE = ["constant", "landmark_ridge"]
SYNTHETIC = {name: dataset.synthetic for name, dataset in CONFIG.datasets.items() if dataset.synthetic}
LOCK = Path(str(workflow.current_basedir)).parents[1] / "requirements.lock"


wildcard_constraints:
    dataset="|".join(PLANS),
    sequence="[^/]+",
    run="|".join(map(re.escape, TRAINED)),
    method="|".join(map(re.escape, [*TRAINED, *IMAGE_FREE])),
    image_free="|".join(IMAGE_FREE),
    part=r"\d+",
    fold=r"[1-9]\d*v?",  # v: validation, on training subjects that are held out


def code(stage):
    """The parameters that make a rule follow its stage's code and packages."""
    return stage_code(stage, LOCK)


def split(fold):
    """A fold's number, and whether its validation is meant: 1v is that of fold 1."""
    return int(fold.rstrip("v")), fold.endswith("v")


def sequence_files(dataset, sequences):
    return [f"results/{dataset}/cache/{sequence}.h5" for sequence in sequences]


def manifests(dataset, parts):
    """What lists the shards of each of these folds, so that Snakemake sees one file for thousands."""
    return [f"results/{dataset}/fold{part}.tsv" for part in sorted(parts)]


def train_sequences(wildcards):
    """The lists of all folds but its own; of a validation, which divides them, the shards."""
    plan, (fold, validation) = PLANS[wildcards.dataset], split(wildcards.fold)
    if validation:
        return sequence_files(wildcards.dataset, plan.train(fold, validation))
    return manifests(wildcards.dataset, plan.parts.keys() - {fold})


def test_sequences(wildcards):
    """The list of its own fold; of a validation the shards."""
    fold, validation = split(wildcards.fold)
    if validation:
        return sequence_files(wildcards.dataset, PLANS[wildcards.dataset].test(fold, validation))
    return manifests(wildcards.dataset, [fold])


def checks(datasets):
    """The check of each copy; rendered datasets need none."""
    return [f"results/{name}/check.csv" for name in datasets if name not in SYNTHETIC]


REPLANNED = ["results/.checked"] if checks(PLANS) else []  # the last step of what asks for all waits for it


def replanned(wildcards):
    """To wait for it: what takes long would start at once, on files that the plan after a check makes anew."""
    return [ancient(path) for path in REPLANNED if checks([wildcards.dataset])]


def checked(wildcards):
    """To wait for the check of a copy; that it was checked anew makes nothing anew."""
    return [ancient(path) for path in checks([wildcards.dataset])]


def check_flags(dataset):
    """Which copy to check, and what to do if it has errors."""
    allow = ["--allow-faults"] if CONFIG.datasets[dataset].allow_faults else []
    return [*PLANS[dataset].check_command, *allow]


def frame_flags(dataset):
    """Which frames are used. Only DISFA has a list of bad ones: the other datasets do not depend on that key."""
    others = [] if PLANS[dataset].layout.title == "DISFA" else ["exclude_known_bad"]
    return option_flags(CONFIG.frames, leave_out=others)


def sequence_flags(dataset, sequence):
    """Which sequence of which dataset, for the stages that read its codes or write them."""
    plan = PLANS[dataset]
    subject = plan.sequences[sequence].subject
    return [
        f"--layout={plan.layout.name}",
        f"--root={plan.root}",
        f"--sequence={sequence}",
        f"--subject={subject}",
    ]


def default_runs(method):
    """The runs of Table 1: a method at the default σ and λ, every seed."""
    if method == PLUS:
        return [run.name for run in RUNS.values() if run.variant == PLUS]
    setting = (CONFIG.sigma, {"baseline": 0, "g2rl": CONFIG.lambda_}[method], "")
    return [run.name for run in RUNS.values() if (run.sigma, run.lambda_, run.variant) == setting]


def start_weights(run):
    """Where a run's backbone starts: a file of weights, or none."""
    backbone = run_config(CONFIG, run).training.backbone
    return [] if CONFIG.weights == "none" else [f"results/weights/{backbone}.safetensors"]


def first_fold(file, run):
    """A file of each dataset's first fold."""
    return [f"results/{name}/{run}/fold{plan.folds[0]}/{file}" for name, plan in PLANS.items()]


def every_fold(file, run, name):
    return [f"results/{name}/{run}/fold{fold}/{file}" for fold in PLANS[name].folds]


def stages(name):
    """A dataset's files stage by stage, of each job one; and the table and figures that all of it leads to."""
    plan, rendered = PLANS[name], name in SYNTHETIC
    trained = [run.name for run in runs(CONFIG, name)]
    measured = [*trained, *IMAGE_FREE]
    return [
        ["results/raw/head.npz"] if rendered else [],
        [plan.media(sequence) for sequence in plan.sequences] if rendered else [],
        [f"results/{name}/landmarks/{sequence}.h5" for sequence in plan.sequences],
        sequence_files(name, plan.sequences),
        manifests(name, plan.parts),
        [path for run in trained for path in start_weights(RUNS[run])],
        [path for run in trained for path in every_fold("model.safetensors", run, name)],
        [path for run in measured for path in every_fold("predictions.csv", run, name)],
        [f"results/{name}/{run}/metrics.csv" for run in measured],
        ["results/table1.csv", "results/guidance.csv", *(f"results/figures/figure{number}.csv" for number in (4, 5, 6, 7))],
    ]


def missing(stages_of, datasets):
    """What a job that failed left missing, under results of before."""
    return [path for name in datasets if workflow.is_main_process for path in missing_results(stages_of(name))]


def need(stage, wildcards):
    """What a job of a stage needs, by the size of its data."""
    plan = PLANS[wildcards.dataset]
    if stage in ("landmarks", "align"):
        return sequence_need(stage, plan, wildcards.sequence)
    if stage == "image_free":
        return image_free_need(plan, split(wildcards.fold)[0])
    return network_need(stage, run_config(CONFIG, TRAINED[wildcards.run]), plan, split(wildcards.fold)[0])


def megabytes(first):
    """Memory that doubles with every attempt: a number, or a stage whose need follows its data."""
    return lambda wildcards, attempt: 2 ** (attempt - 1) * (
        need(first, wildcards).megabytes if isinstance(first, str) else first
    )


def minutes(first):
    """Time that doubles with every attempt: a number, or a stage whose need follows its data."""
    return lambda wildcards, attempt: 2 ** (attempt - 1) * (
        need(first, wildcards).minutes if isinstance(first, str) else first
    )
