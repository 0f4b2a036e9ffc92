"""Table 1: the published figures beside the measured ones, tidy and as Markdown, LaTeX and HTML.

One table for each list of AUs (BP4D's five, DISFA's twelve), in the paper's form: for ICC, then MAE, a block
of rows for each dataset and source; columns AUs and average; the best of a block's column in bold. Blocks
never compete: neither rendered faces with real ones, nor measured values with published ones.
"""

import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pandas as pd

from g2rl.errors import InputError
from g2rl.evaluation.collapse import constant_aus
from g2rl.evaluation.comparison import compare_aus
from g2rl.evaluation.methods import (
    BEST,
    METHODS,
    UNTRAINED,
    ByMethod,
    has_tools,
    on_shared_frames,
    paired_with,
    read_metrics_by_method,
    read_predictions_by_method,
)
from g2rl.evaluation.metrics import evaluate, mean_over_seeds
from g2rl.evaluation.neutral import NEUTRAL, neutral_methods
from g2rl.faces.frame_counts import read_frame_counts
from g2rl.inference.predictions import KEYS
from g2rl.io.atomic import write_text
from g2rl.io.tables import write_csv
from g2rl.methods.segments import count_ends
from g2rl.paths import dataset_of_table, locate_fold_file
from g2rl.report.captions import (
    WEAK,
    caption,
    describe_collapse,
    describe_constant,
    describe_frames,
    describe_shared,
    describe_weak,
)
from g2rl.report.captions import notes as describe_table
from g2rl.report.table1_formats import html, latex, markdown
from g2rl.training.history import read_history

DIFFERENCES = ["difference", "difference_low", "difference_high"]
COLUMNS = [
    *("dataset", "method", "source", "metric", "au", "value", "ci_low", "ci_high", "fold_mean", "seeds"),
    "aus",
    *DIFFERENCES,
]


@dataclass(frozen=True)
class MethodResult:
    """What one method reached on one dataset.

    Attributes:
        method: one of the values of ``METHODS``, or one with ``NEUTRAL`` behind it.
        metrics: a table of ``metrics.evaluate`` for each of its seeds.
        difference: from the Baseline, see ``compare_aus``; None where there are no predictions.
        mark: what stands behind its name in the table.
    """

    dataset: str
    method: str
    metrics: Sequence[pd.DataFrame]
    difference: pd.DataFrame | None = None
    mark: str = ""


def read_published() -> pd.DataFrame:
    """The paper's Table 1: dataset, method, metric, au (``6`` … or ``avg``), value."""
    with (files("g2rl") / "resources" / "published_table1.csv").open(encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype={"au": str})


def table1_from_files(
    metrics: Iterable[Path],
    histories: Iterable[Path] = (),
    frames: Iterable[Path] = (),
    predictions: Iterable[Path] = (),
    resamples: int = 1000,
    rounded: bool = False,
    marks: Mapping[tuple[str, str], str] | None = None,
    neutral: bool = False,
) -> tuple[list[MethodResult], list[str]]:
    """The measured results, and further notes; see ``write_table1``.

    Where a dataset has another tool's predictions, every row is measured again, on the frames that all have.

    Args:
        metrics: ``DATASET/METHOD/metrics.csv``; the seeds of a method are averaged.
        histories: ``DATASET/RUN/foldK/history.csv`` of the G2RL trainings.
        frames: ``DATASET/frames.csv``.
        predictions: ``DATASET/METHOD/foldK/predictions.csv``, for the differences from the Baseline
            and for AUs predicted as a constant.
        resamples, rounded: of what is computed here, see ``compare_aus``.
        marks: by dataset and method, what stands behind a method's name, such as in-sample.
        neutral: with a further row for each trained method, see ``neutral_methods``.
    """
    known = dict(read_predictions_by_method(predictions))
    weak = _count_weak(known)
    measured, shared = read_metrics_by_method(metrics), []
    constant = describe_constant(_constant(known))
    for dataset, methods in known.items():
        again: ByMethod = {}  # what is measured here
        if has_tools(methods):
            again, count, every = on_shared_frames(methods)
            shared.append(f"{count:,} of {every:,} on {dataset}")
        if neutral:
            again = {**again, **neutral_methods(again or methods)}
        for title, seeds in again.items():
            folds = [[table for table in by_fold.values() if len(table)] for by_fold in seeds.values()]
            measured[dataset, title] = [evaluate(each, resamples, rounded=rounded) for each in folds]
        known[dataset] = {**methods, **again}
    differences = {
        (dataset, method): compare_aus(of_method, reference, resamples, rounded=rounded)
        for dataset, methods in known.items()
        for method, (of_method, reference) in paired_with(methods, METHODS["baseline"]).items()
    }
    results = [
        MethodResult(*key, tables, differences.get(key), (marks or {}).get(key, ""))
        for key, tables in measured.items()
    ]
    trainings: dict[str, list[pd.DataFrame]] = {}
    for path in histories:
        trainings.setdefault(locate_fold_file(path).dataset, []).append(read_history(path))
    counts = {dataset_of_table(path): read_frame_counts(path) for path in frames}
    notes = (
        describe_collapse(trainings),
        constant,
        describe_frames(counts),
        describe_shared(shared),
        describe_weak(weak),
    )
    return results, [note for note in notes if note]


