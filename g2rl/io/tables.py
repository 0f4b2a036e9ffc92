"""CSV and TSV tables: atomic writing, and reading that names the file and line of what is wrong."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g2rl.errors import InputError, TextFileError
from g2rl.io.atomic import atomic_path

if TYPE_CHECKING:
    import pandas as pd

RESOURCES = Path(__file__).parents[1] / "resources"  # the package's own tables


def write_csv(path: str | os.PathLike, frame: "pd.DataFrame", float_format: str = "%.6g") -> None:
    """Write a pandas table atomically as comma-separated values, without its index."""
    with atomic_path(path) as temporary:
        frame.to_csv(temporary, index=False, float_format=float_format, lineterminator="\n")


def read_csv(path: str | os.PathLike, columns: Sequence[str] | None = None, **options: Any) -> "pd.DataFrame":
    """Read a comma-separated table with pandas; ``options`` are those of ``pandas.read_csv``.

    Raises:
        InputError: it cannot be read, is no CSV file, or has other columns than ``columns``.
    """
    import pandas as pd

    try:
        table = pd.read_csv(path, **options)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: not a readable CSV file ({error})") from error
    if columns is not None and list(table) != list(columns):
        raise InputError(f"{path}: columns {','.join(map(str, table))}, expected {','.join(columns)}")
    return table


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a comma-separated table with a header, as written by this package."""
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def read_tsv(path: Path, columns: Sequence[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a tab-separated table with a header, each with its line number.

    Raises:
        InputError: a column of ``columns`` is missing, a row has another number of fields than the header or
            an empty one in such a column, or there is no row.
    """
    lines = numbered_lines(path)
    header = _fields(lines[0][1]) if lines else []
    if missing := [column for column in columns if column not in header]:
        raise InputError(
            f"{path}: line 1: no column {missing[0]!r} in {', '.join(header) or 'it'}, expected "
            f"{', '.join(columns)}, separated by tabs"
        )
    rows = []
    for line, text in lines[1:]:
        fields = _fields(text)
        row = dict(zip(header, fields, strict=False))
        if len(fields) != len(header) or not all(row[column] for column in columns):
            raise InputError(f"{path}: line {line}: found {text!r}, expected {'<TAB>'.join(header)}")
        rows.append((line, row))
    if not rows:
        raise InputError(f"{path}: no row below the header")
    return rows


def _fields(text: str) -> list[str]:
    return [field.strip() for field in text.split("\t")]


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, each with its number from 1.

    A byte order mark and any line end are accepted.

    Raises:
        TextFileError: the file is missing, cannot be read, or is not UTF-8 text.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise TextFileError("file missing", path, None, "no such file", "one") from None
    except OSError as error:
        raise TextFileError("not text", path, None, str(error.strerror), "a file that can be read") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise TextFileError("not text", path, line, f"byte {data[error.start]:#04x}", "UTF-8 text") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
