"""Frame counts: the frames of each sequence by their status, ``results/DATASET/frames.csv``."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from g2rl.errors import InputError
from g2rl.io.hdf5 import read_hdf5
from g2rl.io.tables import read_csv, write_csv

if TYPE_CHECKING:
    import pandas as pd

# The status of a coded frame: one of these, see g2rl.faces.align_sequence.
FRAME_STATUS = ("excluded", "partly_coded", "missing", "unreadable", "no_face", "used")


def count_frames(paths: Iterable[Path]) -> "pd.DataFrame":
    """The counts of every aligned sequence: one row per sequence, a column per status, sorted by sequence.

    Raises:
        InputError: not an aligned sequence, or one whose counts do not add up.
    """
    import pandas as pd

    rows = []
    for path in paths:
        _, attributes = read_hdf5(path, ())
        if "counts" not in attributes:
            raise InputError(f"{path}: not an aligned sequence, no counts in it: delete it and rerun")
        names = {"subject": str(attributes["subject"]), "sequence": str(attributes["sequence"])}
        counts = json.loads(attributes["counts"])
        if counts["coded"] != sum(counts[name] for name in FRAME_STATUS):
            raise InputError(
                f"{path}: {counts['coded']} coded frames, but {', '.join(FRAME_STATUS)} add up to "
                f"another number: {counts}: delete it and rerun"
            )
        rows.append(names | counts)
    return pd.DataFrame(rows).sort_values("sequence", ignore_index=True)


def write_frame_counts(path: Path, counts: "pd.DataFrame") -> None:
    """Write what ``count_frames`` returns as CSV, atomically."""
    write_csv(path, counts)


def read_frame_counts(path: Path) -> "pd.DataFrame":
    """Read a file written by ``write_frame_counts``.

    Raises:
        InputError: it cannot be read.
    """
    return read_csv(path)
