"""What every dataset layout has in common: sequences, labels, and the readers of their text files."""

import functools
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.files import InputError

NOT_CODED = -1
_ROW = re.compile(r"\s*(\d{1,9})\s*,\s*(-?\d{1,9})\s*,?\s*", re.ASCII)


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


class Layout(ABC):
    """Where a dataset keeps the frames and the codes of its sequences.

    Attributes:
        name: what the config and the command line call it.
        aus: the action units it codes, in the order of every label column.
    """

    name: str
    aus: tuple[int, ...]

    @abstractmethod
    def media(self, root: Path, sequence: str) -> Path:
        """The image folder or video file of a sequence, whether or not it is there."""

    @abstractmethod
    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        """The label files of a sequence, whether or not they are there."""

    @abstractmethod
    def read_labels(self, root: Path, sequence: str) -> Labels:
        """Read the codes of a sequence.

        Raises:
            InputError: a file is missing, has other columns, a value that is no code, a frame twice, or
                other frames than the first AU's file.
        """

    @abstractmethod
    def check_root(self, root: Path) -> None:
        """Raise InputError if ``root`` does not look like this layout, saying what it looks like."""


def read_sheet(path: Path) -> list[Sequence]:
    """Read a sample sheet: tab-separated, header ``sequence subject fold``.

    Raises:
        InputError: other columns, a fold that is no number from 0 up, a sequence twice, a subject in two
            folds (its faces would stand on both sides of a split), or no sequence at all.
    """
    rows: list[Sequence] = []
    fold_of: dict[str, tuple[int, int]] = {}
    seen: dict[str, int] = {}
    for line, text in numbered_lines(path):
        fields = [field.strip() for field in text.split("\t")]
        if not seen and not rows and fields == ["sequence", "subject", "fold"]:
            continue
        if len(fields) != 3 or not all(fields) or not re.fullmatch(r"\d{1,4}", fields[2], re.ASCII):
            raise InputError(
                f"{path}: line {line}: found {text!r}, expected sequence<TAB>subject<TAB>fold, fold 0, 1, 2 …"
            )
        sequence, subject, fold = fields[0], fields[1], int(fields[2])
        if sequence in seen:
            raise InputError(f"{path}: line {line}: {sequence} stands in line {seen[sequence]} already")
        first_fold, first_line = fold_of.setdefault(subject, (fold, line))
        if fold != first_fold:
            raise InputError(
                f"{path}: line {line}: subject {subject} in fold {fold}, in line {first_line} in fold "
                f"{first_fold}: a subject belongs to one fold"
            )
        seen[sequence] = line
        rows.append(Sequence(sequence, subject, fold))
    if not rows:
        raise InputError(f"{path}: no sequence in this sample sheet")
    return rows


def numbered_lines(path: Path) -> list[tuple[int, str]]:
    """The lines of a text file that are not blank, each with its number from 1.

    Takes a byte order mark and any line end. Raises InputError if the file is missing or not UTF-8 text.
    """
    try:
        data = Path(path).read_bytes()
    except FileNotFoundError:
        raise InputError(f"{path}: no such file") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError(f"{path}: line {line}: not UTF-8 text: save it as plain text") from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def read_codes(path: Path, not_coded: int | None, first_frame: int) -> tuple[np.ndarray, np.ndarray]:
    """Read a label file of one AU: lines ``frame,intensity`` without a header.

    Args:
        not_coded: the code that stands for "not coded", if the dataset has one.
        first_frame: the lowest frame number there can be.

    Returns:
        (N,) int32 frames, increasing, and (N,) int8 intensities in 0…5, −1 = not coded.

    Raises:
        InputError: the file is missing, empty, has other columns, a value that is no code, or a frame twice.
    """
    frames: list[int] = []
    codes: list[int] = []
    line_of: dict[int, int] = {}
    for line, text in numbered_lines(path):
        match = _ROW.fullmatch(text)
        if match is None:
            raise InputError(f"{path}: line {line}: found {text.strip()!r}, expected frame,intensity")
        frame, code = int(match[1]), int(match[2])
        if code == not_coded:
            code = NOT_CODED
        elif not 0 <= code <= 5:
            also = f" or {not_coded} (not coded)" if not_coded is not None else ""
            raise InputError(f"{path}: line {line}: intensity {code}, expected 0 to 5{also}")
        if frame < first_frame:
            raise InputError(f"{path}: line {line}: frame {frame}, but frames count from {first_frame}")
        if frame in line_of:
            raise InputError(f"{path}: line {line}: frame {frame} stands in line {line_of[frame]} already")
        line_of[frame] = line
        frames.append(frame)
        codes.append(code)
    if not frames:
        raise InputError(f"{path}: no coded frame in this file, expected lines frame,intensity")
    order = np.argsort(frames, kind="stable")
    return np.array(frames, np.int32)[order], np.array(codes, np.int8)[order]


def read_code_files(
    paths: SequenceOf[Path], aus: tuple[int, ...], not_coded: int | None = None, first_frame: int = 0
) -> Labels:
    """Read one label file per AU, all over the same frames; see :func:`read_codes`."""
    columns = []
    frame = None
    for path in paths:
        frames, codes = read_codes(path, not_coded, first_frame)
        if frame is None:
            frame = frames
        elif not np.array_equal(frame, frames):
            odd = np.setxor1d(frame, frames)
            where = "lacks" if odd[0] in frame else "has"
            raise InputError(
                f"{path}: {where} frame {odd[0]}, unlike {Path(paths[0]).name} of the same sequence "
                f"({len(odd)} frames differ): every AU's file must code the same frames"
            )
        columns.append(codes)
    return Labels(frame, np.stack(columns, axis=1), tuple(aus))


def find_entry(folder: Path, *spellings: str) -> Path:
    """The entry of ``folder`` that has one of these names, whatever its capitals, spaces, ``-`` and ``_``.

    The first spelling is the one returned where none is there (or the folder itself is not, yet).
    """
    try:
        entries = _entries(str(folder), os.stat(folder).st_mtime_ns)
    except OSError:
        entries = {}
    for spelling in spellings:
        if (found := entries.get(_plain(spelling))) is not None:
            return folder / found
    return folder / spellings[0]


@functools.lru_cache(maxsize=256)
def _entries(folder: str, mtime: int) -> dict[str, str]:
    # Sorted, so that of two spellings side by side the same one is taken on every machine.
    return {_plain(name): name for name in sorted(os.listdir(folder), reverse=True) if name[0] != "."}


def _plain(name: str) -> str:
    return re.sub(r"[ _-]", "", name).lower()
