"""The screen of a run: stages as they start and end, errors as ever, two lines after an interruption."""

import contextlib
import io
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest

from g2rl.workflow import screen
from g2rl.workflow.screen import HANDLER, SNAKEMAKE, stages_on_screen

RULES = ["align"] * 20 + ["train"]


@pytest.fixture
def shown(monkeypatch):
    """What is written to the screen of Snakemake's logger."""
    handler = logging.StreamHandler(io.StringIO())
    handler.name = HANDLER
    logger = logging.getLogger(SNAKEMAKE)
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "level", logging.INFO)
    monkeypatch.setattr(screen, "hours_of_rules", lambda targets, cores, left: sum(left.values()) / 2)
    return handler.stream


def workflow(**output) -> SimpleNamespace:
    settings = {"quiet": None, "verbose": False, "printshellcmds": False, "debug_dag": False}
    return SimpleNamespace(
        output_settings=SimpleNamespace(**settings | output),
        resource_settings=SimpleNamespace(cores=2),
        overwrite_configfiles=["my own.yaml"],
        logger_manager=SimpleNamespace(get_logfile=lambda: ["/a.log"]),
    )


def log(text: str, event: str | None = None, level: int = logging.INFO, **values) -> None:
    logging.getLogger(SNAKEMAKE).log(level, text, extra={"event": event, **values})


def work(count: int = 21) -> None:
    """As Snakemake says it."""
    log("Job stats", "run_info", stats={"align": 20, "train": 1, "total": 21})
    for job in range(count):
        log("Select jobs to execute...")
        log("Execute 1 jobs...", "job_started", jobs=[job])
        log("rule", "job_info", jobid=job, rule_name=RULES[job], log=[f"logs/{RULES[job]}{job}.log"])
        log("", "shellcmd", shellcmd="g2rl")
        log("Finished", "job_finished", job_id=job)
        log("", "progress", done=job + 1, total=21)


TARGETS = SimpleNamespace(results=SimpleNamespace(root="results"))


def lines(shown: io.StringIO) -> list[str]:
    """Without the times."""
    return [line.partition(" ")[2] if line[:2].isdigit() else line for line in shown.getvalue().splitlines()]


def test_a_line_when_a_stage_starts_and_one_when_it_ends(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("results/table1.csv", "workflow/report/report.css"):
        Path(name).parent.mkdir(parents=True)
        Path(name).touch()
    with stages_on_screen(workflow(), TARGETS, is_local=True):
        work()
    assert lines(shown)[1:] == [
        "Job stats",
        "align: 20 jobs, first log logs/align0.log",
        "align: 20 of 20 done in 0 s; 20 of 21 jobs, about 30 min left",
        "train: log logs/train20.log",
        "train: 1 of 1 done in 0 s; 21 of 21 jobs",
        "21 of 21 jobs done in 0 s: tables in results/, figures in results/figures/",
        "for a page of all results: snakemake --report results/report.html"
        " --report-stylesheet workflow/report/report.css --configfile 'my own.yaml'",
    ]


def test_without_table_1_no_table_and_no_report_are_offered(shown, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with stages_on_screen(workflow(), TARGETS, is_local=True):
        work()
    assert lines(shown)[-1] == "21 of 21 jobs done in 0 s: see results/"


def test_a_long_stage_has_a_line_for_each_tenth_and_minute(shown, monkeypatch):
    monkeypatch.setattr(screen.time, "monotonic", iter(range(0, 10**6, 50)).__next__)
    with stages_on_screen(workflow(), TARGETS, is_local=False):
        work()
    between = [line for line in lines(shown) if line.startswith("align: ") and "left" not in line][1:]
    assert [line.partition(" of ")[0] for line in between] == [f"align: {n}" for n in range(2, 21, 2)]


def test_a_stage_takes_the_time_in_which_its_jobs_run(shown, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(screen.time, "monotonic", lambda: clock[0])

    def at(seconds: float, event: str, job: int) -> None:
        clock[0] = seconds
        log("", event, jobid=job, job_id=job, rule_name=("metrics", "train")[job == 9], log=["a.log"])

    with stages_on_screen(workflow(), TARGETS, is_local=True):
        log("Job stats", "run_info", stats={"metrics": 3, "train": 1, "total": 4})
        at(0, "job_info", 0)
        at(2, "job_info", 1)
        at(3, "job_finished", 0)
        at(5, "job_finished", 1)
        at(5, "job_info", 9)
        at(600, "job_finished", 9)
        at(600, "job_info", 2)
        at(601, "job_finished", 2)
    assert "metrics: 3 of 3 done in 6 s; 4 of 4 jobs" in lines(shown)


def test_errors_and_warnings_are_shown(shown):
    with contextlib.suppress(ValueError), stages_on_screen(workflow(), TARGETS, is_local=True):
        work(2)
        log("Error in rule align", "job_error", logging.ERROR)
        log("a warning", level=logging.WARNING)
        raise ValueError("failed")
    found = lines(shown)
    assert {"Error in rule align", "a warning"} <= set(found)
    assert found[-2] == "stopped: 2 of 21 jobs done and kept; partial files are removed"
    assert found[-1].startswith("to go on: snakemake")


def test_an_interruption_ends_in_two_lines(shown):
    with contextlib.suppress(ValueError), stages_on_screen(workflow(), TARGETS, is_local=True):
        work(2)
        before = len(lines(shown))
        log("Terminating processes on user request, this might take some time.")
        log("Error in rule align", "job_error", logging.ERROR)
        log("Complete log(s): /a.log")
        raise ValueError("incomplete")
    assert len(lines(shown)) == before + 2


@pytest.mark.parametrize("option", ["printshellcmds", "verbose", "quiet"])
def test_options_of_snakemake_keep_its_own_output(shown, option):
    with stages_on_screen(workflow(**{option: True}), TARGETS, is_local=True):
        work(1)
    assert "Execute 1 jobs..." in lines(shown)


def test_nothing_to_be_done_is_said_alone(shown):
    with stages_on_screen(workflow(), TARGETS, is_local=True):
        log("Nothing to be done (all requested files are present and up to date).")
    assert lines(shown)[1:] == ["Nothing to be done (all requested files are present and up to date)."]
