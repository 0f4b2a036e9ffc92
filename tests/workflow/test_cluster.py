"""The workflow through a real Slurm of two nodes with two GPUs each: the same bytes, and faults survived.

Short jobs through Slurm and Grid Engine: side by side in one submission, three attempts with growing memory.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, Workflow
from gridengine import GridEngine
from gridengine import install as install_grid_engine
from slurm import Slurm, UnavailableError, install

from g2rl.reproducibility.lock import make_lock, verify

# What one would edit for this cluster: small nodes, few sequences, a queue that may be asked often.
EDITS = [
    *("--resources", "at_once=2", "--group-components", "sequences=4", "tables=1000"),
    *("--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "5"),
]
BP4D = "results/synthetic_bp4d"
KILLED, STALLED = (f"{BP4D}/{run}/fold1" for run in ("baseline_sigma2_seed0", "g2rl_sigma2_lambda0.05_seed0"))


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    try:
        install()
        with Slurm(tmp_path_factory.mktemp("slurm"), cpus=2) as started:
            yield started
    except UnavailableError as reason:
        pytest.skip(f"no Slurm on this machine: {reason}")


def test_nothing_outlives_a_test_that_is_killed(slurm, tmp_path):
    """Of a second Slurm beside the first: daemons, a job that ignores SIGTERM, and what watches over it."""
    command = [sys.executable, str(ROOT / "tests/workflow/slurm.py"), str(tmp_path / "second")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as started:
        try:
            assert started.stdout.readline().startswith("export PATH=")
            sbatch = [str(tmp_path / "second/bin/sbatch"), "--wrap", "trap '' TERM; sleep 1000; sleep 1000"]
            subprocess.run(sbatch, cwd=tmp_path, check=True, timeout=30, stdout=subprocess.DEVNULL)
            all_of_it = {}
            end = time.monotonic() + 30
            while not {"slurmctld", "slurmd", "munged", "slurmstepd", "sleep"} <= set(all_of_it.values()):
                assert time.monotonic() < end, all_of_it
                for process in psutil.Process(started.pid).children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        all_of_it[process] = process.name()
                time.sleep(0.1)
        finally:
            started.kill()
    assert not psutil.wait_procs(all_of_it, timeout=20)[1]


def submit(folder: Path, slurm: Slurm, *options: str) -> subprocess.Popen:
    """`snakemake` with the profile that is in the repository, from a folder that is not the repository's."""
    command = ["setpriv", "--pdeathsig", "KILL", sys.executable, "-m", "snakemake"]  # it ends with the test
    command += ["--snakefile", str(ROOT / "Snakefile"), *options]
    command += ["--configfile", "config.yaml", "--workflow-profile", str(ROOT / "profiles/slurm"), *EDITS]
    with open(folder / "snakemake.log", "w") as log:
        return subprocess.Popen(command, cwd=folder, env=slurm.environment, stdout=log, stderr=log)


def finish(process: subprocess.Popen, folder: Path, slurm: Slurm) -> None:
    try:
        status = process.wait(600)
    finally:
        process.kill()
    queue = slurm.ask("squeue", "-t", "all", "-o", "%i %T %N %k")
    assert status == 0, (folder / "snakemake.log").read_text()[-6000:] + queue


@pytest.fixture(scope="module")
def clustered(slurm, rebuilt, tmp_path_factory) -> Workflow:
    """Table 1 of the small rendered datasets, from nothing, every job through Slurm; trainings on GPUs."""
    workflow = Workflow(tmp_path_factory.mktemp("clustered"))
    for name in ("bp4d.tsv", "disfa.tsv"):
        shutil.copy(rebuilt.folder / name, workflow.folder)
    workflow.configure(rebuilt.config | {"compute": {"gpu": "auto", "threads": 1}})
    # Trainings ask for their GPU by --gres, which some clusters take alone; tests by --gpus.
    gres = ["--set-resources", "train:gpu=0", "train:gres=gpu:1"]
    finish(submit(workflow.folder, slurm, "results/table1.csv", *gres), workflow.folder, slurm)
    return workflow


def jobs_of(slurm: Slurm, folder: Path) -> list[dict[str, str]]:
    return [job for job in slurm.jobs() if job.get("WorkDir") == str(folder)]


