"""Other tools' CSV files read as predictions: OpenFace 2, LibreFace, Py-Feat, pyfaceau.

Frames are matched by number: a tool counts the frames of a video or folder from 0 or 1, a dataset names them.
"""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY
from g2rl.errors import InputError
from g2rl.evaluation.tool_formats import Tool
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.inference.predictions import prediction_table
from g2rl.io.tables import read_csv

log = logging.getLogger(__name__)
LATE = 0.5  # of a frame's duration: how far a time may be from its number


@dataclass(frozen=True)
class Estimates:
    """A tool's estimates of one video or folder.

    Attributes:
        position: (N,) int64, which frame of the media, from 0, ascending.
        aus: the columns of ``intensity``.
        intensity: (N, A) float64, 0–5.
        failed: rows without a face.
        others: rows of further faces, which are left out.
    """

    position: np.ndarray
    aus: tuple[int, ...]
    intensity: np.ndarray
    failed: int
    others: int


def read_estimates(path: Path, tool: Tool, first: int | None = None) -> Estimates:
    """Read a tool's CSV file. Of several faces in a frame, that of the highest confidence counts.

    Args:
        first: the number of the first frame, if it is not the tool's.

    Raises:
        InputError: a column is missing or stands twice, a value is out of its range, or numbers that do not
            begin where the tool's do, or do not fit its times; names the line.
    """
    table = read_csv(path, skipinitialspace=True)
    table.columns = [str(name).strip() for name in table]
    columns = {int(m[1]): name for name in map(str, table) if (m := re.fullmatch(tool.au, name))}
    if not columns or tool.frame not in table:
        raise InputError(f"{path}: columns {_some(table)}, expected {tool.frame} and AUs like {tool.au}")
    names = list(map(str, table))
    if twice := [name for name in names if re.fullmatch(rf"(?:{tool.au}|{tool.frame})\.\d+", name)]:
        raise InputError(f"{path}: column {twice[0].rpartition('.')[0]!r} twice, expected each once")
    values = table[list(columns.values())].apply(pd.to_numeric, errors="coerce").to_numpy(float) * tool.scale
    numbers = pd.to_numeric(table[tool.frame], errors="coerce").to_numpy(float)
    _refuse(path, numbers % 1 == 0, table[tool.frame], "a whole number")
    seen = ~np.isnan(values).any(1)
    if "success" in table:
        success = pd.to_numeric(table["success"], errors="coerce").to_numpy(float)
        _refuse(path, np.isin(success, (0, 1)), table["success"], "0 or 1")
        seen &= success == 1
    within = ~seen | ((values >= -0.01) & (values <= MAX_INTENSITY + 0.01)).all(1)
    _refuse(path, within, pd.Series(values.tolist()), f"0–{MAX_INTENSITY / tool.scale:g}")
    _check_numbers(path, tool, table, numbers, first)
    confidence = table[tool.confidence].to_numpy(float) if tool.confidence in table else np.zeros(len(table))
    order = np.lexsort((-confidence, numbers))
    order = order[seen[order]]
    kept = order[np.r_[True, np.diff(numbers[order]) > 0]] if len(order) else order
    same = len(order) - len(kept)
    if same and tool.confidence not in table:
        raise InputError(f"{path}: frames with several faces and no column {tool.confidence} to choose by")
    position = numbers[kept].astype(np.int64) - (tool.first if first is None else first)
    cut = values[kept].clip(0, MAX_INTENSITY)
    return Estimates(position, tuple(columns), cut, int((~seen).sum()), same)


