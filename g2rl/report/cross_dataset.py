"""The table across datasets: networks of one dataset on the test subjects of another."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.evaluation.cross_dataset import CrossResult, cross_table
from g2rl.evaluation.methods import ARROWS
from g2rl.io.atomic import write_text
from g2rl.io.markdown import pipe_table
from g2rl.io.tables import write_csv
from g2rl.rendered import is_rendered


def cross_markdown(table: pd.DataFrame) -> str:
    """GitHub Markdown of ``cross_table``."""
    columns = [(metric, au) for metric in ARROWS for au in table["au"].unique()]
    names = {au: "avg" if au == "avg" else f"AU{au}" for _, au in columns}
    rows = []
    for keys, part in table.groupby(["train", "test", "method"], sort=False):
        value = part.set_index(["metric", "au"])["value"]
        numbers = [f"{value.get(column, np.nan):.2f}" for column in columns]
        cells = [*map(str, keys), *numbers]
        rows.append([cell.replace("nan", "–").replace("-0.00", "0.00") for cell in cells])
    caption = (
        "**Across datasets.** The networks of Table 1 on the test subjects of the other dataset that they "
        "were not trained on, over the AUs both code; ICC(3,1) and MAE of unrounded predictions, mean over "
        "the networks of all folds. Trained and tested on one dataset: Table 1's own, over the same AUs."
    )
    if rendered := sorted({name for name in (*table["train"], *table["test"]) if is_rendered(name)}):
        caption += f" Rendered faces: {', '.join(rendered)}; their values say nothing about real faces."
    header = ["trained on", "tested on", "method"]
    header += [f"{metric} {ARROWS[metric]} {names[au]}" for metric, au in columns]
    alignment = " ".join(["| :---"] * 3) + " | ---:" * len(columns) + " |"
    text = caption.replace("_", "\\_")
    return f"{text}\n\n{pipe_table(header, alignment, rows)}\n"


def write_cross_table(results: Sequence[CrossResult], stem: str | os.PathLike) -> pd.DataFrame:
    """Write ``stem``.csv and .md and return the table."""
    table = cross_table(results)
    write_csv(f"{stem}.csv", table, "%.6f")
    write_text(Path(f"{stem}.md"), cross_markdown(table))
    return table
