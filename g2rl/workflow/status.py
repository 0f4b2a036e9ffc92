"""How far the results of a configuration are: jobs done, running and missing, and the time left."""

import base64
import binascii
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from g2rl.config.runs import run_config, runs
from g2rl.config.schema import Config
from g2rl.errors import InputError
from g2rl.io.markdown import columns
from g2rl.io.tables import read_tsv
from g2rl.rendered import is_rendered
from g2rl.workflow.estimate import format_hours
from g2rl.workflow.processes import runs_here
from g2rl.workflow.resources import START, network_seconds, sequence_seconds
from g2rl.workflow.targets import Targets

SAMPLE = 100  # finished jobs of a stage whose times are read, at most


class Job(NamedTuple):
    """One job: a file that it makes, the record of its time, and the seconds it takes at the measured rates;
    None where there is none."""

    output: str
    benchmark: str
    seconds: float | None


@dataclass(frozen=True)
class Stage:
    """One stage of a rebuild.

    Attributes:
        side_by_side: how many of its jobs run at a time.
        done, running: how many of them.
        ratio: how much longer its finished jobs took than ``Job.seconds``; None: that is not known.
    """

    name: str
    jobs: Sequence[Job]
    side_by_side: int
    done: int = 0
    running: int = 0
    missing: Sequence[Job] = ()
    ratio: float | None = None

    @property
    def hours_left(self) -> float | None:
        """Until its last job ends, running ones counted whole; None if that is not known."""
        return self.hours(self.missing)

    def hours(self, jobs: Sequence[Job]) -> float | None:
        """That some of its jobs take; None if that is not known."""
        if self.ratio is None and jobs:
            return None
        seconds = sum((job.seconds or 1) * (self.ratio or 0) for job in jobs)
        return seconds / min(self.side_by_side, len(jobs) or 1) / 3600


def read_stages(targets: Targets, cores: int, folder: Path = Path(".snakemake")) -> list[Stage]:
    """The stages of a configuration, as its files are now.

    Args:
        cores: that the jobs share.
        folder: where Snakemake keeps its records.
    """
    begun = set(_begun(folder))
    return [_looked_at(stage, begun) for stage in _stages(targets, cores)]


