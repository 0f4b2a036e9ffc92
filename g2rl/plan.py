"""What there is to do, before anything runs: each dataset's sequences and folds, its files looked for."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from g2rl.config import Config, Dataset
from g2rl.datasets import Layout, Sequence, check_root, get_layout, read_sheet
from g2rl.files import InputError


@dataclass(frozen=True)
class Plan:
    """One dataset: where it lies, and its sequences by name."""

    layout: Layout
    root: Path
    sequences: dict[str, Sequence]

    @property
    def folds(self) -> list[int]:
        """The numbers of the folds; fold 0 of a sheet is only ever trained on."""
        return sorted({sequence.fold for sequence in self.sequences.values()} - {0})

    def train(self, fold: int) -> list[str]:
        """The sequences that fold ``fold`` is trained on: all but those it tests."""
        return [name for name, sequence in self.sequences.items() if sequence.fold != fold]

    def test(self, fold: int) -> list[str]:
        """The sequences that fold ``fold`` tests."""
        return [name for name, sequence in self.sequences.items() if sequence.fold == fold]

    def media(self, sequence: str) -> str:
        return str(self.layout.media(self.root, sequence))

    def labels(self, sequence: str) -> list[str]:
        return [str(path) for path in self.layout.label_paths(self.root, sequence)]


def plan_datasets(config: Config) -> dict[str, Plan]:
    """Read every sample sheet and look for every file of the datasets that are not rendered.

    Raises:
        InputError: a sheet is not readable or has no fold; a root is missing or has another layout; frames or
            labels of a sequence are missing: how many, and the first few.
    """
    return {name: _plan(name, dataset) for name, dataset in config.datasets.items()}


def _plan(name: str, dataset: Dataset) -> Plan:
    layout, root = get_layout(dataset.layout), Path(dataset.root)
    plan = Plan(layout, root, {row.sequence: row for row in read_sheet(Path(dataset.sheet))})
    if not plan.folds or not all(plan.train(fold) for fold in plan.folds):
        raise InputError(f"{dataset.sheet}: every fold needs other sequences to train on, found {plan.folds}")
    if dataset.synthetic is None:
        try:
            check_root(layout, root)
        except InputError as error:
            raise InputError(f"datasets.{name}.root: {error}") from None
        _look_for((plan.media(sequence) for sequence in plan.sequences), f"{root}: frames", dataset.sheet)
        labels = (path for sequence in plan.sequences for path in plan.labels(sequence))
        _look_for(labels, f"{root}: label files", dataset.sheet)
    return plan


def _look_for(paths: Iterable[str], what: str, sheet: str) -> None:
    paths = list(paths)
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        first = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise InputError(
            f"{what}: {len(missing)} of {len(paths)} that {sheet} lists are not there: {first} "
            "(complete the copy, or take their sequences out of the sheet)"
        )
