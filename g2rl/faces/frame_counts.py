"""TODO: one line."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from g2rl.errors import InputError
from g2rl.io.hdf5 import read_hdf5

if TYPE_CHECKING:
    import pandas as pd

# What becomes of a coded frame: one of these.
FRAME_STATUS = ("excluded", "partly_coded", "missing", "unreadable", "no_face", "used")


def frame_counts(paths: Iterable[Path]) -> "pd.DataFrame":
    """What became of every frame of every shard: a row a sequence, with the counts that
    :func:`g2rl.alignment.build_shard` took.

    Raises:
        InputError: not a shard, or one that lost a frame uncounted.
    """
    import pandas as pd

    rows = []
    for path in paths:
        _, attributes = read_hdf5(path, ())
        if "counts" not in attributes:
            raise InputError(f"{path}: not a shard, no counts in it: delete it and rerun")
        about = {"subject": str(attributes["subject"]), "sequence": str(attributes["sequence"])}
        counts = json.loads(attributes["counts"])
        if counts["coded"] != sum(counts[name] for name in FRAME_STATUS):
            raise InputError(
                f"{path}: {counts['coded']} coded frames, but {', '.join(FRAME_STATUS)} add up to "
                f"another number: {counts}: delete it and rerun"
            )
        rows.append(about | counts)
    return pd.DataFrame(rows).sort_values("sequence", ignore_index=True)
