"""What a run shows on the screen: a line when a stage starts, as it goes on, and when it ends.

Snakemake shows some ten lines per job. They stay in its own log, ``.snakemake/log``; a filter on the handler
that writes to the screen hides them there, and counts the jobs. It is no logger plugin: Snakemake finds one
only as a package of its own beside g2rl, and not in an editable installation. Errors, warnings and the logs
of failed jobs are shown as ever. ``-p``, ``--verbose`` and ``--quiet`` leave the screen as it is.
"""

import contextlib
import logging
import os
import shlex
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from g2rl.workflow.estimate import format_hours
from g2rl.workflow.status import hours_of_rules
from g2rl.workflow.targets import Targets

SNAKEMAKE, HANDLER = "snakemake.logging", "DefaultStreamHandler"
HIDDEN = frozenset({"job_started", "shellcmd", "progress", "resources_info", "workflow_started"})
HIDDEN_TEXTS = (
    "Building DAG",
    "Using shell",
    "Select jobs",
    "DAG of jobs will",
    "Updating checkpoint",
    "Touching output",
    "Elapsed",
)
REPORT_STYLE = "workflow/report/report.css"
PAUSE = 60  # seconds between two lines of one stage, at least

log = logging.getLogger(SNAKEMAKE)


class Screen(logging.Filter):
    """The filter of one run.

    Args:
        hours_left: from the number of jobs of each rule that are left to the hours they take.
    """

    def __init__(self, hours_left: Callable[[Counter[str]], float]) -> None:
        super().__init__()
        self._hours_left = hours_left
        self._jobs: Counter[str] = Counter()  # of the run, by rule
        self._done: Counter[str] = Counter()
        self._rules: dict[int, str] = {}  # of each job that has started
        self._running: Counter[str] = Counter()  # by rule
        self._since: dict[str, float] = {}  # when the first of each rule's running jobs started
        self._taken: defaultdict[str, float] = defaultdict(float)  # seconds with a job of the rule
        self._shown: dict[str, float] = {}  # when each rule had its last line
        self._start = time.monotonic()
        self._stopped = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a message of Snakemake's is shown."""
        event = getattr(record, "event", None)
        if event == "run_info":
            self._jobs = Counter(record.stats)  # type: ignore[attr-defined]
            self._jobs.pop("total", None)
        elif event == "job_info":
            self._begin(record)
        elif event == "job_finished":
            self._end(record.job_id)  # type: ignore[attr-defined]
        elif record.getMessage().startswith("Terminating processes on user request"):
            self._stopped = True
        if self._stopped:
            return getattr(record, "of_g2rl", False)
        if record.levelno > logging.INFO:
            return True
        single = event in HIDDEN or event in ("job_info", "job_finished")
        return not single and not record.getMessage().startswith(HIDDEN_TEXTS)

    def _begin(self, record: Any) -> None:
        if record.jobid in self._rules:  # it is tried again
            return
        rule, now = record.rule_name, time.monotonic()
        self._rules[record.jobid] = rule
        if not self._running[rule]:
            self._since[rule] = now
        self._running[rule] += 1
        if rule not in self._shown and record.log:
            self._shown[rule] = now
            count = max(self._jobs[rule], 1)
            such = f"{count} jobs, first log" if count > 1 else "log"
            say(f"{rule}: {such} {record.log[0]}")

    def _end(self, job: int) -> None:
        rule, now = self._rules.pop(job, ""), time.monotonic()
        self._done[rule] += 1
        self._running[rule] -= 1
        if not self._running[rule]:
            self._taken[rule] += now - self._since[rule]
        if rule not in self._shown:
            return
        done, count = self._done[rule], max(self._jobs[rule], self._done[rule])
        is_tenth = done * 10 // count > (done - 1) * 10 // count
        if done == count or (is_tenth and now - self._shown[rule] > PAUSE):
            self._shown[rule] = now
            taken = f" in {format_hours(self._taken[rule] / 3600)}" if done == count else ""
            say(f"{rule}: {done} of {count} done{taken}; {self._progress()}")

    def _progress(self) -> str:
        left = self._jobs - self._done
        hours = self._hours_left(left)
        return f"{self._done.total()} of {self._jobs.total()} jobs" + (
            f", about {format_hours(hours)} left" if hours else ""
        )

    def finish(self, succeeded: bool, results: str, configs: Sequence[str]) -> None:
        """The last lines of a run that had something to do.

        Args:
            configs: the configuration files that were given.
        """
        if not self._jobs:
            return
        done = f"{self._done.total()} of {self._jobs.total()} jobs"
        if succeeded:
            taken = format_hours((time.monotonic() - self._start) / 3600)
            if not Path(results, "table1.csv").exists():  # other targets than all
                return say(f"{done} done in {taken}: see {results}/")
            say(f"{done} done in {taken}: tables in {results}/, figures in {results}/figures/")
            report = [
                "snakemake",
                "--report",
                f"{results}/report.html",
                *["--report-stylesheet", REPORT_STYLE] * Path(REPORT_STYLE).exists(),
                *["--configfile", *configs] * bool(configs),
            ]
            say(f"for a page of all results: {shlex.join(report)}")
        else:
            say(f"stopped: {done} done and kept; partial files are removed")
            say(f"to go on: {shlex.join(['snakemake', *sys.argv[1:]])}")


def say(line: str) -> None:
    log.info(f"{time.strftime('%H:%M:%S')} {line}", extra={"of_g2rl": True})


@contextlib.contextmanager
def stages_on_screen(workflow: Any, targets: Targets, is_local: bool) -> Iterator[None]:
    """Show stages while ``workflow`` executes, unless Snakemake's options ask for another output.

    Args:
        is_local: the jobs run on this machine; of others nobody knows how many run side by side.
    """
    settings = workflow.output_settings
    handlers = [handler for handler in log.handlers if handler.name == HANDLER]
    if settings.quiet or settings.verbose or settings.printshellcmds or settings.debug_dag or not handlers:
        yield
        return
    cores = workflow.resource_settings.cores if is_local else None
    screen = Screen(lambda left: hours_of_rules(targets, cores, left) if cores else 0)
    handlers[0].addFilter(screen)
    for path in workflow.logger_manager.get_logfile():
        say(f"all messages: {os.path.relpath(path)}")
    succeeded = False
    try:
        yield
        succeeded = True
    finally:
        configs = [os.path.relpath(path) for path in workflow.overwrite_configfiles]
        screen.finish(succeeded, targets.results.root, configs)