def _stages(targets: Targets, cores: int) -> Iterator[Stage]:
    config, results = targets.config, targets.results
    networks = 1 if config.compute.gpu else max(1, cores // config.compute.threads)
    known = _on_this_machine(config)
    kinds: dict[str, list[Job]] = {name: [] for name in ("render", "landmarks", "align", "train", "test")}
    for name, plan in targets.datasets.items():
        for each in plan.sequences:
            if is_rendered(name):
                files = plan.rendered_files(each)
                kinds["render"].append(Job(files[0], results.benchmark(name, "render", each), None))
            for stage, path in (("landmarks", results.landmarks), ("align", results.sequence)):
                seconds = START[stage] + sequence_seconds(stage, plan, each)
                kinds[stage].append(Job(path(name, each), results.benchmark(name, stage, each), seconds))
        for run in runs(config, name):
            settings = run_config(known, run)
            for fold in plan.folds:
                for stage, file in (("train", results.model), ("test", results.predictions)):
                    at_rate = network_seconds(stage, settings, plan, fold)
                    record = results.benchmark(name, run.name, f"fold{fold}", stage)
                    kinds[stage].append(
                        Job(file(name, run.name, f"{fold}"), record, at_rate and START[stage] + at_rate)
                    )
    for name, jobs in kinds.items():
        if jobs:
            yield Stage(name, jobs, networks if name in ("train", "test") else cores)
    counted = {job.output for jobs in kinds.values() for job in jobs}
    others = [
        Job(path, "", None)
        for path in (
            *targets.result_files(),
            results.lock(),
            results.summary(),
            *results.pages(targets.datasets),
        )
        if path not in counted and not path.startswith(f"{results.root}/raw/") and "/history.csv" not in path
    ]
    yield Stage("tables, figures", others, cores)


def _on_this_machine(config: Config) -> Config:
    """With ``compute.gpu`` as it turns out, without torch, which takes seconds to import."""
    gpu = bool(config.compute.gpu) and os.path.exists("/dev/nvidiactl")
    return config.model_copy(update={"compute": config.compute.model_copy(update={"gpu": gpu})})


def _looked_at(stage: Stage, begun: set[str]) -> Stage:
    """A stage with what is there of it."""
    running = [job for job in stage.jobs if job.output in begun]
    missing = [job for job in stage.jobs if job.output in begun or not os.path.exists(job.output)]
    left = set(missing)
    done = [job for job in stage.jobs if job not in left]
    found = replace(stage, done=len(done), running=len(running), missing=missing)
    return replace(found, ratio=_ratio(done, all(job.seconds for job in stage.jobs)))


def _ratio(done: Sequence[Job], is_known: bool) -> float | None:
    """See ``Stage``; 1 before any job is done, where rates were measured elsewhere."""
    taken = expected = 0.0
    for job in done[:: max(1, len(done) // SAMPLE)]:
        with contextlib.suppress(OSError, InputError, ValueError):  # none, or it is just being written
            ((_, row),) = read_tsv(Path(job.benchmark), ("s",))
            taken += float(row["s"])
            expected += job.seconds or 1
    return taken / expected if expected else 1.0 if is_known else None


def _begun(folder: Path) -> Iterator[str]:
    """The outputs of jobs that have begun and not ended: Snakemake notes each as a file in ``incomplete``,
    its path in Base64, divided where that is too long for a name."""
    top = folder / "incomplete"
    for where, _, names in os.walk(top):
        parts = [part.removeprefix("@") for part in Path(where).relative_to(top).parts]
        for name in names:
            try:
                yield base64.urlsafe_b64decode("".join([*parts, name])).decode()
            except (binascii.Error, UnicodeDecodeError):
                continue


def format_status(config: str, targets: Targets, cores: int) -> str:
    """The status of a configuration's results for the screen, a few lines."""
    stages, alive = read_stages(targets, cores), runs_here(Path(".snakemake"))
    begun = {True: "running", False: "cut off", None: "unknown"}[alive]
    title = ("stage", "jobs", "done", begun, "missing", "time left")
    rows: list[tuple[str, ...]] = [title]
    for each in stages:
        numbers = (len(each.jobs), each.done, each.running, len(each.missing) - each.running)
        rows.append((each.name, *(f"{number:,}" for number in numbers), format_hours(each.hours_left)))
    return "\n".join(
        [f"{config}: {targets.results.root}/", *columns(rows), _last_line(config, stages, cores, alive)]
    )


def _last_line(config: str, stages: Sequence[Stage], cores: int, alive: bool | None) -> str:
    if not any(stage.missing for stage in stages):
        return "Everything is there. Whether settings, code or inputs have changed since: snakemake -n"
    left = f"About {format_hours(hours_left(stages))} left on {cores} cores, where the time is known."
    if alive is None:
        return f"{left} Whether a run is alive cannot be told here."
    return left if alive else f"{left} To go on: snakemake --cores {cores} all --configfile {config}"


def hours_left(stages: Sequence[Stage]) -> float:
    """One stage after the other; what is not known is not counted."""
    return sum(stage.hours_left or 0 for stage in stages)


def hours_of_rules(targets: Targets, cores: int, jobs: Mapping[str, int]) -> float:
    """The hours that some jobs of each rule take, as those of its stage; what is not known is not counted."""
    hours = 0.0
    for stage in read_stages(targets, cores):
        count = sum(number for rule, number in jobs.items() if rule.partition("_")[0] == stage.name)
        if count:
            hours += (stage.hours(stage.jobs) or 0) * count / len(stage.jobs)
    return hours
