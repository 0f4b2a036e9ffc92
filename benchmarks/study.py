"""The study's trainings so far, here and elsewhere, and their paired differences.

    python benchmarks/study.py results_study docs/evidence/study   # after, or during, config/study.yaml
    snakemake --cores 2 $(python benchmarks/study.py --missing docs/evidence/study) \
        --configfile config/config.yaml config/study.yaml          # only what no machine has trained yet

From the predictions in RESULTS it takes, of each training and test subject, the sums that ICC and MAE are
functions of, into STEM_sums.csv.gz; trainings that it has from another machine stay. From all of them it
writes STEM_seeds.csv, one row per training, STEM_differences.csv, STEM.png, and the table in STEM.md.
Intervals of a difference: paired t over seeds, and the bootstrap over subjects and seeds; p is the t test's,
corrected by Holm's method over the dataset's differences but for the primary one.
"""

import argparse
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import yaml
from record import write_between
from scipy import stats
from snakemake.utils import update_config

from g2rl.config.load import parse
from g2rl.config.runs import ablation_datasets, ablation_runs, run_config
from g2rl.config.schema import Config
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError
from g2rl.evaluation.comparison import compare_sums
from g2rl.evaluation.metrics import measures, sums_by_subject
from g2rl.inference.predictions import au_columns, read_predictions
from g2rl.io.figures import COLOURS, TWO_COLUMNS, draw_grid, new_figure, style
from g2rl.io.markdown import pipe_table
from g2rl.io.tables import read_csv, write_csv
from g2rl.paths import Results, Run

CONFIG = Path(__file__).parents[1] / "config"
TRAINING = ["dataset", "variant", "seed"]
KEYS = [*TRAINING, "fold", "subject", "au"]
SUMS = ["n", "t", "p", "tt", "pp", "tp", "absolute", "q", "qq", "tq", "present_t", "present_q", "present"]
NONE = pd.DataFrame(columns=[*KEYS, *SUMS])
PRIMARY = ("g2rl", "shuffled")
REGULARISERS = ("penalty", "decay")  # plain ones, which G2RL is compared with too
MARKS = ("<!-- differences -->\n", "<!-- /differences -->")
TEST, VALIDATION = re.compile(r"fold(\d+)"), re.compile(r"fold(\d+)v")


class Asked(NamedTuple):
    """A training that a configuration asks for; its run's name may be another variant's too."""

    dataset: str
    variant: str
    run: Run
    fold: int
    epochs: int


def collect(results: Path, asked: Iterable[Asked], folder: re.Pattern[str] = TEST) -> pd.DataFrame:
    """``KEYS`` and ``SUMS`` of every training in a results folder that is one of those asked for.

    Args:
        folder: `TEST`: on test subjects; `VALIDATION`: on held-out training subjects.

    Raises:
        InputError: one was trained for other than its epochs.
    """
    epochs = {(one.dataset, one.run.name): one.epochs for one in asked}
    parts = []
    for file in sorted(results.glob("synthetic_*/*/fold*/predictions.csv")):
        dataset, name, fold = file.parts[-4:-1]
        wanted = epochs.get((dataset, name))
        if not wanted or not (number := folder.fullmatch(fold)):
            continue
        if read_csv(file.with_name("history.csv"))["epoch"].max() != wanted:
            raise InputError(f"{file.parent}: trained for other than {wanted} epochs, not one of the study's")
        run, table = Run.parse(name), read_predictions(file)
        subjects, aus = sorted(table["subject"].unique()), au_columns(table)
        index = pd.MultiIndex.from_product([subjects, aus], names=["subject", "au"])
        values = sums_by_subject(table).swapaxes(1, 2).reshape(-1, len(SUMS))
        rows = pd.DataFrame(values, index, SUMS).reset_index()
        of = {"variant": run.variant or run.method, "seed": run.seed, "fold": int(number[1])}
        parts.append(rows.assign(dataset=dataset, **of))
    return pd.concat(parts)[[*KEYS, *SUMS]] if parts else NONE


