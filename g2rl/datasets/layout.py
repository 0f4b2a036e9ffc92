"""What every dataset layout has in common: sequences, labels, and the readers of their text files."""

import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.files import InputError, is_known_fault

NOT_CODED = -1
_ROW = re.compile(r"\s*(\d{1,9})\s*,\s*(-?\d{1,9})\s*,?\s*", re.ASCII)
# Names of sequences and subjects become names of files and wildcards of rules.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)


@dataclass(frozen=True)
class Sequence:
    """One row of a sample sheet.

    Attributes:
        fold: the number of the fold that tests this subject; 0 = only ever trained on.
    """

    sequence: str
    subject: str
    fold: int


@dataclass(frozen=True)
class Labels:
    """AU intensities of one sequence.

    Attributes:
        frame: (N,) int32 frame numbers, increasing.
        intensity: (N,K) int8 in 0…5, −1 = not coded.
        aus: the K action units of the columns.
    """

    frame: np.ndarray
    intensity: np.ndarray
    aus: tuple[int, ...]


@dataclass(frozen=True)
class Part:
    """Something that must lie below a dataset's root: a folder with entries of a certain name, or a file.

    Attributes:
        what: ``frames``, ``videos``, ``codes`` …
        path: where it lies, in the spelling found, or else as distributed.
        entry: regular expression that the name of at least one entry must match; empty for a file.
        twins: other spellings of it that lie there too.
    """

    what: str
    path: Path
    entry: str
    twins: tuple[Path, ...] = ()

    @property
    def is_there(self) -> bool:
        if not self.entry:
            return self.path.is_file()
        return self.path.is_dir() and any(re.fullmatch(self.entry, name) for name in os.listdir(self.path))


class LabelError(InputError):
    """Something wrong in a label file: ``file: [line N:] found …, expected …``.

    Attributes:
        kind: one word or two for what is wrong, such as ``value`` or ``frame twice``.
    """

    def __init__(self, kind: str, path: Path, line: int | None, found: str, expected: str) -> None:
        self.kind, self.path, self.found, self.expected = kind, Path(path), found, expected
        self.line = line
        where = f"{path}: " + (f"line {line}: " if line else "")
        super().__init__(f"{where}{found}, expected {expected}")

    def __reduce__(self) -> tuple:
        return type(self), (self.kind, self.path, self.line, self.found, self.expected)


class Layout(ABC):
    """Where a dataset keeps the frames and the codes of its sequences.

    Attributes:
        name: what the config and the command line call it.
        title: the dataset's own name.
        aus: the action units it codes, in the order of every label column; empty where the files say it.
        codes_every_frame: whether a frame without a code is out of the ordinary.
        frame_rate: frames a second of its videos, None if there is no fixed one.
    """

    name: str
    title: str
    aus: tuple[int, ...]
    codes_every_frame: bool = False
    frame_rate: float | None = None

    @abstractmethod
    def media(self, root: Path, sequence: str) -> Path:
        """The image folder or video file of a sequence, whether or not it is there."""

    @abstractmethod
    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        """The label files of a sequence, whether or not they are there."""

    def coded_aus(self, root: Path) -> tuple[int, ...]:
        """The AUs that are coded."""
        return self.aus

    @abstractmethod
    def read_file(self, path: Path) -> Labels:
        """Read one label file; ``aus`` of the result is empty where the file does not name them.

        Raises:
            LabelError: it is missing, empty, has other columns, a value that is no code, or a frame twice.
        """

    def read_labels(self, root: Path, sequence: str, check: Path | None = None) -> Labels:
        """Read the codes of a sequence.

        Args:
            check: what ``g2rl check`` wrote of the copy; where a label file stops the sequence and it
                holds an error of one, no frame is coded.

        Raises:
            LabelError: as ``read_file``, or a file codes other frames than the first AU's.
        """
        paths = self.label_paths(root, sequence)
        try:
            return self._read_files(paths)
        except LabelError as error:
            if not any(is_known_fault(path, check) for path in paths):
                raise
            print(f"{error}: no frame of the sequence is coded", file=sys.stderr)
            aus = self.coded_aus(root)
            return Labels(np.empty(0, np.int32), np.empty((0, len(aus)), np.int8), aus)

    def _read_files(self, paths: list[Path]) -> Labels:
        files = [self.read_file(path) for path in paths]
        first = files[0]
        for path, file in zip(paths, files, strict=True):
            if not np.array_equal(file.frame, first.frame):
                raise other_frames(path, file.frame, paths[0], first.frame)
        intensity = np.concatenate([file.intensity for file in files], axis=1)
        return Labels(first.frame, intensity, self.aus or first.aus)

    @abstractmethod
    def parts(self, root: Path) -> list[Part]:
        """What must lie below the root for it to be this layout's."""

    @abstractmethod
    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        """Every sequence of the dataset as distributed, with its first and last coded frame where known."""

    @abstractmethod
    def found(self, root: Path) -> dict[str, Path]:
        """The sequences whose frames lie below the root, by their names alone."""

    def known_bad(self, sequence: str) -> list[int]:
        """The coded frames of a sequence that its publishers' own landmarks are known to miss the face in."""
        return []

    def subject(self, root: Path, sequence: str) -> str:
        """The subject of a sequence."""
        return sequence.split("_")[0]