def _constant(known: Mapping[str, ByMethod]) -> dict[tuple[str, str], dict[str, list[str]]]:
    """Dataset and method → AU → the folds in which ``constant_aus`` finds it."""
    flat: dict[tuple[str, str], dict[str, list[str]]] = {}
    untrained = {METHODS[name] for name in UNTRAINED}
    for dataset, methods in known.items():
        for method, seeds in methods.items():
            for seed, folds in seeds.items() if method not in untrained else ():
                for fold, table in folds.items():
                    for au in constant_aus(table):
                        found = flat.setdefault((dataset, method), {})
                        found.setdefault(au, []).append(f"{fold} of seed {seed}" if seed else fold)
    return flat


def _count_weak(known: Mapping[str, ByMethod]) -> dict[str, tuple[int, int]]:
    """Of each dataset with a weakly supervised method, the codes at valleys and peaks, and all codes."""
    counts = {}
    for dataset, methods in known.items():
        if weak := [seeds for title, seeds in methods.items() if title.endswith(WEAK)]:
            folds = next(iter(weak[0].values())).values()
            table = pd.concat(folds).sort_values(KEYS, ignore_index=True)
            codes = table.filter(like="_true").fillna(-1)
            sequences = codes.groupby([table["subject"], table["sequence"]])
            ends = sum(count_ends(column) for _, rows in sequences for column in rows.to_numpy().T)
            counts[dataset] = ends, int((codes >= 0).to_numpy().sum())
    return counts


def table1(
    results: Sequence[MethodResult], published: Collection[str] | None = None, aggregation: str = "pooled"
) -> pd.DataFrame:
    """The tidy Table 1: published rows, then the measured ones, over folds and averaged over seeds.

    Args:
        published: the datasets whose published rows are shown, all if None.
        aggregation: of the folds: ``pooled``, or ``fold_mean``.

    Returns:
        Columns ``COLUMNS``: source is ``published`` or ``measured``; au is written as in the paper (``6``,
        ``avg``); ci_low and ci_high (95 %, over subjects), fold_mean, seeds and aus (how many
        an average is of) if measured; the difference from the Baseline
        with its interval where both were paired.

    Raises:
        InputError: a method that is not in ``METHODS``, or one twice for a dataset.
    """
    paper = read_published().assign(source="published")
    parts = [paper if published is None else paper[paper["dataset"].isin(published)]]
    seen = set()
    for result in sorted(results, key=lambda r: (r.dataset, _rank(r.method))):
        if (result.dataset, result.method) in seen:
            raise InputError(f"Table 1: two results for {result.method!r} on {result.dataset}: give one")
        seen.add((result.dataset, result.method))
        mean = mean_over_seeds(result.metrics)
        mean = mean[mean["metric"].isin(BEST)]
        shown, folds = (mean[mean["aggregation"] == name] for name in (aggregation, "fold_mean"))
        paired = shown[["metric", "au"]].merge(_differences(result), how="left")
        parts.append(
            shown.assign(
                dataset=result.dataset,
                method=f"{result.method} ({result.mark})" if result.mark else result.method,
                source="measured",
                au=shown["au"].map(lambda au: au if au == "avg" else str(int(au.removeprefix("AU")))),
                fold_mean=folds["value"].to_numpy(),
                seeds=len(result.metrics),
                **{name: paired[name].to_numpy() for name in DIFFERENCES},
            )
        )
    table = pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)
    return table.astype({"seeds": "Int64", "aus": "Int64"})


def _differences(result: MethodResult) -> pd.DataFrame:
    """Columns metric, au and ``DIFFERENCES``; no row where nothing was compared."""
    if result.difference is None:
        return pd.DataFrame(columns=["metric", "au", *DIFFERENCES])
    names = dict(zip(["difference", "ci_low", "ci_high"], DIFFERENCES, strict=True))
    return result.difference.rename(columns=names)[["metric", "au", *DIFFERENCES]]


def write_table1(
    results: Sequence[MethodResult],
    stem: str | os.PathLike,
    recipe: str = "",
    notes: Sequence[str] = (),
    published: Collection[str] | None = None,
    aggregation: str = "pooled",
    rounded: bool = False,
) -> pd.DataFrame:
    """Write ``stem``.csv, .md, .tex and .html and return the tidy table; see ``table1`` and
    ``captions``."""
    table = table1(results, published, aggregation)
    below = describe_table(table, recipe, notes, aggregation, rounded)
    write_csv(f"{stem}.csv", table)
    for suffix, render in ((".md", markdown), (".tex", latex), (".html", html)):
        write_text(Path(f"{stem}{suffix}"), render(table, caption(table), below))
    return table


def _rank(method: str) -> tuple[int, bool]:
    names, title = list(METHODS.values()), method.removesuffix(NEUTRAL)
    if title not in names:
        raise InputError(f"Table 1: no method {method!r}; there are {names}")
    return names.index(title), title != method
