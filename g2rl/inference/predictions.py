"""``predictions.csv``, its writer and reader: true and predicted intensities, one row per test frame."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.errors import InputError
from g2rl.io.tables import read_csv, write_csv

if TYPE_CHECKING:
    from g2rl.faces.sequence_file import AlignedSequence

KEYS = ["subject", "sequence", "frame"]


def prediction_table(
    sequences: Sequence["AlignedSequence"], intensities: Sequence[np.ndarray]
) -> pd.DataFrame:
    """Subject, sequence, frame, then AU06_true (missing where not coded), AU06_pred, … for each AU.

    Args:
        sequences: of the test subjects; those with no frame add no row.
        intensities: for each, (M, K) float predictions, 0–5.

    Raises:
        InputError: no frame in any sequence.
    """
    parts = [
        _rows(sequence, values)
        for sequence, values in zip(sequences, intensities, strict=True)
        if len(sequence.frame)
    ]
    if not parts:
        raise InputError("no test frame in any sequence: see the frames.csv of this dataset for the reasons")
    return pd.concat(parts, ignore_index=True)


def _rows(sequence: "AlignedSequence", intensity: np.ndarray) -> pd.DataFrame:
    columns: dict[str, object] = {name: getattr(sequence, name) for name in KEYS}
    for k, au in enumerate(sequence.aus):
        true = pd.Series(sequence.intensity[:, k], dtype="Int8")
        columns[f"{au_name(au)}_true"] = true.mask(true < 0)
        columns[f"{au_name(au)}_pred"] = intensity[:, k]
    return pd.DataFrame(columns)


def write_predictions(path: str | os.PathLike, table: pd.DataFrame) -> None:
    """Write the rows of ``prediction_table``, intensities with four decimals, empty where not coded."""
    write_csv(path, table, "%.4f")


def read_predictions(path: str | os.PathLike) -> pd.DataFrame:
    """Read ``predictions.csv``.

    Returns:
        One row per frame; subject and sequence str, frame int64, the rest float64, true NaN where not coded.

    Raises:
        InputError: not a CSV file; a column missing or unknown; no row; a value out of its range (true: a
            whole number 0–5 or empty; pred: 0–5, or all empty: not estimated); the same frame twice.
    """
    table = read_csv(path, dtype=str, keep_default_na=False)
    aus = au_columns(table)
    expected = KEYS + [f"{au}_{what}" for au in aus for what in ("true", "pred")]
    if not aus or set(table) != set(expected):
        wrong = sorted({*map(str, table)} ^ set(expected)) or ["no AU.._true column"]
        raise InputError(
            f"{path}: columns {list(table)}, at odds: {wrong}; expected {','.join(KEYS)} and a pair like "
            "AU06_true,AU06_pred for each AU"
        )
    if not isinstance(table.index, pd.RangeIndex):  # pandas took a surplus first field for row names
        raise InputError(f"{path}, line 2: more fields than the header's {len(expected)}")
    if table.empty:
        raise InputError(f"{path}: no row after the header, expected one for each test frame")
    for name in expected[2:]:
        table[name] = _numbers(table[name], str(path))
    twice = table.duplicated(["sequence", "frame"])
    if twice.any():
        row = int(np.argmax(twice))
        sequence, frame = table["sequence"][row], table["frame"][row]
        raise InputError(f"{path}, line {row + 2}: frame {frame} of {sequence} is there twice")
    return table[expected]


def _numbers(column: pd.Series, path: str) -> pd.Series:
    """A column of texts as numbers; InputError where one is out of its range."""
    name = str(column.name)
    text = column.str.strip()
    value = pd.to_numeric(text.where(text != ""), errors="coerce")
    if name.endswith("_true"):
        right = (text == "") | value.isin(range(MAX_INTENSITY + 1))
        expected = "0, 1, … 5, or nothing (not coded)"
    elif name.endswith("_pred"):
        right = value.between(0, MAX_INTENSITY) | bool((text == "").all())
        expected = "a number 0–5, or nothing in the whole column (not estimated)"
    else:
        right, expected = (value % 1 == 0) & (value >= 0), "a whole number"
    if not right.all():
        row = int(np.argmin(right))
        raise InputError(f"{path}, line {row + 2}: {name} is {column[row]!r}, expected {expected}")
    return value.astype("int64" if name == "frame" else "float64")


def au_columns(predictions: pd.DataFrame) -> list[str]:
    """The AUs of a table of predictions in its order: ``AU06``, …"""
    return [name.removesuffix("_true") for name in map(str, predictions) if name.endswith("_true")]


def intensities(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """True (NaN = not coded) and predicted intensities of a table of predictions, each (N, K) float64."""
    true, pred = ([f"{au}_{what}" for au in au_columns(predictions)] for what in ("true", "pred"))
    return predictions[true].to_numpy(float), predictions[pred].to_numpy(float)
