"""Own data: a table of sequences, and one file of codes per sequence."""

import functools
import re
from pathlib import Path

from g2rl.datasets.base import Layout, Part
from g2rl.datasets.code_table import read_table_codes
from g2rl.datasets.labels import Labels
from g2rl.errors import InputError, TextFileError
from g2rl.io.tables import read_tsv

TABLE = "sequences.tsv"
COLUMNS = ("sequence", "subject", "fold", "media", "codes")
_FOREIGN = re.compile(r"[A-Za-z]:[\\/]|\\\\")  # a path on a Windows drive or share


class Table(Layout):
    """``sequences.tsv`` below the root, with columns sequence, subject, fold, media, codes, is the sheet too.

    ``media`` is a video (frames count from 1) or a folder of numbered images, ``codes`` a table with a
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

    def read_file_of(self, root: Path, sequence: str, path: Path) -> Labels:
        """Beside a video frame numbers count from 1."""
        return read_table_codes(path, first_frame=int(self.media(root, sequence).is_file()))

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

    def own_sheet(self, root: Path) -> Path:
        return Path(root) / TABLE


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
            f"{Path(root) / TABLE}: no such file, expected columns {', '.join(COLUMNS)}"
        ) from None
    return status.st_mtime_ns, status.st_size


@functools.lru_cache(maxsize=8)
def _rows(root: str, stamp: tuple[int, int]) -> dict[str, dict[str, str]]:
    """The table's rows by sequence; read once for all its sequences while the file stays as it is.

    Backslashes in paths, as Windows writes them, are taken for slashes.

    Raises:
        TextFileError: see ``read_tsv``; or a path names a Windows drive.
    """
    path = Path(root) / TABLE
    rows: dict[str, dict[str, str]] = {}
    for line, row in read_tsv(path, COLUMNS):
        for column in ("media", "codes"):
            if _FOREIGN.match(row[column]):
                action = "copy the files below that folder and name them from there"
                found, expected = f"{column} {row[column]!r}", "a path from the folder of sequences.tsv"
                raise TextFileError("sheet", path, line, found, expected, action)
            if "\\" in row[column] and not (Path(root) / row[column]).exists():
                row[column] = row[column].replace("\\", "/")
        rows.setdefault(row["sequence"], row)
    return rows
