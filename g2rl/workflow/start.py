"""What is done when Snakemake starts to execute jobs, and not when it only reads the workflow."""

import inspect
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from g2rl.config.runs import option_flags
from g2rl.errors import InputError
from g2rl.io.atomic import write_text
from g2rl.io.caches import set_caches
from g2rl.paths import RENDERED_FOR
from g2rl.reproducibility.records import VARIABLE as PROVENANCE
from g2rl.workflow.clocks import check_clock, reset_times
from g2rl.workflow.processes import PARENT_ENV, clear_stale_locks, exit_with_parent, parent_token
from g2rl.workflow.screen import stages_on_screen
from g2rl.workflow.submission import adapt_executor
from g2rl.workflow.targets import Targets

_held: list[Any] = []  # locks, for as long as the process lives


def check_owner(targets: Targets, configuration: str) -> None:
    """Refuse a results folder that another configuration has used, and rendered faces of other settings that
    another results folder uses: they would be replaced.

    Raises:
        InputError: it holds the results of another configuration; names the faces and both settings.
    """
    results = targets.results
    record = Path(results.configuration())
    owner = record.read_text(encoding="utf-8").strip() if record.exists() else configuration
    if owner != configuration:
        raise InputError(
            f"{configuration}: {results.root}/ holds the results of {owner}, which would be replaced: set "
            f"results: to another folder (or delete {record}, where it is the same configuration renamed)"
        )
    for name, record, now in _renderings(targets):
        before = _lines(record) or now
        if before[0] != now[0] and before[1] != now[1]:
            owner = os.path.normpath(record.parent / before[0])
            raise InputError(
                f"{configuration}: datasets.{name}.root: {record.parent}/ holds the faces of {owner}/, "
                f"rendered with {before[1]}: those with {now[1]} would replace them: set root to "
                f"another folder (or delete {record}, where nobody needs them)"
            )


def _renderings(targets: Targets) -> Iterator[tuple[str, Path, list[str]]]:
    """Of each rendered dataset the name, the record in its root, and what it says of the faces: for which
    results folder they were rendered, as seen from there, and with which settings."""
    for name, one in targets.config.datasets.items():
        if one.synthetic:
            settings = " ".join([f"--layout={one.layout}", *option_flags(one.synthetic)])
            place = os.path.relpath(targets.results.root, one.root)
            yield name, Path(one.root) / RENDERED_FOR, [place, settings]


def _lines(path: Path) -> list[str]:
    """The two lines of a record; none if there is no such record."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return lines if len(lines) == 2 else []


def note_owner(targets: Targets, configuration: str) -> None:
    """Note whose results and rendered faces these are, for ``check_owner``."""
    record = Path(targets.results.configuration())
    if not record.exists():
        write_text(record, f"{configuration}\n")
    for _, path, now in _renderings(targets):
        before = _lines(path) or [now[0], ""]
        if before[0] == now[0] and before != now:
            write_text(path, "\n".join(now) + "\n")


def prepare_execution(workflow: Any, targets: Targets, configuration: str) -> None:
    """Set up the environment of the jobs when Snakemake starts to execute them; in its main process also
    remove the locks of a Snakemake that was killed, note whose results these are, show stages on the screen
    instead of jobs, and end it where an input file is from the future."""
    results = targets.results

    def prepare() -> None:
        if workflow.is_main_process:
            try:
                check_clock(targets.source_files())
            except InputError as error:
                sys.exit(f"{error}")
        # `g2rl` is the one beside the Python that runs Snakemake, also where no environment is activated.
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        # Every command leaves a record of what it read, did and wrote; see g2rl provenance.
        os.environ[PROVENANCE] = results.provenance()
        if workflow.subprocess_exec:  # a job without a command, in a Snakemake of its own
            exit_with_parent()
        else:
            os.environ[PARENT_ENV] = parent_token()  # jobs end with this process, however it ends
        # Caches of libraries: not in a home that is small, slow or missing on a cluster's nodes.
        set_caches(Path.cwd() / ".snakemake/caches")
        if workflow.is_main_process:
            _held.append(clear_stale_locks(Path(".snakemake")))
            reset_times(Path(results.root))
            note_owner(targets, configuration)

    _at_execution(workflow, prepare, targets)


def _at_execution(workflow: Any, prepare: Callable[[], None], targets: Targets) -> None:
    """Call ``prepare`` when ``workflow`` executes jobs: not for -n, --lint, --report, --dag or --summary.

    The method of this one object is wrapped, for want of a hook: Snakemake reads the rules before it decides
    what to do with them; ``onstart`` comes after a stale lock has ended the run, and is not called for a
    module. A Snakemake that starts in another way is not prepared: locks stay, and it says how to unlock.
    """
    execute = workflow.execute

    def prepare_and_execute(*arguments: Any, **options: Any) -> Any:
        options |= dict(zip(inspect.signature(execute).parameters, arguments, strict=False))
        settings = options["executor_plugin"].common_settings
        if settings.dryrun_exec:
            return execute(**options)
        prepare()
        if settings.local_exec:
            # Its default, 100 jobs per second, leaves a timer at every pass of the scheduler that brings
            # about another pass: after 388 jobs it keeps a third of a core busy. It is for clusters.
            workflow.scheduling_settings.max_jobs_per_timespan = None
        options = adapt_executor(workflow, options)
        if not workflow.is_main_process:
            return execute(**options)
        with stages_on_screen(workflow, targets, settings.local_exec):
            return execute(**options)

    workflow.execute = prepare_and_execute
