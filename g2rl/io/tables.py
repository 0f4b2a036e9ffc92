"""CSV and TSV tables: atomic writing, and reading that names the file and line of what is wrong."""

import csv
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from g2rl.errors import InputError, TextFileError
from g2rl.io.atomic import atomic_path
from g2rl.io.delimited import Row, decode_text, read_delimited

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
    """The rows of a table with a header, each with its line number; see ``read_delimited``.

    Raises:
        TextFileError: a column of ``columns`` is missing or stands twice, a row has another number of fields
            than the header or an empty one in such a column, or there is no row.
    """
    _, rows = read_delimited(path)
    header = [name.removeprefix("#").strip() for name in rows[0].fields] if rows else []
    _check_columns(path, rows[0].line if rows else 1, header, columns)
    found_rows = [(row.line, _row_values(path, row, header, columns)) for row in rows[1:]]
    if not found_rows:
        raise TextFileError("empty", path, None, "no row below the header", "one for each entry")
    return found_rows


def _check_columns(path: Path, line: int, header: Sequence[str], columns: Sequence[str]) -> None:
    """Raise TextFileError unless each of ``columns`` stands once in the header, on ``line``."""
    if missing := [column for column in columns if column not in header]:
        found = f"no column {missing[0]!r} in {', '.join(header) or 'it'}"
        raise TextFileError("columns", path, line, found, f"{', '.join(columns)}, separated by tabs")
    if twice := [column for column in columns if header.count(column) > 1]:
        raise TextFileError("columns", path, line, f"column {twice[0]!r} twice", "each once")


def _row_values(path: Path, row: Row, header: Sequence[str], columns: Sequence[str]) -> dict[str, str]:
    """A row's fields by their columns; those of ``columns`` are not empty."""
    values = dict(zip(header, row.fields, strict=False))
    if len(row.fields) != len(header) or not all(values[column] for column in columns):
        raise TextFileError("columns", path, row.line, f"found {row.text!r}", "<TAB>".join(header))
    return values


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, each with its number from 1.

    A byte order mark and any line end are accepted.

    Raises:
        TextFileError: the file is missing, cannot be read, or is not UTF-8 text.
    """
    lines = decode_text(path).split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