def test_results_are_those_of_a_local_run_to_the_byte(clustered, rebuilt):
    made, local = make_lock(clustered.folder / "results"), make_lock(rebuilt.folder / "results")
    assert {"table1.csv", "table1.md", "table1.html", "synthetic_bp4d/frames.csv"} <= made.files.keys()
    assert sum(name.endswith("model.safetensors") for name in made.files) == 6
    # The local run made the sweeps and figures as well.
    asked = replace(local, files={name: local.files[name] for name in made.files & local.files.keys()})
    report = verify(clustered.folder / "results", asked)
    assert report.same, report.lines


def test_short_jobs_are_few_submissions(clustered, slurm):
    """Four sequences from rendering to shard are one submission; so is all that follows the predictions."""
    rules = [job["Comment"].removeprefix("rule_") for job in jobs_of(slurm, clustered.folder)]
    assert sum("train" in rule for rule in rules) == sum("test" in rule for rule in rules) == 6
    assert sum(rule.startswith("sequences_") for rule in rules) == 2
    assert sum(rule.startswith("tables_") for rule in rules) == 1
    others = [rule for rule in rules if not rule.startswith(("train", "test", "sequences", "tables"))]
    assert len(others) == 1 + 4 + 2 + 6, (
        rules
    )  # the head, the lists of shards, both frames.csv, the references


def test_trainings_had_different_gpus(clustered, slurm):
    """As each job saw it, by its log: no two on one node had one device at one time; both were used."""
    used: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for log in sorted((clustered.folder / "results/logs").glob("*/*/fold*/train.log")):
        dataset, run, fold = log.parts[-4:-1]
        comment = f"rule_train_wildcards_{dataset}_{run}_{fold.removeprefix('fold')}"
        job = next(job for job in jobs_of(slurm, clustered.folder) if job["Comment"] == comment)
        device = re.search(r"GPU (\d) of \1$", log.read_text(), re.MULTILINE)[1]
        used.setdefault((job["BatchHost"], device), []).append((job["StartTime"], job["EndTime"]))
    assert sum(map(len, used.values())) == 6
    assert {device for _, device in used} == {"0", "1"}
    for times in used.values():
        times.sort()
        assert all(end <= start for (_, end), (start, _) in pairwise(times)), used


def wait(ready: Callable[[], bool], folder: Path) -> None:
    end = time.monotonic() + 180
    while not ready():
        assert time.monotonic() < end, (folder / "snakemake.log").read_text()[-3000:]
        time.sleep(0.02)


def stop_trainings(runs: list[str], folder: Path, slurm: Slurm) -> list[dict[str, str]]:
    """Let each of these trainings finish an epoch and stop it in the next; returns their jobs."""
    found: dict[str, dict[str, str]] = {}

    def all_stopped() -> bool:
        here = [each for each in psutil.process_iter(["cmdline", "cwd"]) if each.info["cwd"] == f"{folder}"]
        commands = {process: process.info["cmdline"] or [] for process in here}  # of other tests none
        for run in set(runs) - found.keys():
            checkpoint = run.replace("results/", "results/.checkpoints/") + ".pt"
            comment = "rule_train_wildcards_" + re.sub(r"results/(.*)/(.*)/fold(\d)", r"\1_\2_\3", run)
            for process, command in commands.items():
                if "train" in command and checkpoint in command and (folder / checkpoint).exists():
                    process.suspend()
                    jobs = jobs_of(slurm, folder)
                    found[run] = next(job for job in jobs if job["Comment"] == comment)
        return len(found) == len(runs)

    wait(all_stopped, folder)
    return [found[run] for run in runs]


@dataclass(frozen=True)
class Faults:
    """What became of runs that met three faults at once, and the same made without."""

    folder: Path
    starved: Path
    local: Path
    asked: dict[str, str]  # the job of the training that stalled, as it was submitted


def attempts(slurm: Slurm, folder: Path, comment: str) -> list[dict[str, str]]:
    found = [job for job in jobs_of(slurm, folder) if comment in job.get("Comment", "")]
    return sorted(found, key=lambda job: int(job["JobId"]))


