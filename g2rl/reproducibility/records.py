"""Provenance records: what one command read, wrote and ran, one JSON file per command.

When ``G2RL_PROVENANCE`` names a folder, as the workflow sets it, every command leaves a record there: its
settings and seed, the SHA-256 of what it read and wrote, the digest of its code, its packages, its device. A
record knows files by their content, so it is found for a file that was copied or renamed, and none is found
for one that was changed. It lies beside the results, not in them: a change of the code that gives the same
bytes leaves the result as it was, and nothing that reads it reruns. It holds no time, host or absolute path.
"""

import importlib.metadata
import json
import platform
import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.atomic import write_text
from g2rl.io.hashing import content_sha256
from g2rl.reproducibility.code_digest import code_digest, imported_packages

VARIABLE = "G2RL_PROVENANCE"
ELSEWHERE = "…"  # stands for the folders above a file that is not below the working folder


@dataclass(frozen=True)
class Record:
    """What one command did.

    Attributes:
        command: the command line.
        stage: its name, such as ``train``.
        settings: every option that is no path, defaults and seed included.
        inputs, outputs: SHA-256 in hex by path, from the folder it ran in; folders are hashed as a whole.
        code: ``code_digest`` of the command.
        packages: versions of Python and of what the stage's code imports, as installed.
        device: where it computed: the GPU's name, or the kind of CPU.
    """

    command: str
    stage: str
    settings: dict[str, object]
    inputs: dict[str, str]
    outputs: dict[str, str]
    code: dict[str, str]
    packages: dict[str, str]
    device: str


def make_record(
    stage: str,
    arguments: Sequence[str],
    options: Mapping[str, object],
    read: Iterable[Path],
    written: Iterable[Path],
) -> Record:
    """Describe a command that has just run.

    Args:
        arguments: the command line after ``g2rl STAGE``.
        options: its parsed options; those that hold no path are the settings.
        read, written: its input and output files; a folder stands for the files in it.
    """
    outputs = dict.fromkeys(written)  # each once, in order
    entry = f"cli.{stage.replace('-', '_')}"
    packages = {name: _version(name) for name in imported_packages(entry)}
    return Record(
        command=shlex.join(["g2rl", stage, *map(_portable_option, arguments)]),
        stage=stage,
        settings={name: value for name, value in sorted(options.items()) if not _holds_path(value)},
        inputs={
            portable(path): content_sha256(path)
            for path in sorted(set(read) - outputs.keys())
            if path.exists()
        },
        outputs={portable(path): content_sha256(path) for path in outputs},
        code=code_digest(entry),
        packages={"python": platform.python_version(), **{name: v for name, v in packages.items() if v}},
        device=_device(options.get("device")),
    )


def _holds_path(value: object) -> bool:
    return any(isinstance(each, Path) for each in (value if isinstance(value, list | tuple) else [value]))


def write_record(record: Record, folder: Path) -> None:
    """Write a record to ``folder``, under the path of its first output; none if it wrote nothing."""
    if record.outputs:
        name = next(iter(record.outputs)).removeprefix(f"{ELSEWHERE}/")
        text = json.dumps(asdict(record), indent=1, sort_keys=True, ensure_ascii=False)
        write_text(folder / f"{name}.json", text + "\n")


def read_records(folder: Path) -> dict[str, list[Record]]:
    """The records below ``folder`` by the SHA-256 of each of their outputs: two commands may write the same.

    Raises:
        InputError: there is none, or a file that is no record.
    """
    records: dict[str, list[Record]] = {}
    for path in sorted(folder.rglob("*.json")):
        try:
            record = Record(**json.loads(path.read_text(encoding="utf-8")))
            for digest in dict.fromkeys(record.outputs.values()):
                records.setdefault(digest, []).append(record)
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not a provenance record ({error}): delete it") from error
    if not records:
        raise InputError(f"{folder}: no provenance records there: name the folder with --records")
    return records


def portable(path: Path) -> str:
    """A path below the working folder as seen from it; of another, its last two parts: ``…/BP4D/F001``."""
    path = Path(path)
    inside = path.absolute()
    if inside.is_relative_to(Path.cwd()):
        return inside.relative_to(Path.cwd()).as_posix()
    return "/".join([ELSEWHERE, *inside.parts[1:][-2:]])


def _portable_option(argument: str) -> str:
    """An argument with its absolute path, if it has one, shortened."""
    option, equals, value = argument.rpartition("=") if argument.startswith("--") else ("", "", argument)
    return f"{option}{equals}{portable(Path(value)) if value.startswith('/') else value}"


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _device(asked: object) -> str:
    """Where a command computed, as far as results depend on it."""
    machine = platform.machine()
    torch = sys.modules.get("torch")
    if torch is None:
        return machine
    if asked in ("auto", "cuda") and torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"{machine} {torch.backends.cpu.get_cpu_capability()}"
