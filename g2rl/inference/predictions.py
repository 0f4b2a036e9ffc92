"""The table of predictions: true and predicted intensities of test frames, a row a frame."""

import os
from collections.abc import Sequence

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.errors import InputError
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.io.tables import write_csv


def prediction_table(shards: Sequence[AlignedSequence], intensities: Sequence[np.ndarray]) -> pd.DataFrame:
    """``predictions.csv``: subject, sequence, frame, then AU06_true (empty where not coded), AU06_pred, ….

    Args:
        shards: the test sequences; those with no frame add no row.
        intensities: for each, (M, K) float predictions, 0–5.

    Raises:
        InputError: no frame in any shard.
    """
    parts = [
        _rows(shard, values) for shard, values in zip(shards, intensities, strict=True) if len(shard.frame)
    ]
    if not parts:
        raise InputError("no test frame in any shard: see the frames.csv of this dataset for the reasons")
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


def _rows(shard: AlignedSequence, intensity: np.ndarray) -> pd.DataFrame:
    columns: dict[str, object] = {"subject": shard.subject, "sequence": shard.sequence, "frame": shard.frame}
    for k, au in enumerate(shard.aus):
        true = pd.Series(shard.intensity[:, k], dtype="Int8")
        columns[f"{au_name(au)}_true"] = true.mask(true < 0)
        columns[f"{au_name(au)}_pred"] = intensity[:, k]
    return pd.DataFrame(columns)


KEYS = ["subject", "sequence", "frame"]


def write_predictions(path: str | os.PathLike, table: pd.DataFrame) -> None:
    """Write ``prediction_table``'s rows as ``predictions.csv``, intensities with four decimals."""
    write_csv(path, table, "%.4f")


def read_predictions(path: str | os.PathLike) -> pd.DataFrame:
    """Read ``predictions.csv``: subject, sequence, frame, then AU.._true and AU.._pred for each AU.

    Returns:
        One row a frame; subject and sequence str, frame int64, the rest float64, true NaN where not coded.

    Raises:
        InputError: not a CSV file; a column missing or unknown; no row; a value out of its range (true: a
            whole number 0–5 or empty; pred: 0–5); the same frame twice.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise InputError(f"{path}: not a readable CSV file ({error})") from error
    aus = [name.removesuffix("_true") for name in table if name.endswith("_true")]
    expected = KEYS + [f"{au}_{what}" for au in aus for what in ("true", "pred")]
    if not aus or set(table) != set(expected):
        wrong = sorted(set(table) ^ set(expected)) or ["no AU.._true column"]
        raise InputError(
            f"{path}: columns {list(table)}, at odds: {wrong}; expected {','.join(KEYS)} and a pair like "
            "AU06_true,AU06_pred for each AU"
        )
    if not isinstance(table.index, pd.RangeIndex):  # pandas took a surplus first field for row names
        raise InputError(f"{path}, line 2: more fields than the header's {len(expected)}")
    if table.empty:
        raise InputError(f"{path}: no row after the header, expected one for each test frame")
    for name in expected[2:]:
        text = table[name].str.strip()
        value = pd.to_numeric(text.where(text != ""), errors="coerce")
        if name.endswith("_true"):
            wrong, want = (
                (text != "") & ~value.isin(range(MAX_INTENSITY + 1)),
                "0, 1, … 5, or nothing (not coded)",
            )
        elif name.endswith("_pred"):
            wrong, want = ~value.between(0, MAX_INTENSITY), "a number 0–5"
        else:
            wrong, want = ~((value % 1 == 0) & (value >= 0)), "a whole number"
        if wrong.any():
            row = int(np.argmax(wrong))
            raise InputError(f"{path}, line {row + 2}: {name} is {table[name][row]!r}, expected {want}")
        table[name] = value.astype("int64" if name == "frame" else "float64")
    _check_unique(table, str(path))
    return table[expected]


def au_columns(predictions: pd.DataFrame) -> list[str]:
    """The AUs of a table of predictions in its order: ``AU06``, …"""
    return [name.removesuffix("_true") for name in predictions if name.endswith("_true")]


def intensities(predictions: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """True (NaN = not coded) and predicted intensities of a table of predictions, each (N, K) float64."""
    aus = au_columns(predictions)
    return tuple(predictions[[f"{au}_{what}" for au in aus]].to_numpy(float) for what in ("true", "pred"))


def _check_unique(table: pd.DataFrame, where: str) -> None:
    twice = table.duplicated(["sequence", "frame"])
    if twice.any():
        row = int(np.argmax(twice))
        sequence, frame = table["sequence"][row], table["frame"][row]
        raise InputError(f"{where}, line {row + 2}: frame {frame} of {sequence} is there twice")