@pytest.fixture(scope="module")
def faults(clustered, slurm, tmp_path_factory) -> Faults:
    """A node is lost amid a training, another training stalls over its time, a job exceeds its memory."""
    names = ("faults", "local", "starved")
    folder, local, starved = (tmp_path_factory.mktemp(name) / "here" for name in names)
    shutil.copytree(clustered.folder, folder)
    config = clustered.config
    Workflow(folder).configure(config | {"training": config["training"] | {"epochs": 40}})
    shutil.copytree(folder, local)
    shutil.copytree(folder, starved)
    (starved / f"{BP4D}/frames.csv").unlink()

    targets = [f"{run}/model.safetensors" for run in (KILLED, STALLED)]
    memory = ["--set-resources", "frames:mem_mb=100*8**(attempt-1)"]  # at first less than Python alone takes
    processes = [submit(folder, slurm, *targets)]
    try:
        # One goes to one idle node, one to the other, if nothing else is in the queue before them.
        wait(
            lambda: sum(job["JobState"] == "RUNNING" for job in jobs_of(slurm, folder)) == len(targets),
            folder,
        )
        processes.append(submit(starved, slurm, f"{BP4D}/frames.csv", *memory))
        lost, asked = stop_trainings([KILLED, STALLED], folder, slurm)
        assert lost["BatchHost"] != asked["BatchHost"]
        slurm.kill_node(lost["BatchHost"])
        slurm.ask("scontrol", "update", f"jobid={asked['JobId']}", "endtime=now")
        done = Workflow(local).run(*targets)  # until Slurm sees either, there is nothing else to do
        assert done.returncode == 0, done.stderr
        for process, where in zip(processes, (folder, starved), strict=True):
            finish(process, where, slurm)
    finally:
        for process in processes:
            process.kill()
        slurm.restore_nodes()
    return Faults(folder, starved, local, asked)


def same_bytes(faults: Faults, run: str) -> bool:
    names = [f"{run}/model.safetensors", f"{run}/history.csv"]
    return all((faults.folder / name).read_bytes() == (faults.local / name).read_bytes() for name in names)


def was_resumed(faults: Faults, run: str) -> bool:
    log = faults.folder / run.replace("results", "results/logs") / "train.log"
    return "resuming after epoch" in log.read_text()


def test_training_whose_node_died_goes_on_elsewhere(faults, slurm):
    (job,) = attempts(slurm, faults.folder, "train_wildcards_synthetic_bp4d_baseline")
    assert (job["Restarts"], job["JobState"]) == ("1", "COMPLETED")
    assert was_resumed(faults, KILLED)
    assert same_bytes(faults, KILLED)


def test_training_over_its_time_goes_on_with_twice_as_much(faults, slurm):
    first, second = attempts(slurm, faults.folder, "train_wildcards_synthetic_bp4d_g2rl")
    assert (first["JobState"], second["JobState"]) == ("TIMEOUT", "COMPLETED")
    assert minutes(second) == 2 * minutes(faults.asked)
    assert was_resumed(faults, STALLED)
    assert same_bytes(faults, STALLED)


def test_job_over_its_memory_gets_more(faults, slurm):
    first, second = attempts(slurm, faults.starved, "rule_frames")
    assert first["JobState"] in ("OUT_OF_MEMORY", "CANCELLED", "FAILED")
    assert "exceeded memory limit" in "".join(
        path.read_text() for path in (slurm.folder / "log").glob("slurmd-n?.log*")
    )
    assert (first["MinMemoryNode"], second["MinMemoryNode"]) == ("100M", "800M")
    assert second["JobState"] == "COMPLETED"


def minutes(job: dict[str, str]) -> int:
    hours, minutes, _ = map(int, job["TimeLimit"].split(":"))
    return 60 * hours + minutes


@pytest.fixture(scope="module")
def grid_engine(tmp_path_factory):
    try:
        install_grid_engine()
        with GridEngine(tmp_path_factory.mktemp("gridengine") / "sge") as started:
            yield started
    except UnavailableError as reason:
        pytest.skip(f"no Grid Engine on this machine: {reason}")


