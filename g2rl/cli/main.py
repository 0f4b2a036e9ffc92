"""The command ``g2rl``: which command, its arguments, and how its errors reach the screen.

Each command is a module of this package: its docstring is the help, ``add_arguments`` declares its options,
``run`` does the work and returns its ``Outcome``. A module is imported when its command is called.
"""

import argparse
import contextlib
import importlib
import io
import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from g2rl.cli.help import COMMANDS, make_parser, module_name, overview
from g2rl.cli.outcome import Outcome
from g2rl.errors import OS_ERROR_HINTS, InputError, did_you_mean, explain_memory_error, explain_os_error

LOG_LEVEL = "G2RL_LOG"  # DEBUG, INFO, WARNING or ERROR


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Bad input: one line on stderr and status 2; interrupted or terminated: 130 or 143,
    quietly, with partial files removed."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # σ in a locale that has none: \u03c3, and no traceback
            stream.reconfigure(errors="backslashreplace")
    if not arguments or arguments[0] in ("-h", "--help"):
        print(overview())
        return 0
    if arguments[0] == "--version":
        from g2rl import __version__

        print(f"g2rl {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        print(f"g2rl: no command {name!r}{did_you_mean(name, COMMANDS)} See g2rl --help", file=sys.stderr)
        return 2
    log_to_stderr()
    return _run(name, importlib.import_module(module_name(name)).run, make_parser(name), arguments[1:])


def log_to_stderr() -> None:
    """Messages of g2rl from INFO on, or the level that G2RL_LOG names; of other packages from WARNING on."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", datefmt="%H:%M:%S", force=True)
    level = logging.getLevelNamesMapping().get(os.environ.get(LOG_LEVEL, "").upper(), logging.INFO)
    logging.getLogger("g2rl").setLevel(level)


def _run(
    name: str,
    run: Callable[[argparse.Namespace], Outcome],
    parser: argparse.ArgumentParser,
    arguments: Sequence[str],
) -> int:
    """Run a command and turn what stops it into a line and an exit status."""
    from g2rl.io.caches import leave_unwritable_home
    from g2rl.workflow.processes import exit_with_parent

    exit_with_parent()
    leave_unwritable_home()
    with contextlib.suppress(ValueError):  # no main thread
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        options = parser.parse_args(arguments)
        outcome = run(options)
        if (records := os.environ.get("G2RL_PROVENANCE")) and not outcome.status:
            _record(Path(records), name, arguments, options, outcome)
        return outcome.status
    except InputError as error:
        print(f"g2rl {name}: {error}", file=sys.stderr)
        return 2
    except (RuntimeError, MemoryError) as error:
        names = ("batch_size", "checkpoint")
        line = explain_memory_error(error, **{each: getattr(options, each, None) for each in names})
        if line is None:
            raise
        print(f"g2rl {name}: {line}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        if (error.name or "g2rl").startswith("g2rl"):
            raise
        extra = "onnx" if error.name in ("onnx", "onnxruntime") else "workflow"
        advice = f"in a clone of g2rl, pip install '.[{extra}]'"
        print(f"g2rl {name}: no package {error.name!r}: {advice}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.errno not in OS_ERROR_HINTS or error.filename is None:
            raise
        print(f"g2rl {name}: {explain_os_error(error)}", file=sys.stderr)
        return 2


def _record(
    folder: Path, name: str, arguments: Sequence[str], options: argparse.Namespace, outcome: Outcome
) -> None:
    """Write the provenance record of a command that succeeded."""
    from g2rl.reproducibility.records import make_record, write_record

    read, written = ([path for path in paths if path] for paths in (outcome.read, outcome.written))
    write_record(make_record(name, arguments, vars(options), read, written), folder)