def read_sheet(path: Path) -> list[Sequence]:
    """Read a sample sheet: tab-separated, with a header; columns ``sequence``, ``subject`` and ``fold``.

    Raises:
        InputError: such a column is missing, a fold is no number from 0 up, a sequence stands twice, a
            subject in two folds (its faces would stand on both sides of a split), or there is no sequence.
    """
    rows: list[Sequence] = []
    line_of: dict[str, int] = {}
    first_of: dict[str, tuple[int, int]] = {}
    for line, row in read_tsv(path, ("sequence", "subject", "fold")):
        sequence, subject, fold = row["sequence"], row["subject"], row["fold"]
        for name in (sequence, subject):
            if not _NAME.fullmatch(name):
                raise InputError(f"{path}: line {line}: name {name!r}, expected letters, digits and . _ -")
        if not re.fullmatch(r"\d{1,4}", fold, re.ASCII):
            raise InputError(f"{path}: line {line}: fold {fold!r}, expected 0, 1, 2 …")
        if sequence in line_of:
            raise InputError(f"{path}: line {line}: {sequence} stands in line {line_of[sequence]} already")
        first_fold, first_line = first_of.setdefault(subject, (int(fold), line))
        if int(fold) != first_fold:
            raise InputError(
                f"{path}: line {line}: subject {subject} in fold {fold}, in line {first_line} in fold "
                f"{first_fold}: a subject belongs to one fold"
            )
        line_of[sequence] = line
        rows.append(Sequence(sequence, subject, int(fold)))
    return rows


def read_tsv(path: Path, columns: SequenceOf[str]) -> list[tuple[int, dict[str, str]]]:
    """The rows of a tab-separated table with a header, each with its line number.

    Raises:
        InputError: a column of ``columns`` is missing, a row has another number of fields than the header or
            an empty one in such a column, or there is no row.
    """
    lines = numbered_lines(path)
    header = [field.strip() for field in lines[0][1].split("\t")] if lines else []
    if missing := [column for column in columns if column not in header]:
        raise InputError(
            f"{path}: line 1: no column {missing[0]!r} in {', '.join(header) or 'it'}, expected "
            f"{', '.join(columns)}, separated by tabs"
        )
    rows = []
    for line, text in lines[1:]:
        fields = [field.strip() for field in text.split("\t")]
        row = dict(zip(header, fields, strict=False))
        if len(fields) != len(header) or not all(row[column] for column in columns):
            raise InputError(f"{path}: line {line}: found {text!r}, expected {'<TAB>'.join(header)}")
        rows.append((line, row))
    if not rows:
        raise InputError(f"{path}: no row below the header")
    return rows


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, each with its number from 1.

    Takes a byte order mark and any line end. Raises LabelError if the file is missing or not UTF-8 text.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise LabelError("file missing", path, None, "no such file", "one") from None
    except OSError as error:
        raise LabelError("not text", path, None, str(error.strerror), "a file that can be read") from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LabelError("not text", path, line, f"byte {data[error.start]:#04x}", "UTF-8 text") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def read_codes(path: Path, not_coded: int | None, first_frame: int) -> Labels:
    """Read a label file of one AU: lines ``frame,intensity`` without a header; see ``Layout.read_file``.

    Args:
        not_coded: the code that stands for "not coded", if the dataset has one.
        first_frame: the lowest frame number there can be.
    """
    codes: dict[int, list[int]] = {}
    for line, text in numbered_lines(path):
        match = _ROW.fullmatch(text)
        if match is None:
            raise LabelError("columns", path, line, f"found {text.strip()[:60]!r}", "frame,intensity")
        frame, code = int(match[1]), int(match[2])
        if code == not_coded:
            code = NOT_CODED
        elif not 0 <= code <= 5:
            also = f" or {not_coded} (not coded)" if not_coded is not None else ""
            raise LabelError("value", path, line, f"intensity {code}", f"0 to 5{also}")
        check_frame(path, line, frame, codes, first_frame)
        codes[frame] = [code]
    if not codes:
        raise LabelError("empty", path, None, "no coded frame", "lines frame,intensity")
    return by_frame(codes, ())


def check_frame(path: Path, line: int, frame: int, known: dict[int, object], first_frame: int) -> None:
    """Raise LabelError if a frame number is below the first there can be, or known already."""
    if frame < first_frame:
        raise LabelError("frame number", path, line, f"frame {frame}", f"frames from {first_frame} on")
    if frame in known:
        raise LabelError("frame twice", path, line, f"frame {frame} for the second time", "each frame once")


def by_frame(codes: dict[int, list[int]], aus: tuple[int, ...]) -> Labels:
    """Labels from the codes of each frame, in order of the frames."""
    frame = sorted(codes)
    return Labels(np.array(frame, np.int32), np.array([codes[number] for number in frame], np.int8), aus)


def other_frames(path: Path, frame: np.ndarray, other: Path, expected: np.ndarray) -> LabelError:
    """What is wrong where two label files of one sequence code different frames."""
    odd = np.setxor1d(frame, expected)
    found = f"{'frame' if odd[0] in frame else 'no frame'} {odd[0]} ({len(odd)} frames differ)"
    return LabelError("other frames", path, None, found, f"the frames of {Path(other).name}")


def find_entry(folder: Path, *spellings: str) -> Path:
    """The entry of ``folder`` that has one of these names, whatever its capitals, spaces, ``-`` and ``_``.

    The first spelling is the one returned where none is there (or the folder itself is not, yet).
    """
    first = folder / spellings[0]
    return first if first.exists() else next(iter(find_entries(folder, *spellings)), first)


def find_entries(folder: Path, *spellings: str) -> list[Path]:
    """Every entry of ``folder`` with one of these names, see ``find_entry``, the first spelling's first."""
    wanted = [_plain(spelling) for spelling in spellings]
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    matches = [name for name in names if _plain(name) in wanted]
    return [folder / name for name in sorted(matches, key=lambda name: wanted.index(_plain(name)))]


def _plain(name: str) -> str:
    return re.sub(r"[ _-]", "", name).lower()
