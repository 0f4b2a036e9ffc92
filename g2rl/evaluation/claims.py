"""The paper's empirical claims, each with what the runs of a configuration show, and a verdict.

A verdict rests on a 95 % interval over subjects and seeds; see ``comparison``. No interval is corrected for
the number of claims. Between single trainings nothing is decided: from first weights that differ in the last
bit alone, the average ICC of a short training varies by as much as the methods differ.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from safetensors import safe_open

from g2rl.errors import InputError
from g2rl.evaluation.comparison import Seeds, compare
from g2rl.evaluation.metrics import COVERAGE, measures, sums_by_subject
from g2rl.inference.predictions import au_columns, read_predictions
from g2rl.io.markdown import signed
from g2rl.paths import Run, locate_fold_file

COLUMNS = ["dataset", "claim", "paper", "criterion", "measured", "value", "ci_low", "ci_high", "verdict"]
HOLDS, FAILS, UNDECIDED, NOT_MEASURED = "holds", "does not hold", "undecided", "not measured here"
SIGMA_TOLERANCE = 0.02  # of ICC: as much as G2RL gains over the Baseline on BP4D in the paper
HIGH = 3  # intensities from here on count as high
MIN_SEEDS = 3  # with fewer, an interval over subjects leaves out how much a training varies by itself

Runs = Mapping[Run, Sequence[pd.DataFrame]]  # of one dataset: the predictions of every fold


@dataclass(frozen=True)
class Finding:
    """What was measured for one claim.

    Attributes:
        measured: in words.
        value: the number that the verdict rests on, with its 95 % interval; NaN where there is none.
    """

    measured: str
    verdict: str
    value: float = np.nan
    ci_low: float = np.nan
    ci_high: float = np.nan


ABSENT = Finding("–", NOT_MEASURED)


class Difference(NamedTuple):
    """How much better one training is than another, with its 95 % interval, over so many seeds."""

    value: float
    low: float
    high: float
    seeds: int


def read_runs(paths: Iterable[Path], rounded: bool = False) -> dict[str, Runs]:
    """The predictions of every run, by dataset.

    Args:
        paths: ``DATASET/RUN/foldK/predictions.csv``.
        rounded: round them to whole intensities, as Table 1 may (``measures.rounded``).

    Raises:
        InputError: a fold of a run twice; predictions of held-out training subjects.
    """
    found: dict[str, dict[Run, dict[int, pd.DataFrame]]] = defaultdict(lambda: defaultdict(dict))
    for path in paths:
        place = locate_fold_file(path)
        folds = found[place.dataset][Run.parse(place.method)]
        if place.fold.validation or place.fold.number in folds:
            raise InputError(f"{path}: expected each test fold of a run once")
        folds[place.fold.number] = table = read_predictions(path)
        if rounded:
            table.update(table.filter(like="_pred").round())
    return {
        dataset: {run: [table for _, table in sorted(folds.items())] for run, folds in runs.items()}
        for dataset, runs in found.items()
    }


def claims_table(
    runs: Mapping[str, Runs],
    parameters: Mapping[str, tuple[int, int]],
    sigma: float,
    weight: float,
    resamples: int = 1000,
) -> pd.DataFrame:
    """Every claim on every dataset.

    Args:
        runs: by dataset, see ``read_runs``; the sweeps over σ and λ where there are any.
        parameters: by dataset, ``count_parameters`` of an exported Baseline and G2RL.
        sigma, weight: σ and λ of the paper's G2RL.

    Returns:
        ``COLUMNS``; value, ci_low and ci_high are empty where a claim is not measured.
    """
    rows = []
    for dataset, known in runs.items():
        found = Measured(known, sigma, weight, resamples, parameters.get(dataset))
        for claim in CLAIMS:
            rows.append((dataset, claim.text, claim.paper, claim.criterion, *_cells(claim.measure(found))))
    return pd.DataFrame(rows, columns=COLUMNS)


class Measured:
    """The claims that the predictions of one dataset's runs decide."""

    def __init__(
        self, runs: Runs, sigma: float, weight: float, resamples: int, parameters: tuple[int, int] | None
    ) -> None:
        self.resamples, self.parameters = resamples, parameters
        self.sigma, self.weight = sigma, weight
        plain = {run: tables for run, tables in runs.items() if not run.variant}
        if len({len(tables) for tables in plain.values()}) > 1:
            names = ", ".join(f"{run.name}: {len(tables)}" for run, tables in plain.items())
            raise InputError(f"claims: runs differ in their number of folds ({names}): give all of each")
        # Where a fold has a single subject there is no interval over subjects.
        some = next(iter(plain.values()), ())
        self.resampled = bool(some) and all(table["subject"].nunique() > 1 for table in some)
        self.seeds: dict[tuple[float, float], dict[int, Sequence[pd.DataFrame]]] = defaultdict(dict)
        for run, tables in plain.items():
            self.seeds[run.sigma, run.lambda_][run.seed] = tables

    def better_than_baseline(self, metric: str) -> Finding:
        guided, baseline = self._at(self.sigma, self.weight), self._at(self.sigma, 0)
        if not guided or not baseline:
            return ABSENT
        sign = -1 if metric == "MAE" else 1
        found = self._difference(guided, baseline, metric, sign)
        text = f"difference {signed(*found[:3])}, {_count(guided)}"
        return Finding(text, self._verdict(found), *found[:3])

    def best_weight(self) -> Finding:
        others = self._others(1)
        if not others:
            return ABSENT
        found = {weight: self._from_default(self.sigma, weight) for weight in others}
        best = min(found, key=lambda weight: found[weight].value)
        text = f"best other λ = {best:g}; difference {signed(*found[best][:3])}, {len(others) + 1} values"
        return Finding(text, self._verdict(found[best]), *found[best][:3])

    def rise_and_fall(self) -> Finding:
        others = self._others(1)
        if not others or not min(others) < self.weight < max(others):
            return ABSENT
        sides = [self._from_default(self.sigma, weight) for weight in (min(others), max(others))]
        words = [
            f"over λ = {weight:g} {signed(*side[:3])}"
            for weight, side in zip((min(others), max(others)), sides, strict=True)
        ]
        verdicts = set(map(self._verdict, sides))
        found = next(name for name in (FAILS, UNDECIDED, HOLDS) if name in verdicts)
        return Finding(", ".join(words), found, *min(sides)[:3])

    def insensitive_to_sigma(self) -> Finding:
        others = self._others(0)
        if not others:
            return ABSENT
        found = {sigma: self._from_default(sigma, self.weight) for sigma in others}
        most = max(found, key=lambda sigma: abs(found[sigma].value))
        value, low, high, _ = found[most]
        decided = all(map(self._decides, found.values()))
        within = all(max(-each.low, each.high) <= SIGMA_TOLERANCE for each in found.values())
        outside = any(max(each.low, -each.high) > SIGMA_TOLERANCE for each in found.values())
        name = (HOLDS if within else FAILS if outside else UNDECIDED) if decided else UNDECIDED
        text = f"largest change at σ = {most:g}: {signed(-value, -high, -low)}, {len(others) + 1} values"
        return Finding(text, name, -value, -high, -low)

    def better_on_frequent_aus(self) -> Finding:
        """Spearman's rank correlation over AUs, resampled over subjects and seeds."""
        guided = self._at(self.sigma, self.weight)
        if not guided or len(au_columns(next(iter(guided.values()))[0])) < 3:
            return ABSENT
        rng = np.random.default_rng(0)
        totals, shares = [], []  # of each fold: (seeds, 1 + resamples, 7, K), (2, 1 + resamples, K)
        for tables in zip(*guided.values(), strict=True):  # of one fold, every seed
            high = _high_by_subject(tables[0])
            n = high.shape[1]
            draws = np.vstack([np.ones((1, n)), rng.multinomial(n, np.full(n, 1 / n), self.resamples)])
            shares.append(np.einsum("rs,tsk->trk", draws, high))
            totals.append(np.stack([np.tensordot(draws, sums_by_subject(table), 1) for table in tables]))
        count = len(guided)
        drawn = rng.multinomial(count, np.full(count, 1 / count), self.resamples)
        weight = np.vstack([np.ones((1, count)), drawn])
        of_seeds = measures(np.sum(totals, 0))["ICC"]  # (seeds, 1 + resamples, K)
        icc = np.einsum("rs,srk->rk", weight, of_seeds) / count
        share = np.sum(shares, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            rho = _spearman(icc, share[0] / share[1])
        known = self.resampled and self.resamples
        low, up = np.nanpercentile(rho[1:], COVERAGE) if known else (np.nan, np.nan)
        text = f"correlation {signed(rho[0], low, up)} over {icc.shape[1]} AUs, {_count(guided)}"
        return Finding(text, self._verdict(Difference(rho[0], low, up, count)), rho[0], low, up)

    def same_size(self) -> Finding:
        if self.parameters is None:
            return ABSENT
        baseline, guided = self.parameters
        text = f"G2RL {guided:,}, Baseline {baseline:,}"
        return Finding(text, HOLDS if guided == baseline else FAILS, guided - baseline)

    def _decides(self, found: Difference) -> bool:
        return self.resampled and found.seeds >= MIN_SEEDS

    def _verdict(self, found: Difference) -> str:
        return verdict(found.low, found.high) if self._decides(found) else UNDECIDED

    def _at(self, sigma: float, weight: float) -> Seeds:
        return self.seeds.get((sigma, weight), {})

    def _others(self, which: int) -> list[float]:
        """The other values of σ (0) or λ (1) that share a seed with the paper's, the other one being the
        paper's."""
        default = (self.sigma, self.weight)
        guided = self._at(*default)
        return [
            key[which]
            for key, seeds in self.seeds.items()
            if key != default
            and key[1 - which] == default[1 - which]
            and key[1]
            and seeds.keys() & guided.keys()
        ]

    def _from_default(self, sigma: float, weight: float) -> Difference:
        """ICC at the paper's σ and λ minus that at these, over the seeds that both have."""
        default, other = self._at(self.sigma, self.weight), self._at(sigma, weight)
        shared = default.keys() & other.keys()
        first, second = ({seed: side[seed] for seed in shared} for side in (default, other))
        return self._difference(first, second, "ICC")

    def _difference(self, runs: Seeds, reference: Seeds, metric: str, sign: int = 1) -> Difference:
        table = compare(runs, reference, self.resamples)
        of_metric = table.loc[table["metric"] == metric, ["difference", "ci_low", "ci_high"]]
        value, *ends = (sign * of_metric.to_numpy(float)[0]).tolist()
        return Difference(value, min(ends), max(ends), len(runs))


@dataclass(frozen=True)
class Claim:
    """What the paper claims, where, what would decide it, and how that is measured here, if it is."""

    text: str
    paper: str
    criterion: str
    measure: Callable[[Measured], Finding] = lambda _: ABSENT


CLAIMS = (
    Claim(
        "G2RL is better than the Baseline on average, ICC",
        "Table 1",
        "ICC(G2RL) − ICC(Baseline) > 0",
        lambda found: found.better_than_baseline("ICC"),
    ),
    Claim(
        "G2RL is better than the Baseline on average, MAE",
        "Table 1",
        "MAE(Baseline) − MAE(G2RL) > 0",
        lambda found: found.better_than_baseline("MAE"),
    ),
    Claim("The Baseline is comparable with KBSS", "Section 4.2", "KBSS on the same frames"),
    Claim(
        "G2RL is better than the compared methods on average", "Table 1", "their methods on the same frames"
    ),
    Claim(
        "λ = 0.05 is the best of the list",
        "Figure 7",
        "ICC at the paper's λ − ICC at the best other λ > 0",
        Measured.best_weight,
    ),
    Claim(
        "With λ, ICC rises and then falls",
        "Figure 7",
        "ICC at the paper's λ above that at both ends",
        Measured.rise_and_fall,
    ),
    Claim(
        "The result is insensitive to σ",
        "Figure 6",
        f"ICC at every σ within {SIGMA_TOLERANCE:g} of that at the paper's σ",
        Measured.insensitive_to_sigma,
    ),
    Claim(
        "AUs with more high intensities are estimated better",
        "Section 4.2",
        f"rank correlation over AUs of G2RL's ICC with the share of frames of intensity ≥ {HIGH}, > 0",
        Measured.better_on_frequent_aus,
    ),
    Claim(
        "At test time G2RL has no more parameters than the Baseline",
        "Section 3",
        "difference of 0",
        Measured.same_size,
    ),
    Claim(
        "Heatmaps locate the AUs as well as measure them", "Section 3", "distance of each maximum to its AU"
    ),
)


def count_parameters(model: Path) -> int:
    """How many numbers the tensors of an exported model hold."""
    with safe_open(model, "np") as file:
        return sum(int(np.prod(file.get_slice(name).get_shape())) for name in file.keys())  # noqa: SIM118


def verdict(low: float, high: float) -> str:
    """Of a difference that is claimed to be positive, by its 95 % interval."""
    return HOLDS if low > 0 else FAILS if high < 0 else UNDECIDED


def _high_by_subject(table: pd.DataFrame) -> np.ndarray:
    """(2, subjects, K): frames of high intensity, and coded frames, subjects in the order of their names."""
    true = table[[f"{au}_true" for au in au_columns(table)]].astype(float)
    both = [
        part.groupby(table["subject"], sort=True).sum().to_numpy() for part in (true >= HIGH, true.notna())
    ]
    return np.stack(both).astype(float)


def _spearman(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(R, K), (R, K) → (R,) rank correlation along the last axis; NaN where one side is constant."""
    a, b = (pd.DataFrame(values).rank(axis=1).to_numpy() for values in (a, b))
    a, b = (values - values.mean(-1, keepdims=True) for values in (a, b))
    return (a * b).sum(-1) / np.sqrt((a * a).sum(-1) * (b * b).sum(-1))


def _count(seeds: Seeds) -> str:
    return f"{len(seeds)} seeds" if len(seeds) > 1 else "one seed"


def _cells(finding: Finding) -> tuple[str, float, float, float, str]:
    return finding.measured, finding.value, finding.ci_low, finding.ci_high, finding.verdict
