"""The file of codes of own data: a table with a row per frame and a column per AU."""

import re
from decimal import Decimal
from pathlib import Path

from g2rl.datasets.foreign_codes import name_file, name_value
from g2rl.datasets.labels import NOT_CODED, Labels, by_frame, check_frame
from g2rl.errors import TextFileError
from g2rl.io.atomic import write_text
from g2rl.io.delimited import Row, read_delimited

_HEADER = "a header like frame,AU06,AU12"
_FRAME = frozenset({"frame", "frames", "frameno", "framenr", "framenumber"})
_NOT_CODED = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "<na>", "."})
_AU = re.compile(r"AU[ _-]?0*([1-9]\d?)", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"\+?\d{1,12}([.,]\d{0,30})?([eE][+-]?\d{1,2})?", re.ASCII)
_HEADER_ROWS = 10  # a header below this row of a file is not looked for


def write_table_codes(path: Path, labels: Labels) -> None:
    """Write what ``read_table_codes`` reads, atomically."""
    lines = [",".join(["frame", *(f"AU{au:02d}" for au in labels.aus)])]
    for frame, codes in zip(labels.frame, labels.intensity, strict=True):
        lines.append(",".join([str(frame), *("" if code == NOT_CODED else str(code) for code in codes)]))
    write_text(path, "\n".join(lines) + "\n")


def read_table_codes(path: Path, first_frame: int = 0) -> Labels:
    """Read a table of codes: header ``frame,AU06,AU12,…``, then integers 0…5, empty = not coded.

    As spreadsheets and statistics programs save it: separated by commas, semicolons, tabs or blanks; UTF-8 or
    UTF-16; fields quoted or not; ``3.0``, ``3,0`` and ``3e0`` are 3; ``NA``, ``NaN`` or ``.`` is empty; rows
    and columns without a value are ignored, and so is a first column without a name (row names of R, index of
    pandas).

    Args:
        first_frame: the lowest frame number there can be: 1 beside a video, 0 beside numbered images.

    Raises:
        TextFileError: the header is another one, a row has another number of fields or a value that is no
            code, a frame is below the first or stands twice, or there is no row. Formats of other programs
            and datasets are named.
    """
    _, rows = read_delimited(path)
    if not rows:
        raise TextFileError("columns", path, None, "found ''", _HEADER)
    frame_column, columns = _read_header(path, rows)
    codes: dict[int, list[int]] = {}
    for row in rows[1:]:
        _check_width(path, row, rows[0])
        frame = _frame_number(path, row, row.fields[frame_column])
        check_frame(path, row.line, frame, codes, first_frame)
        codes[frame] = [_code(path, row.line, row.fields[column]) for column in columns]
    if not codes:
        raise TextFileError("empty", path, None, "no coded frame", "a row for each frame")
    return by_frame(codes, tuple(columns.values()))


def _read_header(path: Path, rows: list[Row]) -> tuple[int, dict[int, int]]:
    """The column of the frame numbers, and the AU of each other column.

    A first column without a name is ignored.
    """
    header = rows[0]
    names = [header.fields[0].removeprefix("#").strip(), *header.fields[1:]]
    frame_columns = [column for column, name in enumerate(names) if _plain(name) in _FRAME]
    aus = _au_columns(names)
    others = set(range(len(names))) - set(frame_columns) - set(aus)
    if not names[0] and len(names) > 1:
        others.discard(0)
    if len(frame_columns) != 1 or others or not aus or len(set(aus.values())) < len(aus):
        found = f"found {','.join(header.fields)[:60]!r}"
        action = name_file(names, [row.fields for row in rows[1:_HEADER_ROWS]])
        raise TextFileError("columns", path, header.line, found, _HEADER, action)
    return frame_columns[0], aus


def _au_columns(names: list[str]) -> dict[int, int]:
    """The AU of each column that is named as one."""
    matches = {column: _AU.fullmatch(name) for column, name in enumerate(names)}
    return {column: int(match[1]) for column, match in matches.items() if match}


def _plain(name: str) -> str:
    return re.sub(r"[ _.-]", "", name).lower()


def _check_width(path: Path, row: Row, header: Row) -> None:
    """Raise TextFileError if a row has not as many fields as the header."""
    if len(row.fields) != len(header.fields):
        action = ""
        if len(row.fields) == len(header.fields) + 1 and header.fields[0].lower() in _FRAME:
            action = (
                "if the first column holds row names, as of R's write.table, write with row.names = FALSE; "
                "if a number has a decimal comma, save with another separator"
            )
        found = f"found {row.text.strip()[:60]!r}"
        raise TextFileError("columns", path, row.line, found, ",".join(header.fields)[:60], action)


def _frame_number(path: Path, row: Row, text: str) -> int:
    number = _whole_number(text)
    if number is None or number >= 10**9:
        found, expected = f"found {row.text.strip()[:60]!r}", "a frame number and codes"
        raise TextFileError("columns", path, row.line, found, expected)
    return number


def _code(path: Path, line: int, text: str) -> int:
    """The code of one cell, ``NOT_CODED`` where there is none."""
    if text in ("0", "1", "2", "3", "4", "5"):
        return int(text)
    if text.lower() in _NOT_CODED:
        return NOT_CODED
    number = _whole_number(text)
    if number is None or number > 5:
        expected = "0 to 5, or nothing (not coded)"
        raise TextFileError("value", path, line, f"intensity {text[:30]!r}", expected, name_value(text))
    return number


def _whole_number(text: str) -> int | None:
    """The integer that a field such as ``3``, ``3.0``, ``3,0`` or ``3e0`` stands for."""
    if not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text.replace(",", "."))
    return int(number) if number == int(number) else None
