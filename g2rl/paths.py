"""The results layout: the path of every result, and the dataset, run and fold that a path names.

RESULTS/raw/                            rendered faces: head.npz, DATASET/
RESULTS/weights/BACKBONE.safetensors    where backbones start
RESULTS/DATASET/check.csv               what g2rl check found in the copy
RESULTS/DATASET/landmarks/SEQUENCE.h5
RESULTS/DATASET/cache/SEQUENCE.h5       aligned sequence
RESULTS/DATASET/foldK.tsv               fold manifest: the aligned sequences of fold K
RESULTS/DATASET/frames.csv              frames used and dropped
RESULTS/DATASET/RUN/foldK/              model.safetensors, history.csv, predictions.csv
RESULTS/DATASET/TOOL/foldK/             predictions.csv, frames.csv: which frames another tool has
RESULTS/DATASET/METHOD/metrics.csv      METHOD: a run, an image-free baseline, or a tool
RESULTS/DATASET/METHOD/parts.csv        the same of each fold and each subject alone
RESULTS/table1.*, RESULTS/figures/      Table 1 and the figures
RESULTS/lock.json                       checksums of all of these
RESULTS/summary.json                    measures of every run, and the models
RESULTS/summary.html, RESULTS/DATASET/  the report's first page, its page of each dataset (summary.html)
RESULTS/logs/, RESULTS/provenance/      what each job printed, how long it took; what made each file
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from g2rl.errors import InputError

PLUS = "g2rlplus"
FOLDERS = ("raw", "weights", "figures", "logs", "provenance")  # of the results, beside those of datasets
RECORDS = ("logs", "provenance", ".checkpoints")  # folders with files that no job takes as an input
TABLE = (".csv", ".md", ".tex", ".html")  # the files of Table 1
FIGURE = (".png", ".pdf", ".csv")
SMALL_TABLE = (".csv", ".md")  # of the claims, across datasets, of the locations
PAGE = "summary.html"  # of the report
SUMMARY = (".csv", ".md", ".pdf", ".png")  # of the guidance and of the ablations
RENDERED_FOR = ".rendered"  # in the root of rendered faces: for which results, with which settings
IMAGE_FREE = ("constant", "landmark_ridge")  # folders of the image-free baselines
TOOLS = ("openface", "libreface", "pyfeat", "pyfaceau")  # folders of other tools' predictions
# The baseline has no λ: "lambda1" in its folder's name is a variant.
_RUN = re.compile(
    r"(?P<method>(?P<baseline>baseline)|g2rlplus|g2rl)_sigma(?P<sigma>[^_]+)"
    r"(?(baseline)|(?:_lambda(?P<weight>[^_]+))?)(?:_(?P<variant>.+))?_seed(?P<seed>\d+)"
)
_OTHER = re.compile(r"(?P<other>(?!(baseline|g2rlplus|g2rl)_sigma)[A-Za-z]\w*)_seed(?P<seed>\d+)", re.ASCII)
_FOLD = re.compile(r"fold([1-9]\d*)(v?)")


@dataclass(frozen=True)
class Run:
    """One training of every fold of every dataset. λ = 0 is the Baseline.

    Attributes:
        variant: of the ablations, whose keys of the training it changes; ``PLUS`` is G2RL+.
        other: another method than Baseline and G2RL, a module of ``g2rl.methods``; σ and λ are then 0.
    """

    sigma: float
    lambda_: float
    seed: int
    variant: str = ""
    other: str = ""

    @property
    def method(self) -> str:
        """``baseline``, ``g2rl``, ``PLUS``, or the other method."""
        if self.other:
            return self.other
        return self.variant if self.variant == PLUS else "g2rl" if self.lambda_ else "baseline"

    @property
    def name(self) -> str:
        """Its folder: ``baseline_sigma2_seed0``, ``g2rl_sigma2_lambda0.05_seed0``, or with a variant
        ``g2rl_sigma2_lambda0.05_detached_seed0``; ``vector_seed0`` of another method."""
        if self.other:
            return f"{self.other}_seed{self.seed}"
        weight = f"_lambda{self.lambda_:g}" if self.lambda_ else ""
        variant = f"_{self.variant}" if self.variant not in ("", PLUS) else ""
        return f"{self.method}_sigma{self.sigma:g}{weight}{variant}_seed{self.seed}"

    @classmethod
    def parse(cls, folder: str) -> "Run":
        """The run whose ``name`` is ``folder``.

        Raises:
            InputError: no run's folder.
        """
        if found := _OTHER.fullmatch(folder):
            return cls(0, 0, int(found["seed"]), other=found["other"])
        if not (found := _RUN.fullmatch(folder)):
            raise InputError(
                f"{folder}: no run's folder, expected one like g2rl_sigma2_lambda0.05_detached_seed0"
            )
        method, sigma, weight, variant, seed = found.group("method", "sigma", "weight", "variant", "seed")
        return cls(float(sigma), float(weight or 0), int(seed), PLUS if method == PLUS else variant or "")


@dataclass(frozen=True)
class Fold:
    """A fold by its number; ``validation``: its held-out training subjects are predicted, not its test
    subjects."""

    number: int
    validation: bool = False

    @property
    def name(self) -> str:
        """``1``, or ``1v`` for its validation."""
        return f"{self.number}{'v' * self.validation}"

    @classmethod
    def parse(cls, name: str) -> "Fold":
        """The fold of a ``name``, or of a folder ``foldNAME``.

        Raises:
            InputError: no such name.
        """
        if not (found := _FOLD.fullmatch(f"fold{name.removeprefix('fold')}")):
            raise InputError(f"{name}: no fold, expected one like 1, or 1v for its validation")
        return cls(int(found[1]), bool(found[2]))


@dataclass(frozen=True)
class FoldFile:
    """What the path ``DATASET/METHOD/foldK/FILE`` names."""

    dataset: str
    method: str
    fold: Fold


def locate_fold_file(path: str | Path) -> FoldFile:
    """The dataset, method and fold of a file of a fold, such as ``predictions.csv``.

    Raises:
        InputError: it does not lie in ``DATASET/METHOD/foldK/``.
    """
    *_, dataset, method, fold, _ = ("", "", "", *Path(path).absolute().parts)
    if not (dataset and _FOLD.fullmatch(fold)):
        raise InputError(f"{path}: expected DATASET/RUN/foldK/{Path(path).name}")
    return FoldFile(dataset, method, Fold.parse(fold))


def dataset_and_method(path: str | Path) -> tuple[str, str]:
    """The dataset and method of ``DATASET/METHOD/metrics.csv``."""
    *_, dataset, method, _ = ("", "", *Path(path).absolute().parts)
    return dataset, method


def dataset_of_sequence(path: str | Path) -> str:
    """The dataset of ``DATASET/cache/SEQUENCE.h5``."""
    return Path(path).absolute().parts[-3]


def dataset_of_table(path: str | Path) -> str:
    """The dataset of ``DATASET/frames.csv``."""
    return Path(path).absolute().parts[-2]


@dataclass(frozen=True)
class Results:
    """The paths below a results folder. Names may be Snakemake wildcards, such as ``{dataset}``."""

    root: str = "results"

    def head(self) -> str:
        return f"{self.root}/raw/head.npz"

    def weights(self, backbone: str) -> str:
        return f"{self.root}/weights/{backbone}.safetensors"

    def check(self, dataset: str) -> str:
        return f"{self.root}/{dataset}/check.csv"

    def landmarks(self, dataset: str, sequence: str) -> str:
        return f"{self.root}/{dataset}/landmarks/{sequence}.h5"

    def sequence(self, dataset: str, sequence: str) -> str:
        return f"{self.root}/{dataset}/cache/{sequence}.h5"

    def manifest(self, dataset: str, fold: int | str) -> str:
        return f"{self.root}/{dataset}/fold{fold}.tsv"

    def frames(self, dataset: str) -> str:
        return f"{self.root}/{dataset}/frames.csv"

    def model(self, dataset: str, run: str, fold: str) -> str:
        return f"{self.root}/{dataset}/{run}/fold{fold}/model.safetensors"

    def history(self, dataset: str, run: str, fold: str) -> str:
        return f"{self.root}/{dataset}/{run}/fold{fold}/history.csv"

    def predictions(self, dataset: str, method: str, fold: str) -> str:
        return f"{self.root}/{dataset}/{method}/fold{fold}/predictions.csv"

    def imported(self, dataset: str, tool: str, fold: str) -> str:
        return f"{self.root}/{dataset}/{tool}/fold{fold}/frames.csv"

    def checkpoint(self, dataset: str, run: str, fold: str) -> str:
        return f"{self.root}/.checkpoints/{dataset}/{run}/fold{fold}.pt"

    def metrics(self, dataset: str, method: str) -> str:
        return f"{self.root}/{dataset}/{method}/metrics.csv"

    def parts(self, dataset: str, method: str) -> str:
        return f"{self.root}/{dataset}/{method}/parts.csv"

    def table1(self, suffix: str) -> str:
        return f"{self.root}/table1{suffix}"

    def figure(self, number: int | str, suffix: str) -> str:
        return f"{self.root}/figures/figure{number}{suffix}"

    def claims(self, suffix: str) -> str:
        return f"{self.root}/claims{suffix}"

    def calibration(self, suffix: str) -> str:
        return f"{self.root}/calibration{suffix}"

    def guidance(self, suffix: str) -> str:
        return f"{self.root}/guidance{suffix}"

    def ablations(self, suffix: str) -> str:
        return f"{self.root}/ablations{suffix}"

    def ablations_guidance(self, suffix: str) -> str:
        return f"{self.root}/ablations_guidance{suffix}"

    def cross_dataset(self, suffix: str) -> str:
        return f"{self.root}/cross_dataset{suffix}"

    def locations(self, suffix: str) -> str:
        return f"{self.root}/locations{suffix}"

    def lock(self) -> str:
        return f"{self.root}/lock.json"

    def summary(self) -> str:
        return f"{self.root}/summary.json"

    def pages(self, datasets: Iterable[str]) -> list[str]:
        """The first page of the report, and the page of each dataset."""
        return [f"{self.root}/{PAGE}", *(f"{self.root}/{name}/{PAGE}" for name in datasets)]

    def provenance(self) -> str:
        return f"{self.root}/provenance"

    def checked(self) -> str:
        """Written once every copy is checked, so that what follows is planned again."""
        return f"{self.root}/.checked"

    def configuration(self) -> str:
        """The name of the configuration whose results these are."""
        return f"{self.root}/.configuration"

    def log(self, *names: str) -> str:
        return f"{self.root}/logs/{'/'.join(names)}.log"

    def benchmark(self, *names: str) -> str:
        return f"{self.root}/logs/benchmarks/{'/'.join(names)}.tsv"