def _check_numbers(
    path: Path, tool: Tool, table: pd.DataFrame, numbers: np.ndarray, first: int | None
) -> None:
    """Refuse frames that are numbered from another first frame than is expected."""
    start = tool.first if first is None else first
    lowest = int(numbers.min()) if len(numbers) else start
    late = first is None and lowest == start + 1
    if tool.time in table:
        seconds = pd.to_numeric(table[tool.time], errors="coerce").to_numpy(float)
        timed = ~np.isnan(seconds)  # a row without a face may have no time
        seconds, numbers = seconds[timed], numbers[timed]
        moved = numbers > numbers.min(initial=np.inf)
        if moved.any():
            rate = np.median((numbers - numbers.min())[moved] / (seconds - seconds.min())[moved].clip(1e-9))
            late = bool(np.median(np.abs(seconds * rate - (numbers - start))) > LATE)
    if lowest < start or late:
        raise InputError(
            f"{path}: frames from {lowest} on, expected them from {start} on: give --first-frame if "
            "they are numbered otherwise"
        )


def _refuse(path: Path, right: np.ndarray, column: pd.Series, expected: str) -> None:
    if not right.all():
        row = int(np.argmin(right))
        raise InputError(f"{path}, line {row + 2}: found {column[row]}, expected {expected}")


def _some(table: pd.DataFrame) -> str:
    return ", ".join(map(str, list(table)[:8])) + (", …" if table.shape[1] > 8 else "")


def import_predictions(
    tool: Tool,
    files: Sequence[Path],
    sequences: Sequence[AlignedSequence],
    numbers: dict[str, Sequence[int]],
    first: int | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A tool's estimates of the coded frames of some sequences.

    Args:
        files: a CSV file for each sequence, whose name holds the sequence's.
        numbers: of each sequence, the numbers of its media's frames; one that is not there counts from 1.
        first: see ``read_estimates``.

    Returns:
        The predictions, see ``prediction_table``, empty in the columns of AUs that the tool does not
        estimate; and one row per sequence: sequence, frames (coded and used), found, missing, failed and
        others (rows of the tool without a face, and of further faces).

    Raises:
        InputError: a sequence without a file or with two, no frame found in any.
    """
    reduced, intensities, rows = [], [], []
    for sequence in sequences:
        found = read_estimates(_file_of(sequence.sequence, files), tool, first)
        names = np.asarray(numbers.get(sequence.sequence, ()), int)
        if len(names) and len(found.position) and found.position[-1] >= len(names):
            raise InputError(
                f"{_file_of(sequence.sequence, files)}: frame {found.position[-1] + 1} of media that have "
                f"{len(names)}: it is of another video, or numbered otherwise (--first-frame)"
            )
        frame = names[found.position] if len(names) else found.position + 1
        _, ours, theirs = np.intersect1d(sequence.frame, frame, return_indices=True)
        values = np.full((len(ours), len(sequence.aus)), np.nan)
        for k, au in enumerate(sequence.aus):
            if au in found.aus:
                values[:, k] = found.intensity[theirs, found.aus.index(au)]
        reduced.append((sequence, ours))
        intensities.append(values)
        missing = len(sequence.frame) - len(ours)
        rows.append((sequence.sequence, len(sequence.frame), len(ours), missing, found.failed, found.others))
        if missing:
            log.warning("%s: %d of %d coded frames missing", sequence.sequence, missing, len(sequence.frame))
    counts = pd.DataFrame(rows, columns=["sequence", "frames", "found", "missing", "failed", "others"])
    return prediction_table([_select(*one) for one in reduced], intensities), counts


def _select(sequence: AlignedSequence, index: np.ndarray) -> AlignedSequence:
    """The frames of ``index``, without their faces."""
    return replace(
        sequence,
        frame=sequence.frame[index],
        landmarks=sequence.landmarks[index],
        intensity=sequence.intensity[index],
        jpeg=np.empty(0, np.uint8),
        offsets=np.zeros(len(index) + 1, np.uint64),
    )


def _file_of(sequence: str, files: Sequence[Path]) -> Path:
    """The file of that name, or the one whose name holds it."""
    found = [file for file in files if file.stem == sequence] or [f for f in files if sequence in f.stem]
    if len(found) != 1:
        raise InputError(
            f"{sequence}: {len(found)} CSV files of {len(files)} have it in their name, expected one"
        )
    return found[0]
