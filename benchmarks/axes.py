"""Where should geometry matter? G2RL and its control less the Baseline, per kind of harder faces.

    python benchmarks/axes.py results_study hard docs/evidence/axes     # after, or during, config/axes.yaml

Reads what config/axes.yaml and benchmarks/hard_faces.py trained, and the study's own trainings. Keeps, as
benchmarks/study.py does, STEM_sums.csv.gz, so trainings of another machine stay; writes STEM.csv, STEM.png,
and the table in study.md.
"""

import argparse
from pathlib import Path

import pandas as pd
from record import write_between
from study import (
    TRAINING,
    collect,
    differences,
    merge,
    read_sums,
    signed,
    trainings,
    trainings_of,
    write_sums,
)

from g2rl.io.figures import COLOURS, MARKERS, TWO_COLUMNS, draw_grid, new_figure, style
from g2rl.io.markdown import pipe_table
from g2rl.io.tables import read_csv, write_csv

PLAIN, PLAINLY = "synthetic_bp4d", "faces as they are"
SIDES = ("baseline", "g2rl", "shuffled")
PAIRS = [("g2rl", "baseline"), ("shuffled", "baseline"), ("g2rl", "shuffled")]
GUIDED = ("baseline", "intensities", "intensities_shuffled")  # positive control: the codes are the guide
AXES = {  # dataset; Baseline, G2RL, its control
    PLAINLY: (PLAIN, SIDES),
    f"{PLAINLY}; guide: the codes": (PLAIN, GUIDED),
    "8 of 21 training subjects coded": (f"{PLAIN}_uncoded", SIDES),
    "8 of 21 coded; guide: all codes": (f"{PLAIN}_uncoded", GUIDED),
    "6 training subjects": (PLAIN, ("few_baseline", "few", "few_shuffled")),
    "32 pixels": (PLAIN, ("small_baseline", "small", "small_shuffled")),
    "noise": (f"{PLAIN}_noise", SIDES),
    "a part covered": (f"{PLAIN}_covered", SIDES),
    "people further apart": (f"{PLAIN}_identity", SIDES),
}
DIVERGED = 0.1  # a training of less ICC did: it predicts nearly a constant
WITHOUT = ", without "
MARKS = ("<!-- axes -->\n", "<!-- /axes -->")


def gather(results: Path, hard: Path) -> pd.DataFrame:
    """`KEYS` and `SUMS` of the trainings of the axes in two folders; one that is not there has none."""
    plain = trainings_of("axes")[0]
    harder = [
        one._replace(dataset=dataset) for dataset, _ in AXES.values() for one in plain if dataset != PLAIN
    ]
    return merge(collect(results, plain), collect(hard, harder))


def by_axis(sums: pd.DataFrame) -> pd.DataFrame:
    """The rows of each axis: ``dataset`` is its name, ``variant`` one of `SIDES`."""
    parts = []
    for name, (dataset, variants) in AXES.items():
        rows = sums[(sums["dataset"] == dataset) & sums["variant"].isin(variants)]
        known = dict(zip(variants, SIDES, strict=True))
        parts.append(rows.assign(dataset=name, variant=rows["variant"].map(known)))
    return pd.concat(parts)


def without_diverged(table: pd.DataFrame) -> pd.DataFrame:
    """The rows of the axes on which a training diverged, without its seed, as axes of their own."""
    found = trainings(table)
    parts = []
    for name, failed in found[found["icc"] < DIVERGED].groupby("dataset", sort=False):
        seeds = sorted(failed["seed"].unique())
        rows = table[(table["dataset"] == name) & ~table["seed"].isin(seeds)]
        of = "seed" if len(seeds) == 1 else "seeds"
        parts.append(rows.assign(dataset=f"{name}{WITHOUT}{of} {', '.join(map(str, seeds))}"))
    return pd.concat(parts) if parts else table[:0]


