"""The table of the paper's claims, CSV and Markdown."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import pandas as pd

from g2rl.evaluation.claims import MIN_SEEDS, claims_table, count_parameters, read_runs
from g2rl.io.atomic import write_text
from g2rl.io.markdown import escape, pipe_table
from g2rl.io.tables import write_csv
from g2rl.paths import Run, locate_fold_file
from g2rl.rendered import is_rendered

SHOWN = ["claim", "paper", "criterion", "measured", "verdict"]


def claims_markdown(table: pd.DataFrame, recipe: str = "", rounded: bool = False) -> str:
    """GitHub Markdown of ``claims_table``, one table per dataset.

    Args:
        recipe: how every network was trained, a phrase.
        rounded: whether the predictions were rounded to whole intensities.
    """
    lines = [
        "**The paper's claims.** Measured on test subjects; in brackets 95 % intervals, bootstrap over "
        "subjects and seeds, not corrected for the number of claims. *Undecided*: the interval contains 0, "
        f"or there are fewer than {MIN_SEEDS} seeds; a difference between single trainings is not a finding."
    ]
    if rounded:
        lines[0] += " Predictions are rounded."
    if recipe:
        lines[0] += f" Every network: {escape(recipe.rstrip('.'))}."
    header = ["claim", "in the paper", "criterion", "measured", "verdict"]
    for dataset, rows in table.groupby("dataset", sort=False):
        kind = " (rendered faces: says nothing about real ones)" if is_rendered(str(dataset)) else ""
        cells = [[*map(escape, row[:-1]), f"**{row[-1]}**"] for row in rows[SHOWN].itertuples(index=False)]
        table_text = pipe_table(header, "|:--|:--|:--|:--|:--|", cells)
        lines += ["", f"*{escape(str(dataset))}{kind}*", "", table_text]
    return "\n".join(lines) + "\n"


def write_claims(
    predictions: Iterable[Path],
    models: Sequence[Path],
    stem: str | os.PathLike,
    sigma: float,
    weight: float,
    resamples: int = 1000,
    recipe: str = "",
    rounded: bool = False,
) -> None:
    """Write ``stem``.csv and .md; see ``claims_table``.

    Args:
        predictions: ``DATASET/RUN/foldK/predictions.csv`` of all runs, the sweeps included.
        models: of each dataset, ``model.safetensors`` of a Baseline and of a G2RL.
    """
    sizes: dict[str, dict[str, int]] = {}
    for path in models:
        place = locate_fold_file(path)
        sizes.setdefault(place.dataset, {})[Run.parse(place.method).method] = count_parameters(path)
    parameters = {
        dataset: (size["baseline"], size["g2rl"])
        for dataset, size in sizes.items()
        if {"baseline", "g2rl"} <= size.keys()
    }
    table = claims_table(read_runs(predictions, rounded), parameters, sigma, weight, resamples)
    write_csv(f"{stem}.csv", table)
    write_text(Path(f"{stem}.md"), claims_markdown(table, recipe, rounded))
