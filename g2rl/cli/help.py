"""The help of the command line: the list of commands, and each command's options with their defaults."""

import argparse
import ast
import importlib
import inspect
import shutil
import textwrap
from pathlib import Path
from typing import Any

GROUPS = {
    "Your own videos and photos": ("predict", "model", "export"),
    "A run of the workflow: before, during, after": (
        *("init", "check", "config", "estimate", "status", "lock", "verify", "provenance", "clean"),
    ),
    "Stages of the workflow": (
        *("head", "render", "landmarks", "align", "manifest", "frames", "weights", "train", "test"),
        *("image-free", "import-predictions", "metrics"),
    ),
    "Tables and figures": (
        *("table", "calibration", "claims", "ablations", "guidance", "cross-dataset", "locations"),
        *(f"figure{number}" for number in range(1, 8)),
    ),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Adds the default of each option to its help. Where that is None, the help has to say what holds."""

    def _get_help_string(self, action: argparse.Action) -> str:
        text = action.help or ""
        if action.required or "default: " in text or action.default in (None, argparse.SUPPRESS):
            return text
        return f"{text}; default: {default_text(action.default)}"


def default_text(value: Any) -> str:
    """A default as one would write it."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "none"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.replace("%", "%%") or "none"


def make_parser(name: str) -> argparse.ArgumentParser:
    """The options of a command; the docstring of its module is the help."""
    command = importlib.import_module(module_name(name))
    summary, _, rest = inspect.cleandoc(command.__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        f"g2rl {name}", description=summary, epilog=rest, formatter_class=HelpFormatter, allow_abbrev=False
    )
    command.add_arguments(parser)
    return parser


def module_name(command: str) -> str:
    """The module of a command: ``image-free`` is g2rl.cli.image_free."""
    return f"g2rl.cli.{command.replace('-', '_')}"


def overview() -> str:
    """The commands by what they are for, each with the first line of its help, as wide as the terminal."""
    indent = max(map(len, COMMANDS)) + 4
    width = max(shutil.get_terminal_size().columns - 2, indent + 20)
    lines = []
    for group, names in GROUPS.items():
        lines += ["", f"{group}:"]
        for name in names:
            text = f"  {name:{indent - 4}}  {_summary(name)}"
            lines.append(textwrap.fill(text, width, subsequent_indent=" " * indent, break_on_hyphens=False))
    return "\n".join(
        [
            "usage: g2rl COMMAND …",
            "",
            "Facial action unit intensity from videos.",
            *lines,
            "",
            "g2rl COMMAND --help shows its options and an example; g2rl --version the version.",
            "Messages have a time and a level; G2RL_LOG=WARNING leaves out those that only inform.",
        ]
    )


def _summary(command: str) -> str:
    """The first line of a command's help, read from its source: importing all of them would take seconds."""
    source = (Path(__file__).parent / f"{command.replace('-', '_')}.py").read_text(encoding="utf-8")
    return (ast.get_docstring(ast.parse(source)) or "").splitlines()[0]