def baselines(seeds: pd.DataFrame) -> pd.Series:
    """The Baseline's mean ICC on each axis, over the seeds that are compared."""
    wide = seeds.pivot_table("icc", ["dataset", "seed"], "variant")[list(SIDES)].dropna()
    return wide["baseline"].groupby("dataset").mean()


def draw(found: pd.DataFrame, seeds: pd.DataFrame, path: Path) -> None:
    """The differences from the Baseline in ICC: of each seed, their mean, and its interval; without
    trainings that diverged."""
    shown = found.query("metric == 'ICC' and less == 'baseline'")
    cut = {name.split(WITHOUT)[0] for name in shown["dataset"] if WITHOUT in name}
    shown = shown[~shown["dataset"].isin(cut)]
    names, of = list(dict.fromkeys(shown["dataset"])), seeds.set_index(TRAINING)["icc"]
    with style():
        figure = new_figure(TWO_COLUMNS, 0.9 + 0.33 * len(names), layout="constrained")
        axes = figure.subplots()
        axes.axvline(0, color="0.3", linewidth=0.8)
        for number, (variant, title) in enumerate(
            (("g2rl", "G2RL − Baseline"), ("shuffled", "G2RL with another face's guide − Baseline"))
        ):
            rows = shown[shown["variant"] == variant]
            at = [names.index(name) + 0.3 * number - 0.2 for name in rows["dataset"]]
            sides = [rows["difference"] - rows["ci_low"], rows["ci_high"] - rows["difference"]]
            look = {"color": COLOURS[number], "fmt": MARKERS[number], "elinewidth": 1, "capsize": 2}
            axes.errorbar(rows["difference"], at, xerr=sides, label=title, **look)
            for name, place in zip(rows["dataset"], at, strict=True):
                each = (of[name, variant] - of[name, "baseline"]).dropna()
                axes.plot(each, [place + 0.12] * len(each), ".", color="0.6", markersize=3)
        means = baselines(seeds)
        axes.set_yticks(range(len(names)), [f"{name} ({means[name]:.2f})" for name in names])
        axes.set(xlabel="difference in ICC ↑", ylim=(len(names) - 0.4, -0.6))
        draw_grid(axes, "x")
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        figure.savefig(path, dpi=150)


def markdown(found: pd.DataFrame, seeds: pd.DataFrame) -> str:
    means = baselines(seeds)
    rows = []
    for name, of_axis in found.query("metric == 'ICC'").groupby("dataset", sort=False):
        pairs = of_axis.set_index(["variant", "less"])
        cells = [signed(pairs.loc[pair]) for pair in PAIRS]
        rows.append([name, str(pairs["seeds"].iloc[0]), f"{means[name]:.3f}", *cells])
    header = ["axis", "seeds", "Baseline", *(f"{one} − {other}" for one, other in PAIRS)]
    return pipe_table(header, "|:--|--:|--:|--:|--:|--:|", rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("results", type=Path)
    parser.add_argument("hard", type=Path)
    parser.add_argument("stem", type=Path)
    options = parser.parse_args()
    store = Path(f"{options.stem}_sums.csv.gz")
    sums = merge(read_sums(store), gather(options.results, options.hard))
    known = read_csv(options.stem.with_name("study_sums.csv.gz"))
    studied = (sums["dataset"] == PLAIN) & sums["variant"].isin((*SIDES, *GUIDED))  # the study keeps those
    sums = sums[~studied]
    write_sums(store, sums)
    table = by_axis(pd.concat([sums, known]))
    table = table[table.groupby("dataset")["variant"].transform("nunique") == len(SIDES)]  # whole axes
    table = pd.concat([table, without_diverged(table)])
    found, seeds = differences(table, PAIRS), trainings(table)
    write_csv(options.stem.with_suffix(".csv"), found)
    draw(found, seeds, options.stem.with_suffix(".png"))
    write_between(options.stem.with_name("study.md"), MARKS, f"{markdown(found, seeds)}\n")


if __name__ == "__main__":
    main()
