"""TODO: one line."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.evaluation.cross_dataset import CrossResult, cross_table
from g2rl.evaluation.methods import ARROWS
from g2rl.io.atomic import write_text
from g2rl.io.tables import write_csv
from g2rl.paths import is_rendered


def cross_markdown(table: pd.DataFrame) -> str:
    """GitHub Markdown of ``cross_table``."""
    aus = list(dict.fromkeys(table["au"]))
    heads = ["trained on", "tested on", "method"]
    heads += [
        f"{metric} {arrow} {'avg' if au == 'avg' else f'AU{au}'}"
        for metric, arrow in ARROWS.items()
        for au in aus
    ]
    rows = [heads, [":---"] * 3 + ["---:"] * (len(heads) - 3)]
    for (train, test, method), part in table.groupby(["train", "test", "method"], sort=False):
        value = part.set_index(["metric", "au"])["value"]
        numbers = [f"{value.get((metric, au), np.nan):.2f}" for metric in ARROWS for au in aus]
        rows.append([train, test, method, *numbers])
    names = sorted({*table["train"], *table["test"]})
    rendered = [name for name in names if is_rendered(name)]
    caption = (
        "**Across datasets.** The networks of Table 1 on the test subjects of the other dataset, over the "
        "AUs both code; ICC(3,1) and MAE of unrounded predictions, mean over the networks of all folds. "
        "Trained and tested on one dataset: Table 1's own, over the same AUs."
    )
    if rendered:
        caption += f" Rendered faces: {', '.join(rendered)}; their values say nothing about real faces."
    table_text = "\n".join(
        "| " + " | ".join(row).replace("nan", "–").replace("-0.00", "0.00") + " |" for row in rows
    )
    return f"{caption.replace('_', chr(92) + '_')}\n\n{table_text}\n"


def write_cross_table(results: Sequence[CrossResult], stem: str | os.PathLike) -> pd.DataFrame:
    """Write ``stem``.csv and .md and return the table."""
    table = cross_table(results)
    write_csv(f"{stem}.csv", table, "%.6f")
    write_text(Path(f"{stem}.md"), cross_markdown(table))
    return table
