"""``history.csv``: losses and diagnostics of a training, one row per epoch; its writer and its reader."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from g2rl.io.atomic import write_text
from g2rl.io.tables import read_csv

if TYPE_CHECKING:
    import pandas as pd

# Epoch 0 is before the first step, its losses those of the diagnostics' batch. Nothing depends on a clock.
LOSSES = ("loss", "loss_S", "loss_G", "norm_WM")  # L, L_S, L_G, mean ‖W×M‖: means over the epoch's steps
DIAGNOSTICS = (  # at the epoch's end, see diagnostics.diagnose
    *("var_G", "norm_G", "rank_G"),  # variance, root mean square and effective rank of G over faces
    "norm_W",  # Frobenius norm of W's weights
    *("grad_S", "grad_G"),  # norms of the gradients of L_S and L_G in the heatmap network
)
COLUMNS = ("epoch", *LOSSES, *DIAGNOSTICS, "lr")  # lr: the learning rate at the epoch's start

Row = Mapping[str, float]


def write_history(path: Path, history: Sequence[Row]) -> None:
    """Write one line per row, each a number for each of ``COLUMNS``."""
    lines = [",".join(f"{row[name]:.6g}" for name in COLUMNS) for row in history]
    write_text(path, "\n".join([",".join(COLUMNS), *lines]) + "\n")


def read_history(path: Path) -> "pd.DataFrame":
    """The rows of a ``history.csv``, from epoch 0 on.

    Raises:
        InputError: it cannot be read or has other columns.
    """
    return read_csv(path, COLUMNS)
