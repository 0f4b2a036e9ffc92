"""What the outputs of an input were made of: a hidden file beside them, ``.holiday.json``.

By it a repeated command knows which outputs to keep, which to make again, and which are not its own.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from g2rl.errors import os_errors_as_input_errors
from g2rl.inference.inputs import Input
from g2rl.inference.outputs.names import all_outputs
from g2rl.io.atomic import write_text

State = dict[str, Any]  # of an output: input, model, and the options that matter


def _path(stem: Path) -> Path:
    return stem.with_name(f".{stem.name}.json")


def _read(stem: Path) -> State:
    """The record; an empty one if there is none that can be read."""
    try:
        record = json.loads(_path(stem).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) and isinstance(record.get("outputs"), dict) else {}


def holds_another(stem: Path, one: Input) -> bool:
    """Whether outputs that lie there are of another input, or not of ``g2rl predict`` at all."""
    return _read(stem).get("input") != str(one.path.resolve()) and any(
        path.exists() for path in all_outputs(stem)
    )


def read_states(stem: Path, one: Input) -> dict[str, State]:
    """What each recorded output of an input was made of, by file name."""
    record = _read(stem)
    return record["outputs"] if record.get("input") == str(one.path.resolve()) else {}


def write_states(stem: Path, one: Input, states: dict[str, State]) -> None:
    """Record the outputs of an input, atomically.

    Raises:
        InputError: the folder cannot be written.
    """
    record = {"input": str(one.path.resolve()), "outputs": states}
    write_text(_path(stem), json.dumps(record, indent=1) + "\n")


def forget(stem: Path) -> None:
    """Remove the record of an input that has no outputs."""
    _path(stem).unlink(missing_ok=True)


def input_digest(one: Input) -> str:
    """SHA-256 in hex of the names, sizes and times of an input's files.

    Raises:
        InputError: one of them is gone, or may not be read.
    """
    lines = []
    with os_errors_as_input_errors(one.path):
        for file in one.files:
            status = file.stat()
            lines.append(f"{file.name} {status.st_size} {status.st_mtime_ns}\n")
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()