def submit_short_jobs(
    folder: Path, profile: str, environment: dict[str, str], *options: str, inside: tuple[str, ...] = ()
) -> None:
    """``submissions.smk`` with a profile of the repository: four sequences, and a job that fails.

    Args:
        inside: a command that starts Snakemake.
    """
    (folder / "profiles").symlink_to(ROOT / "profiles")
    command = [*inside, sys.executable, "-m", "snakemake", "--latency-wait", "5", *options]
    command += ["--snakefile", str(ROOT / "tests/workflow/submissions.smk")]
    command += ["--workflow-profile", f"profiles/{profile}"]
    environment = environment | {"G2RL_PROJECT": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1, done.stdout + done.stderr
    assert all((folder / f"align{number}").exists() for number in range(4)), done.stderr
    assert (folder / "attempts").read_text().split() == ["400", "800", "1600"], done.stderr


def most_at_once(folder: Path) -> int:
    """How many of the four landmark jobs ran at one moment, by the times that they wrote."""
    spans = [tuple(map(float, (folder / f"landmarks{number}").read_text().split())) for number in range(4)]
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def test_grid_engine_runs_a_submission_side_by_side_and_a_failing_job_three_times(grid_engine, tmp_path):
    submit_short_jobs(tmp_path, "sge", grid_engine.environment, "--seconds-between-status-checks", "1")
    assert most_at_once(tmp_path) == 4
    jobs = [job["category"] for job in grid_engine.jobs() if job.get("qname", "").strip() == "all.q"]

    def memory(job: str) -> int:
        return int(re.search(r"mem_free=(\d+)M", job)[1])

    assert [set(re.split(r" ?-(?:l|pe) ", job)) - {""} for job in sorted(jobs, key=memory)] == [
        {"gpu=0,h_rt=600,mem_free=300M", "smp 4"},
        *({f"gpu=0,h_rt=300,mem_free={size}M", "smp 1"} for size in (400, 800, 1600)),
    ]


def test_status_of_grid_engines_jobs(grid_engine, tmp_path):
    """Of one that waits, one that exceeds its time, one that is deleted and one that cannot be started."""
    asked = {
        "waits": ["-l", "mem_free=900G", "-o", "/dev/null"],
        "late": ["-l", "h_rt=1", "-o", "/dev/null"],
        "stuck": ["-o", "/nonexistent/folder/log"],
    }
    qsub = ["qsub", "-terse", "-wd", str(tmp_path), "-j", "y", "-b", "y"]
    jobs = {name: grid_engine.ask(*qsub, *options, "sleep", "60") for name, options in asked.items()}

    def status(name: str) -> str:
        command = [str(ROOT / "profiles/sge/status.sh"), jobs[name]]
        done = subprocess.run(
            command, cwd=tmp_path, env=grid_engine.environment, capture_output=True, text=True
        )
        return done.stdout.strip()

    assert [status(name) for name in ("waits", "late")] == ["running", "running"]
    latest = time.monotonic() + 60
    while {status("late"), status("stuck")} != {"failed"}:
        assert time.monotonic() < latest, grid_engine.ask("qstat")
        time.sleep(0.5)
    assert status("waits") == "running"
    grid_engine.ask("qdel", jobs["waits"], jobs["stuck"])
    latest = time.monotonic() + 60
    while not (unknown := tmp_path / f"logs/sge/{jobs['waits']}.unknown").exists():
        assert time.monotonic() < latest
        assert status("waits") == "running"
    os.utime(unknown, (time.time() - 400,) * 2)
    assert status("waits") == "failed"


def test_slurm_runs_a_submission_side_by_side_and_a_failing_job_three_times(slurm, tmp_path):
    """Snakemake itself runs in a job of a small time and memory, which are not passed on to its jobs; the
    submission would take longer than the partition allows."""
    inside = ("srun", "-n1", "-c1", "--mem=700", "-t", "5")
    options = ["--resources", "at_once=2", "--slurm-init-seconds-before-status-checks", "1"]
    slurm.ask("scontrol", "update", "partitionname=all", "maxtime=7")
    try:
        submit_short_jobs(tmp_path, "slurm", slurm.environment, *options, inside=inside)
    finally:
        slurm.ask("scontrol", "update", "partitionname=all", "maxtime=INFINITE")
    assert most_at_once(tmp_path) == 2
    (group,) = attempts(slurm, tmp_path, "rule_sequences_align_landmarks")
    failed = attempts(slurm, tmp_path, "rule_frames")
    assert (group["MinMemoryNode"], group["NumCPUs"]) == ("600M", "2")
    assert [minutes(job) for job in (group, *failed)] == [7, 5, 5, 5]
    assert [job["MinMemoryNode"] for job in failed] == ["400M", "800M", "1600M"]
