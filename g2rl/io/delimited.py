"""Delimited text as spreadsheets and statistics programs save it: encodings, delimiters, quotes."""

import codecs
import csv
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from g2rl.errors import TextFileError

DELIMITERS = "\t;,|"  # at equal counts in the header the first one is taken
_SEPARATOR_LINE = re.compile(r'"?sep=([\t;,| ])"?', re.IGNORECASE)
_SAVE_AS = "save it as CSV (UTF-8)"
_MAGIC = {  # first bytes of files that are not text → what they are, what to do
    b"PK\x03\x04": (
        "a ZIP archive or a workbook (.xlsx, .ods)",
        f"open it in the spreadsheet and {_SAVE_AS}",
    ),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook (.xls)", f"open it in Excel and {_SAVE_AS}"),
    b"\x1f\x8b": ("a compressed file (gzip)", "unpack it"),
    b"%PDF": ("a PDF", f"export the table and {_SAVE_AS}"),
    b"\x89HDF": ("an HDF5 or MATLAB file (.mat)", "write the table as CSV, for example with writetable"),
    b"MATLAB": ("a MATLAB file (.mat)", "write the table as CSV, for example with writetable"),
}
_UTF16 = {codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}


@dataclass(frozen=True)
class Row:
    """One row: its line in the file, counted from 1, the line's text, and its fields without blanks and
    quotes around them."""

    line: int
    text: str
    fields: list[str]


def decode_text(path: Path, utf16: bool = False) -> str:
    """The content of a text file: UTF-8 with or without a byte order mark, any line end.

    Args:
        utf16: UTF-16 is read too, with a byte order mark or without one.

    Raises:
        TextFileError: the file is missing, cannot be read, or is not such text; it names what the file is
            where that shows in its first bytes.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise TextFileError("file missing", path, None, "no such file", "one") from None
    except OSError as error:
        raise TextFileError("not text", path, None, str(error.strerror), "a file that can be read") from None
    for start, (what, action) in _MAGIC.items():
        if data.startswith(start):
            raise TextFileError("not text", path, None, what, "a text file", action)
    encoding = _utf16_encoding(data)
    try:
        if encoding and utf16:
            text = data.decode(encoding).removeprefix("\ufeff")
        else:
            text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        action = f"this is UTF-16: {_SAVE_AS}" if encoding else f"if a spreadsheet wrote it, {_SAVE_AS}"
        found = f"byte {data[error.start]:#04x}" if error.start < len(data) else "half a character"
        raise TextFileError("not text", path, line, found, "UTF-8 text", action) from None
    if "<ANNOTATION_DOCUMENT" in text[:2000]:
        action = "export one row per frame from ELAN, with the columns frame, AU06, AU12 …"
        raise TextFileError("not text", path, None, "an ELAN document (.eaf)", "a table", action)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_delimited(path: Path) -> tuple[str, list[Row]]:
    """The delimiter and the rows of a table; rows without any value, such as ``,,,``, are left out.

    The delimiter is the one of tab, semicolon, comma and bar that is most frequent in the first row, blanks
    where there is none of them, or the one that a first line ``sep=;`` names, as Excel reads and writes it.
    Empty columns behind the last name of the first row are removed.

    Raises:
        TextFileError: see ``decode_text``; or a quote is not closed within its line.
    """
    lines = [(line, text) for line, text in enumerate(decode_text(path, utf16=True).split("\n"), 1)]
    lines = [(line, text) for line, text in lines if text.strip()]
    delimiter = ""
    if lines and (separator := _SEPARATOR_LINE.fullmatch(lines[0][1].strip(" ")[:8])):
        delimiter, lines = separator[1], lines[1:]
    if lines and not delimiter:
        header = lines[0][1].strip()
        delimiter = max(DELIMITERS, key=header.count)
        if delimiter not in header:
            delimiter = " " if " " in header else ","
    return delimiter, list(_trimmed(Row(*one, _split(path, *one, delimiter)) for one in lines))


def _utf16_encoding(data: bytes) -> str:
    """The UTF-16 encoding that the first bytes show, or nothing."""
    for mark, encoding in _UTF16.items():
        if data.startswith(mark):
            return encoding
    start = data[:200]
    if len(data) % 2 == 0 and len(start) >= 8:
        halves = start[::2].count(0), start[1::2].count(0)
        if min(halves) == 0 and max(halves) > len(start) // 3:  # ASCII characters with a zero byte each
            return "utf-16-be" if halves[0] else "utf-16-le"
    return ""


def _trimmed(rows: Iterable[Row]) -> Iterator[Row]:
    """The rows with a value, without the empty fields behind the last name of the first one."""
    width = 0
    for row in rows:
        if not any(row.fields):
            continue
        if not width:
            width = max(place for place, field in enumerate(row.fields, 1) if field)
        while len(row.fields) > width and not row.fields[-1]:
            row.fields.pop()
        yield row


def _split(path: Path, line: int, text: str, delimiter: str) -> list[str]:
    """The fields of one line."""
    if delimiter == " ":
        text = re.sub(r"[ \t]+", " ", text.strip())
    elif '"' in text:  # blanks around a quoted field
        blank, mark = "[ ]" if delimiter == "\t" else "[ \t]", re.escape(delimiter)
        text = re.sub(rf'(^|{mark}){blank}+"', r'\1"', text)
        text = re.sub(rf'"{blank}+($|{mark})', r'"\1', text)
    try:
        fields = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        what = "a quote that is not closed properly" if '"' in text else str(error)
        found = f"found {what} in {text.strip()[:60]!r}"
        raise TextFileError("columns", path, line, found, "fields, with quotes in pairs") from None
    return [field.strip() for field in fields]
