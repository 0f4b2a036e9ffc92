"""Tables and figures of the ablations, and of what L_G does in the guided trainings."""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.evaluation.ablations import ablation_table, guidance_table, read_ablation_results
from g2rl.evaluation.collapse import collapse_verdict
from g2rl.evaluation.methods import ARROWS
from g2rl.io.atomic import write_text
from g2rl.io.markdown import escape, pipe_table, signed
from g2rl.rendered import is_rendered


def ablation_markdown(table: pd.DataFrame, against: Mapping[str, str], where: str) -> str:
    """GitHub Markdown of ``ablation_table``, one table per dataset; an interval that excludes 0 is in bold.

    Args:
        where: which subjects were predicted, a phrase.
    """
    seeds = sorted(set(table["seeds"]))
    over = "subjects and seeds" if max(seeds) > 1 else "subjects"
    lines = [
        "**Ablations.** ICC(3,1), higher is better, and MAE, lower is better, mean over the AUs, on "
        f"{where}. Difference from what the variant is compared with, of the same seeds on the same "
        f"frames, with its 95 % interval, bootstrap over {over}, in bold "
        "if it excludes 0; nothing is corrected for the number of comparisons. Seeds: "
        f"{', '.join(map(str, seeds))}."
    ]
    header = ["variant", "against", "ICC ↑", "difference", "MAE ↓", "difference"]
    for dataset in table["dataset"].unique():
        of_dataset = table[table["dataset"] == dataset]
        rows = []
        for name in of_dataset["variant"].unique():
            values = of_dataset[of_dataset["variant"] == name].set_index("metric").loc[list(ARROWS)]
            cells = [escape(name), escape(against[name])]
            for _, row in values.iterrows():
                cells += [f"{row['mean']:.3f}", _difference(row)]
            if against[name] == name:
                cells[1] = cells[3] = cells[5] = "–"
            rows.append(cells)
        title = f"*{dataset}{' (rendered faces)' if is_rendered(dataset) else ''}*"
        lines += ["", title, "", pipe_table(header, "|:--|:--|--:|--:|--:|--:|", rows)]
    return "\n".join(lines) + "\n"


def _difference(row: pd.Series) -> str:
    text = signed(row["difference"], row["ci_low"], row["ci_high"])
    return f"**{text}**" if row["ci_low"] * row["ci_high"] > 0 else text


def guidance_markdown(table: pd.DataFrame) -> str:
    """GitHub Markdown: before the first step → after the last, and whether G collapsed."""
    columns = {
        "var_G": "Var(G)",
        "share_G": "in ‖G‖²",
        "rank_G": "rank",
        "loss_G": "L_G",
        "norm_W": "‖W‖",
        "pull": "pull",
    }
    text = (
        "**What L_G really does.** Before the first step → after the last, mean over folds and seeds. "
        "Var(G): variance of the geometry vector over faces, and its share in G's mean square; rank: "
        "effective rank of G; pull: the gradient that λ·L_G sends into the network over that of "
        "(1 − λ)·L_S, on one batch."
    )
    lines = []
    for (dataset, training), rows in table.groupby(["dataset", "training"], sort=False):
        first, last = rows.iloc[0], rows.iloc[-1]
        cells = [escape(str(dataset)), escape(str(training))]
        cells += [f"{_short(first[column])} → {_short(last[column])}" for column in columns]
        cells += [collapse_verdict(first["var_G"], last["var_G"], last["share_G"]), str(last["runs"])]
        lines.append(cells)
    alignment = "|:--|:--|" + "--:|" * len(columns) + ":--|--:|"
    header = ["dataset", "training", *columns.values(), "G", "runs"]
    return f"{text}\n\n{pipe_table(header, alignment, lines)}\n"


def _short(value: float) -> str:
    return (
        np.format_float_positional(value, 2, fractional=False, trim="-") if value >= 1e-3 else f"{value:.0e}"
    )


def write_ablations(
    predictions: Sequence[Path], against: Mapping[str, str], stem: str | os.PathLike, resamples: int = 1000
) -> None:
    """Write ``stem``.csv, .md, .png and .pdf.

    Args:
        predictions: ``DATASET/RUN/foldK/predictions.csv`` of every run.
        against: what variants are compared with that are not compared with the Baseline.
    """
    from g2rl.report.figures.ablations import figure_ablations

    results, held_out = read_ablation_results(predictions)
    where = "held-out training subjects" if held_out else "test subjects"
    against = {variant: "baseline" for variants in results.values() for variant in variants} | dict(against)
    table = ablation_table(results, against, resamples)
    write_text(Path(f"{stem}.md"), ablation_markdown(table, against, where))
    figure_ablations(table, against, stem)


def write_guidance(histories: Iterable[Path], stem: str | os.PathLike) -> None:
    """Write ``stem``.csv, .md, .png and .pdf; see ``guidance_table``."""
    from g2rl.report.figures.ablations import figure_guidance

    table = guidance_table(histories)
    write_text(Path(f"{stem}.md"), guidance_markdown(table))
    figure_guidance(table, stem)
