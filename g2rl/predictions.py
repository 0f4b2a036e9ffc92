"""The table of predictions: true and predicted intensities of test frames, a row a frame."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from g2rl.au import au_name
from g2rl.cache import Shard
from g2rl.files import InputError


def prediction_table(shards: Sequence[Shard], intensities: Sequence[np.ndarray]) -> pd.DataFrame:
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


def _rows(shard: Shard, intensity: np.ndarray) -> pd.DataFrame:
    columns: dict[str, object] = {"subject": shard.subject, "sequence": shard.sequence, "frame": shard.frame}
    for k, au in enumerate(shard.aus):
        true = pd.Series(shard.intensity[:, k], dtype="Int8")
        columns[f"{au_name(au)}_true"] = true.mask(true < 0)
        columns[f"{au_name(au)}_pred"] = intensity[:, k]
    return pd.DataFrame(columns)
