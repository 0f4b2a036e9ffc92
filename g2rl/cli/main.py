"""The command ``g2rl``: which command, its arguments, and how its errors reach the screen.

Each command is a module of this package: its docstring is the help, ``add_arguments`` declares its options,
``run`` does the work. Modules are imported only when their command is called.
"""

import argparse
import ast
import contextlib
import difflib
import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from g2rl.cli.outcome import Outcome

COMMANDS = (
    "config",
    "check",
    "estimate",
    "head",
    "render",
    "landmarks",
    "align",
    "manifest",
    "frames",
    "weights",
    "train",
    "test",
    "image-free",
    "metrics",
    "table",
    "ablations",
    "guidance",
    "cross-dataset",
    "figure2",
    "figure4",
    "figure5",
    "figure6",
    "figure7",
    "predict",
    "provenance",
    "lock",
    "verify",
    "clean",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Bad input: one line on stderr and status 2; interrupted or terminated: 130 or 143,
    quietly, with partial files removed."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(_overview())
        return 0
    if arguments[0] == "--version":
        from g2rl import __version__

        print(f"g2rl {__version__}")
        return 0
    name = arguments[0]
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1, cutoff=0)[0]
        print(f"g2rl: no command {name!r}, did you mean {near!r}? See g2rl --help", file=sys.stderr)
        return 2
    command = importlib.import_module(_module(name))
    return _run(name, command.run, make_parser(name), arguments[1:])


def make_parser(name: str) -> argparse.ArgumentParser:
    """The options of a command, its docstring the help."""
    command = importlib.import_module(_module(name))
    summary, _, rest = inspect.cleandoc(command.__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        f"g2rl {name}",
        description=summary,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return parser


def _run(
    name: str,
    run: Callable[[argparse.Namespace], Outcome | int | None],
    parser: argparse.ArgumentParser,
    arguments: Sequence[str],
) -> int:
    """Run a command and turn what stops it into a line and an exit status."""
    from g2rl.errors import OS_ERROR_HINTS, InputError, explain_os_error
    from g2rl.io.atomic import WRITTEN
    from g2rl.workflow.processes import exit_with_parent

    WRITTEN.clear()
    exit_with_parent()
    with contextlib.suppress(ValueError):  # no main thread
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        options = parser.parse_args(arguments)
        outcome = run(options)
        if not isinstance(outcome, Outcome):  # a command that does not yet say what it read and wrote
            outcome = Outcome(_paths_in(options), [path for path in WRITTEN if path.exists()], outcome or 0)
        if (records := os.environ.get("G2RL_PROVENANCE")) and not outcome.status:
            from g2rl.reproducibility.records import make_record, write_record

            record = make_record(name, arguments, vars(options), outcome.read, outcome.written)
            write_record(record, Path(records))
        return outcome.status
    except InputError as error:
        print(f"g2rl {name}: {error}", file=sys.stderr)
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


def _paths_in(options: argparse.Namespace) -> list[Path]:
    """The options' files, and the folders that frames are read from."""
    found: list[Path] = []
    for name, value in vars(options).items():
        paths = [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, Path)]
        found += [path for path in paths if path.is_file() or (path.is_dir() and name in ("media", "videos"))]
    return found


def _module(command: str) -> str:
    return f"g2rl.cli.{command.replace('-', '_')}"


def _summary(command: str) -> str:
    """The first line of a command's help, read from its source: importing all of them would take seconds."""
    source = (Path(__file__).parent / f"{_module(command).rpartition('.')[2]}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]


def _overview() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {_summary(name)}" for name in COMMANDS]
    return "\n".join(
        [
            "usage: g2rl COMMAND …",
            "",
            "Facial action unit intensity from videos: one command a stage of the rebuild.",
            "",
            *lines,
            "",
            "g2rl COMMAND --help shows its options and an example; g2rl --version the version.",
        ]
    )