def merge(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """The trainings of both, those of ``new`` where both have one."""
    one = [*TRAINING, "fold"]
    known = old.set_index(one).index.isin(new.set_index(one).index)
    parts = [part for part in (old[~known], new) if len(part)]
    both = pd.concat(parts) if parts else NONE
    return both.sort_values(KEYS, ignore_index=True)


def read_sums(store: Path) -> pd.DataFrame:
    return read_csv(store) if store.exists() else NONE


def write_sums(store: Path, sums: pd.DataFrame) -> None:
    sums.to_csv(store, index=False, float_format="%.8g", compression={"method": "gzip", "mtime": 1})


def complete(sums: pd.DataFrame) -> pd.DataFrame:
    """Without the seeds that lack a fold."""
    folds = sums.groupby(TRAINING)["fold"].transform("nunique")
    return sums[folds == folds.groupby(sums["dataset"]).transform("max")]


def trainings(sums: pd.DataFrame) -> pd.DataFrame:
    """Dataset, variant, seed, icc, mae: the folds pooled, means over the AUs."""
    pooled = sums.groupby([*TRAINING, "au"], as_index=False)[SUMS].sum()
    found = measures(pooled[SUMS].to_numpy().T)
    values = pooled[TRAINING].assign(icc=found["ICC"], mae=found["MAE"])
    return values.groupby(TRAINING, as_index=False).mean()


def arrays(sums: pd.DataFrame) -> dict[int, list[np.ndarray]]:
    """Of each seed and fold of one variant (subjects, 13, AUs), as ``compare_sums`` takes them."""
    return {
        seed: [
            fold[SUMS].to_numpy().reshape(fold["subject"].nunique(), -1, len(SUMS)).swapaxes(1, 2)
            for _, fold in of_seed.groupby("fold")
        ]
        for seed, of_seed in sums.groupby("seed")
    }


def differences(sums: pd.DataFrame, pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """Of each dataset and pair of variants that have seeds in common: the differences in ICC and MAE."""
    rows = []
    for dataset, here in sums.groupby("dataset", sort=False):
        sides = {name: arrays(each) for name, each in here.groupby("variant", sort=False)}
        seeds_of, aus = (
            trainings(here).pivot_table(["icc", "mae"], "seed", "variant"),
            list(here["au"].unique()),
        )
        for one, other in pairs:
            seeds = sorted(sides.get(one, {}).keys() & sides.get(other, {}).keys())
            if len(seeds) < 2:
                continue
            pair = [{seed: sides[name][seed] for seed in seeds} for name in (one, other)]
            drawn = compare_sums(*pair, aus).query("au == 'avg'").set_index("metric")
            for metric in ("ICC", "MAE"):
                of = seeds_of[metric.lower()].loc[seeds]
                each = of[one] - of[other]
                ends = stats.t.interval(0.95, len(each) - 1, each.mean(), stats.sem(each))
                p = stats.ttest_1samp(each, 0).pvalue
                boot = drawn.loc[metric, ["ci_low", "ci_high"]]
                rows.append((dataset, one, other, metric, len(seeds), each.mean(), *ends, *boot, p))
    names = ["dataset", "variant", "less", "metric", "seeds", "difference", "t_low", "t_high"]
    table = pd.DataFrame(rows, columns=[*names, "ci_low", "ci_high", "p"])
    secondary = ~((table["variant"] == PRIMARY[0]) & (table["less"] == PRIMARY[1]))
    table["p_holm"] = table["p"].where(~secondary)
    for _, group in table[secondary].groupby(["dataset", "metric"]):
        ordered = group["p"].sort_values()
        corrected = (ordered * np.arange(len(ordered), 0, -1)).cummax().clip(upper=1)
        table.loc[corrected.index, "p_holm"] = corrected
    return table


def read_config(name: str) -> Config:
    """config/NAME.yaml laid over the default."""
    values: dict = {}
    for file in ("config.yaml", f"{name}.yaml"):
        update_config(values, yaml.safe_load((CONFIG / file).read_text(encoding="utf-8")))
    return parse(values, f"config/{name}.yaml")


def trainings_of(name: str) -> tuple[list[Asked], list[tuple[str, str]]]:
    """Each training that config/NAME.yaml asks for, and the pairs of variants to compare."""
    config = read_config(name)
    found, every = ablation_runs(config), []
    for dataset in ablation_datasets(config):
        folds = sorted({row.fold for row in read_sheet(config.datasets[dataset].sheet)} - {0})
        every += [
            Asked(dataset, variant, run, fold, run_config(config, run).training.epochs)
            for variant, (runs, _) in found.items()
            for run in runs
            for fold in folds
        ]
    names = {run: name for name, (runs, _) in found.items() for run in runs}
    against = [(name, names[others[0]]) for name, (_, others) in found.items() if name != "baseline"]
    pairs = [PRIMARY, *against, *((name, "baseline") for name in found if name != "baseline")]
    pairs += [("g2rl", name) for name in REGULARISERS]
    pairs = [pair for n, pair in enumerate(pairs) if not {pair, pair[::-1]} & {*pairs[:n]}]
    return every, pairs


def signed(row: "pd.Series") -> str:
    """A difference and its interval over subjects and seeds."""
    text = f"{row.difference:+.3f} [{row.ci_low:+.3f}, {row.ci_high:+.3f}]"
    return text.replace("-", "−")


def markdown(table: pd.DataFrame) -> str:
    rows = [
        [
            row.dataset,
            f"**{row.variant} − {row.less}**"
            if (row.variant, row.less) == PRIMARY
            else f"{row.variant} − {row.less}",
            str(row.seeds),
            *(
                text.replace("-", "−")
                for text in (
                    f"{row.difference:+.4f}",
                    f"[{row.t_low:+.3f}, {row.t_high:+.3f}]",
                    f"[{row.ci_low:+.3f}, {row.ci_high:+.3f}]",
                )
            ),
            f"{row.p_holm:.3f}",
        ]
        for row in table.query("metric == 'ICC'").itertuples()
    ]
    header = ["dataset", "ICC", "seeds", "mean", "by seed, t", "over subjects and seeds", "p, Holm"]
    return pipe_table(header, "|:--|:--|--:|--:|--:|--:|--:|", rows)


def draw(found: pd.DataFrame, seeds: pd.DataFrame, path: Path) -> None:
    """The differences in ICC: of each seed, their mean, and the interval over subjects and seeds."""
    shown = found.query("metric == 'ICC'")
    datasets = list(shown["dataset"].unique())
    names = list(dict.fromkeys(zip(shown["variant"], shown["less"], strict=True)))
    of = seeds.set_index(TRAINING)["icc"]
    with style():
        figure = new_figure(TWO_COLUMNS, 0.8 + 0.25 * len(names), layout="constrained")
        for axes, dataset in zip(
            np.ravel(figure.subplots(1, len(datasets), sharex=True, sharey=True)), datasets, strict=True
        ):
            axes.axvline(0, color="0.3", linewidth=0.8)
            for row in shown[shown["dataset"] == dataset].itertuples():
                at = names.index((row.variant, row.less))
                each = (of[dataset, row.variant] - of[dataset, row.less]).dropna()
                axes.plot(each, [at + 0.2] * len(each), ".", color="0.6", markersize=3)
                sides = [[row.difference - row.ci_low], [row.ci_high - row.difference]]
                axes.errorbar([row.difference], [at], xerr=sides, fmt="o", color=COLOURS[0], capsize=2)
            axes.set(title=dataset, xlabel="difference in ICC ↑", ylim=(len(names) - 0.4, -0.6))
            axes.set_yticks(range(len(names)), [f"{one} − {other}" for one, other in names])
            draw_grid(axes, "x")
        figure.savefig(path, dpi=150)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path, nargs="?")
    parser.add_argument("stem", type=Path)
    parser.add_argument(
        "--missing", action="store_true", help="print the predictions that no machine has made yet"
    )
    options = parser.parse_args()
    store = Path(f"{options.stem}_sums.csv.gz")
    every, pairs = trainings_of("study")
    sums = read_sums(store)
    if options.missing:
        have = set(sums[[*TRAINING, "fold"]].itertuples(index=False, name=None))
        results = Results("results_study")
        for one in every:
            if (one.dataset, one.variant, one.run.seed, one.fold) not in have:
                print(results.predictions(one.dataset, one.run.name, f"{one.fold}"))
        return
    sums = merge(sums, collect(options.results, every))
    write_sums(store, sums)
    whole = complete(sums)
    found, seeds = differences(whole, pairs), trainings(whole)
    write_csv(f"{options.stem}_seeds.csv", seeds, "%.6f")
    write_csv(f"{options.stem}_differences.csv", found)
    draw(found, seeds, options.stem.with_suffix(".png"))
    write_between(options.stem.with_suffix(".md"), MARKS, f"{markdown(found)}\n")


if __name__ == "__main__":
    main()
