"""The lock of a results folder, and the comparison of another rebuild with it.

The lock (``lock.json``) keeps the SHA-256 of every file and the numbers of the tables. On one machine a
rebuild gives the same bytes. On another CPU or a GPU, sums in another order change the last bits, training
amplifies them, and the files differ; the tables' numbers must then agree within a tolerance.
"""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.atomic import write_text
from g2rl.io.hashing import content_sha256, files_sha256, shown_files
from g2rl.paths import PAGE

TABLES = ("table1.csv", "frames.csv")  # their numbers are in the lock
NOT_RESULTS = (
    "README.md",
    "lock.json",
    "summary.json",
    "logs",
    "provenance",
    "report.html",
)  # at the top of the folder
RAW = "raw"  # rendered videos: thousands of files, one hash per dataset
SHOWN = 20  # differences of a table


@dataclass(frozen=True)
class Lock:
    """What a rebuild gave.

    Attributes:
        files: SHA-256 in hex by path below the results folder, ``raw/DATASET/`` for its videos.
        tables: the text of ``TABLES``, by path.
    """

    files: dict[str, str]
    tables: dict[str, str]


@dataclass(frozen=True)
class Report:
    """Outcome of a comparison: whether the rebuild is accepted, and the lines that say why."""

    same: bool
    lines: list[str]


def make_lock(results: Path, files: Iterable[Path] | None = None) -> Lock:
    """Hash results.

    Args:
        files: those to hash, below ``results``; a folder stands for the files in it. None: all that lies
            there but hidden files (checkpoints), records, logs and the lock.

    Raises:
        InputError: there are no results, or one of ``files`` is not there.
    """
    hashes: dict[str, str] = {}
    rendered: dict[str, dict[str, str]] = defaultdict(dict)
    tables = {}
    for path in _walk(results) if files is None else chain.from_iterable(map(_files, files)):
        if not path.exists():
            raise InputError(f"{path}: not there, so it cannot be locked: run snakemake first")
        name = path.relative_to(results).as_posix()
        top, *inner = name.split("/", 2)
        if top == RAW and len(inner) == 2:
            rendered[f"{RAW}/{inner[0]}/"][inner[1]] = content_sha256(path)
            continue
        hashes[name] = content_sha256(path)
        if path.name in TABLES:
            tables[name] = path.read_text(encoding="utf-8")
    hashes |= {name: files_sha256(inside) for name, inside in rendered.items()}
    if not hashes:
        raise InputError(f"{results}: no results in it: run snakemake first, or name another folder")
    return Lock(dict(sorted(hashes.items())), tables)


