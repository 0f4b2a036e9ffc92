"""Own data: a table of sequences, and one file of codes per sequence."""

import functools
import re
from pathlib import Path

from g2rl.datasets.base import Layout, Part
from g2rl.datasets.labels import NOT_CODED, Labels, by_frame, check_frame
from g2rl.errors import InputError, TextFileError
from g2rl.io.tables import numbered_lines, read_tsv

TABLE = "sequences.tsv"
_HEADER = "a header like frame,AU06,AU12"
_COLUMNS = ("sequence", "subject", "fold", "media", "codes")


class Table(Layout):
    """``sequences.tsv`` below the root, with columns sequence, subject, fold, media, codes, is the sheet too.

    ``media`` is a video (frames count from 1) or a folder of numbered images, ``codes`` a CSV file with a
    header ``frame,AU06,AU12``, both relative to the root. A cell holds an intensity 0…5, or nothing where
    the AU is not coded. Every sequence codes the same AUs.
    """

    name = "table"
    title = "a table of sequences"
    aus = ()

    def media(self, root: Path, sequence: str) -> Path:
        return Path(root) / _row(root, sequence)["media"]

    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        return [Path(root) / _row(root, sequence)["codes"]]

    def coded_aus(self, root: Path) -> tuple[int, ...]:
        """The AUs of the first file of codes that can be read; they are the same in every file.

        Raises:
            TextFileError: none can; the error of the first.
        """
        errors = []
        for row in _rows(str(root), _stamp(root)).values():
            try:
                return self.read_file(Path(root) / row["codes"]).aus
            except TextFileError as error:
                errors.append(error)
        raise errors[0]

    def read_file(self, path: Path) -> Labels:
        return read_table_codes(path)

    def parts(self, root: Path) -> list[Part]:
        return [Part("table of sequences", root / TABLE, "")]

    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        return dict.fromkeys(_rows(str(root), _stamp(root)))

    def found(self, root: Path) -> dict[str, Path]:
        return {
            name: self.media(root, name) for name in self.published(root) if self.media(root, name).exists()
        }

    def subject(self, root: Path, sequence: str) -> str:
        return _row(root, sequence)["subject"]


def read_table_codes(path: Path) -> Labels:
    """Read a CSV file of codes: header ``frame,AU06,AU12,…``, then integers 0…5, empty = not coded.

    ``3.0``, as pandas writes integers beside empty cells, is 3; fields may be quoted.

    Raises:
        TextFileError: the header is another one, a row has another number of fields or a value that is no
            code, a frame stands twice, or there is no row.
    """
    lines = numbered_lines(path)
    if not lines:
        raise TextFileError("columns", path, None, "found ''", _HEADER)
    aus = _coded_aus(path, *lines[0])
    codes: dict[int, list[int]] = {}
    for line, text in lines[1:]:
        frame, values = _codes(path, line, text, aus)
        check_frame(path, line, frame, codes, first_frame=0)
        codes[frame] = values
    if not codes:
        raise TextFileError("empty", path, None, "no coded frame", "a row for each frame")
    return by_frame(codes, aus)


def _coded_aus(path: Path, line: int, text: str) -> tuple[int, ...]:
    """The AUs that a header names."""
    first, *names = _fields(text)
    if names and not names[-1]:
        names.pop()  # a trailing comma
    matches = [re.fullmatch(r"AU0*([1-9]\d?)", name, re.ASCII | re.IGNORECASE) for name in names]
    aus = tuple(int(match[1]) for match in matches if match)
    if first.lower() != "frame" or not names or len(set(aus)) < len(names):
        raise TextFileError("columns", path, line, f"found {','.join((first, *names))[:60]!r}", _HEADER)
    return aus


def _codes(path: Path, line: int, text: str, aus: tuple[int, ...]) -> tuple[int, list[int]]:
    """The frame number and the codes of a row."""
    fields = _fields(text)
    if len(fields) == len(aus) + 2 and not fields[-1]:
        fields.pop()  # a trailing comma
    frame, *values = [re.sub(r"(?<=\d)\.0+$", "", field) for field in fields]
    if len(values) != len(aus) or not re.fullmatch(r"\d{1,9}", frame, re.ASCII):
        header = ",".join(("frame", *(f"AU{au:02d}" for au in aus)))
        raise TextFileError("columns", path, line, f"found {text.strip()[:60]!r}", header)
    if wrong := [value for value in values if value not in ("", "0", "1", "2", "3", "4", "5")]:
        raise TextFileError("value", path, line, f"intensity {wrong[0]!r}", "0 to 5, or nothing (not coded)")
    return int(frame), [int(value) if value else NOT_CODED for value in values]


def _fields(text: str) -> list[str]:
    return [re.sub(r'^"(.*)"$', r"\1", field.strip()).strip() for field in text.split(",")]


def _row(root: Path, sequence: str) -> dict[str, str]:
    rows = _rows(str(root), _stamp(root))
    if sequence not in rows:
        raise InputError(f"{Path(root) / TABLE}: no sequence {sequence!r} in it")
    return rows[sequence]


def _stamp(root: Path) -> tuple[int, int]:
    try:
        status = (Path(root) / TABLE).stat()
    except OSError:
        raise InputError(
            f"{Path(root) / TABLE}: no such file, expected columns {', '.join(_COLUMNS)}"
        ) from None
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=8)
def _rows(root: str, stamp: tuple[int, int]) -> dict[str, dict[str, str]]:
    """The table's rows by sequence; read once for all its sequences while the file stays as it is."""
    return {row["sequence"]: row for _, row in read_tsv(Path(root) / TABLE, _COLUMNS)}
