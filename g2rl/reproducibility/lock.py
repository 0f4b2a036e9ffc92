"""Is a rebuild the same? The lock of a results folder, and the comparison of another rebuild with it.

The lock (``lock.json``) keeps the SHA-256 of every file and the numbers of the tables. On one machine a
rebuild gives the same bytes. On another CPU or a GPU, sums in another order change the last bits, training
amplifies them, and the files differ; the tables' numbers must then agree within a tolerance.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.atomic import write_text
from g2rl.reproducibility.hashing import content_sha256

TABLES = ("table1.csv", "frames.csv")  # their numbers are in the lock


NOT_RESULTS = ("README.md", "lock.json", "provenance", "report.html")  # at the top of the folder


SHOWN = 20  # differences of a table


RAW = "raw"  # rendered videos: thousands of files, one hash a dataset


@dataclass(frozen=True)
class Lock:
    """What a rebuild gave.

    Attributes:
        files: SHA-256 in hex by path below the results folder, ``raw/DATASET/`` for its videos.
        tables: the text of `TABLES`, by path.
    """

    files: dict[str, str]
    tables: dict[str, str]


@dataclass(frozen=True)
class Report:
    """Outcome of a comparison: whether the rebuild is accepted, and why, a line each."""

    same: bool
    lines: list[str]


def make_lock(results: Path) -> Lock:
    """Hash what lies in ``results``; hidden files (checkpoints), records and the lock do not count.

    Raises:
        InputError: there are no results.
    """
    files: dict[str, str] = {}
    tables = {}
    for path in _walk(results):
        name = path.relative_to(results).as_posix() + "/" * path.is_dir()
        files[name] = content_sha256(path)
        if path.name in TABLES:
            tables[name] = path.read_text(encoding="utf-8")
    if not files:
        raise InputError(f"{results}: no results in it: run snakemake first, or name another folder")
    return Lock(dict(sorted(files.items())), tables)


def write_lock(lock: Lock, path: Path) -> None:
    """Write a lock as JSON: sorted, a line a file and a line a table row, so that a diff can be read."""
    tables = {name: text.removesuffix("\n").split("\n") for name, text in lock.tables.items()}
    content = {"files": lock.files, "tables": tables}
    write_text(path, json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n")


def read_lock(path: Path) -> Lock:
    """Read what `write_lock` wrote.

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
            be its files, and in `TABLES` the same rows and texts and numbers that differ by no more
            than this; other files may differ and are only counted.
    """
    found = make_lock(results)
    missing = sorted(lock.files.keys() - found.files.keys())
    extra = sorted(found.files.keys() - lock.files.keys())
    both = sorted(lock.files.keys() & found.files.keys())
    different = [name for name in both if lock.files[name] != found.files[name]]
    problems = [f"missing: {name}" for name in _grouped(missing)]
    more = [f"not in the lock: {name}" for name in _grouped(extra)]
    worst = 0.0
    for name in sorted(lock.tables.keys() & found.tables.keys()):
        lines, largest = _compare(lock.tables[name], found.tables[name], tolerance or 0.0)
        problems += [f"{name}: {line}" for line in lines[:SHOWN]]
        problems += [f"{name}: and {len(lines) - SHOWN} more such lines"] * (len(lines) > SHOWN)
        worst = max(worst, largest)
    totals = Counter(_folder(name) for name in both)
    groups = [
        f"{name}: {count} of {totals[name]} differ"
        for name, count in Counter(map(_folder, different)).items()
    ]
    summary = f"{len(both) - len(different)} of {len(lock.files)} files are equal to the byte"
    if tolerance is None:
        return Report(not problems and not different, [*groups, *problems, *more, summary])
    within = f"largest difference of a number in the tables: {worst:.3g}, allowed {tolerance:g}"
    return Report(not problems, [*groups, *problems, *more, summary, within])


def _walk(folder: Path, top: str = "") -> Iterator[Path]:
    """Every file that is a result, and each folder of rendered videos as one."""
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or (not top and path.name in NOT_RESULTS):
            continue
        if path.is_dir() and top != RAW:
            yield from _walk(path, path.name)
        else:
            yield path


def _folder(name: str) -> str:
    return name if name.endswith("/") or "/" not in name else name.rpartition("/")[0] + "/"


def _grouped(names: list[str]) -> list[str]:
    """A name each, or for a folder of several, how many."""
    groups = Counter(map(_folder, names))
    single = [name for name in names if groups[_folder(name)] == 1]
    return sorted([*single, *(f"{name} ({count} files)" for name, count in groups.items() if count > 1)])


def _compare(expected: str, found: str, tolerance: float) -> tuple[list[str], float]:
    """What differs between two CSV tables, a line each, and the largest difference of two numbers."""
    old, new = (list(csv.reader(io.StringIO(text))) for text in (expected, found))
    if old[:1] != new[:1]:
        heads = [", ".join(cell for row in table[:1] for cell in row) for table in (new, old)]
        return [f"columns are {heads[0] or 'none'}, expected {heads[1] or 'none'}"], 0.0
    if len(old) != len(new):
        return [f"{len(new) - 1} rows, expected {len(old) - 1}"], 0.0
    lines, largest = [], 0.0
    for before, after in zip(old[1:], new[1:], strict=True):
        texts = [
            f"AU{int(cell):02d}" if column == "au" and cell.isdigit() else cell
            for column, cell in zip(old[0], before, strict=True)
            if cell and (column == "au" or _number(cell) is None)
        ]
        for column, was, now in zip(old[0], before, after, strict=True):
            if was == now:
                continue
            numbers = _number(was), _number(now)
            if None in numbers:
                lines.append(f"{', '.join(texts)}: {column} is {now!r}, expected {was!r}")
                continue
            difference = abs(numbers[0] - numbers[1])
            largest = max(largest, difference)
            if not difference <= tolerance:
                lines.append(
                    f"{', '.join(texts)}: {column} is {now}, expected {was}: {difference:.3g} apart,"
                    f" allowed {tolerance:g}"
                )
    return lines, largest


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