def write_lock(lock: Lock, path: Path) -> None:
    """Write a lock as JSON: sorted, one line per file and per table row, so that a diff can be read."""
    tables = {name: text.removesuffix("\n").split("\n") for name, text in lock.tables.items()}
    content = {"files": lock.files, "tables": tables}
    write_text(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_lock(path: Path) -> Lock:
    """Read what ``write_lock`` wrote.

    Raises:
        InputError: it is not there or no lock.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = {str(name): str(digest) for name, digest in content["files"].items()}
        return Lock(files, {name: "\n".join(rows) + "\n" for name, rows in content["tables"].items()})
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}): g2rl lock makes one") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: not a lock ({error!r}): g2rl lock makes one") from error


def verify(results: Path, lock: Lock, tolerance: float | None = None) -> Report:
    """Compare results with a lock. Files that the lock does not know are listed, and no difference.

    Args:
        tolerance: None asks for the same bytes in every file. A number, for a rebuild elsewhere: there must
            be its files, and in ``TABLES`` the same rows and texts and numbers that differ by no more
            than this; other files may differ and are only counted.
    """
    found = make_lock(results)
    both = sorted(lock.files.keys() & found.files.keys())
    different = [name for name in both if lock.files[name] != found.files[name]]
    problems = [f"missing: {name}" for name in _grouped(lock.files.keys() - found.files.keys())]
    more = [f"not in the lock: {name}" for name in _grouped(found.files.keys() - lock.files.keys())]
    worst = 0.0
    for name in sorted(lock.tables.keys() & found.tables.keys()):
        lines, largest = _compare(lock.tables[name], found.tables[name], tolerance or 0.0)
        problems += [f"{name}: {line}" for line in lines[:SHOWN]]
        problems += [f"{name}: and {len(lines) - SHOWN} more such lines"] * (len(lines) > SHOWN)
        worst = max(worst, largest)
    totals, differing = (Counter(map(_folder, names)) for names in (both, different))
    groups = [f"{name}: {count} of {totals[name]} differ" for name, count in differing.items()]
    summary = f"{len(both) - len(different)} of {len(lock.files)} files are equal to the byte"
    if tolerance is None:
        return Report(not problems and not different, [*groups, *problems, *more, summary])
    within = f"largest difference of a number in the tables: {worst:.3g}, allowed {tolerance:g}"
    return Report(not problems, [*groups, *problems, *more, summary, within])


def _walk(results: Path) -> Iterator[Path]:
    """Every file that is a result."""
    for path in sorted(results.iterdir()) if results.is_dir() else ():
        if path.name not in NOT_RESULTS and not path.name.startswith("."):
            yield from (file for file in _files(path) if file.name != PAGE)


def _files(path: Path) -> list[Path]:
    """A file, or the files in a folder but hidden ones."""
    return [path / name for name in shown_files(path)] if path.is_dir() else [path]


def _folder(name: str) -> str:
    return name if name.endswith("/") or "/" not in name else name.rpartition("/")[0] + "/"


def _grouped(names: Iterable[str]) -> list[str]:
    """Each name, or for a folder of several, how many."""
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(_folder(name), []).append(name)
    return sorted(
        f"{folder} ({len(inside)} files)" if len(inside) > 1 else inside[0]
        for folder, inside in groups.items()
    )


def _compare(expected: str, found: str, tolerance: float) -> tuple[list[str], float]:
    """The differences of two CSV tables, one line each, and the largest difference of two numbers."""
    old, new = (list(csv.reader(io.StringIO(text))) for text in (expected, found))
    if old[:1] != new[:1]:
        heads = [", ".join(table[0]) if table else "" for table in (new, old)]
        return [f"columns are {heads[0] or 'none'}, expected {heads[1] or 'none'}"], 0.0
    if len(old) != len(new):
        return [f"{len(new) - 1} rows, expected {len(old) - 1}"], 0.0
    lines, largest = [], 0.0
    for place, was, now in _changed_cells(old, new):
        numbers = _number(was), _number(now)
        if numbers[0] is None or numbers[1] is None:
            lines.append(f"{place} {now!r}, expected {was!r}")
            continue
        difference = abs(numbers[0] - numbers[1])
        largest = max(largest, difference)
        if not difference <= tolerance:  # nan is not
            apart = f"{difference:.3g} apart, allowed {tolerance:g}"
            lines.append(f"{place} {now}, expected {was}: {apart}")
    return lines, largest


def _changed_cells(old: list[list[str]], new: list[list[str]]) -> Iterator[tuple[str, str, str]]:
    """Of each cell that differs: its row and column in words, the old text, the new one."""
    for before, after in zip(old[1:], new[1:], strict=True):
        for column, was, now in zip(old[0], before, after, strict=True):
            if was != now:
                yield f"{_row_name(old[0], before)}: {column} is", was, now


def _row_name(columns: Sequence[str], row: Sequence[str]) -> str:
    """A row by its texts, such as ``synthetic_disfa, G2RL, measured, ICC, AU06``."""
    texts = []
    for column, cell in zip(columns, row, strict=True):
        if column == "au" and cell.isdigit():
            texts.append(f"AU{int(cell):02d}")
        elif cell and (column == "au" or _number(cell) is None):
            texts.append(cell)
    return ", ".join(texts)


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
