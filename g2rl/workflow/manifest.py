"""What there is to do, before anything runs: each dataset's sequences and folds, its files looked for."""

import hashlib
import os
import shlex
from collections.abc import Collection
from collections.abc import Sequence as ListOf
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from g2rl.config.runs import used_centres
from g2rl.config.schema import Config, Dataset
from g2rl.datasets.base import Layout
from g2rl.datasets.registry import get_layout
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import SheetRow, read_sheet
from g2rl.datasets.table import TABLE
from g2rl.errors import InputError


@dataclass(frozen=True)
class DatasetManifest:
    """One dataset: where it lies, its sequences by name, and how many frames each has if it is rendered."""

    layout: Layout
    root: Path
    sheet: Path
    sequences: dict[str, SheetRow]
    rendered: int | None = None

    @cached_property
    def folds(self) -> list[int]:
        """The numbers of the folds; fold 0 of a sheet is only ever trained on."""
        return sorted(self.parts.keys() - {0})

    @cached_property
    def parts(self) -> dict[int, list[str]]:
        """The sequences of each number in the sheet's column of folds."""
        found: dict[int, list[str]] = {}
        for name, sequence in self.sequences.items():
            found.setdefault(sequence.fold, []).append(name)
        return found

    def train(self, fold: int, validation: bool = False) -> list[str]:
        """The sequences that fold ``fold`` is trained on: all but those it tests.

        Args:
            validation: also without those that are held out for choices.
        """
        held = set(self.held_out(fold)) if validation else ()
        return [name for name in self._sides[fold][0] if name not in held]

    def test(self, fold: int, validation: bool = False) -> list[str]:
        """The sequences that fold ``fold`` tests; in its validation, those that are held out."""
        return self.held_out(fold) if validation else self._sides[fold][1]

    @cached_property
    def _sides(self) -> dict[int, tuple[list[str], list[str]]]:
        """Asked for by every training of a fold: thousands of sequences, sorted out once."""
        rows = self.sequences.items()
        return {
            fold: ([n for n, row in rows if row.fold != fold], [n for n, row in rows if row.fold == fold])
            for fold in self.folds
        }

    @cached_property
    def lengths(self) -> dict[str, int]:
        """Coded frames of each sequence, at most, without reading its codes.

        As many as are rendered; as were published; else as its file of codes has room for, since a row takes
        a digit and a comma or line end for the frame and for each AU.
        """
        if self.rendered:
            return dict.fromkeys(self.sequences, self.rendered)
        published, columns = self.layout.published(self.root), 1 if self.layout.aus else len(self.aus)
        ranges = {name: published.get(name) for name in self.sequences}
        return {
            name: coded[1] - coded[0] + 1
            if coded
            else Path(self.labels(name)[0]).stat().st_size // (2 + 2 * columns) + 1
            for name, coded in ranges.items()
        }

    def held_out(self, fold: int) -> list[str]:
        """The sequences of every fourth of the fold's training subjects: whoever chooses between trainings
        does it on them, never on the fold's test subjects."""
        names = self._sides[fold][0]
        subjects = sorted({self.sequences[name].subject for name in names})[::4]
        return [name for name in names if self.sequences[name].subject in subjects]

    def media(self, sequence: str) -> str:
        return self._files[sequence][0]

    def labels(self, sequence: str) -> list[str]:
        return self._files[sequence][1:]

    @cached_property
    def _files(self) -> dict[str, list[str]]:
        """Media and labels of each sequence: every job of it asks for them several times."""
        return {
            name: [
                str(path)
                for path in (self.layout.media(self.root, name), *self.layout.label_paths(self.root, name))
            ]
            for name in self.sequences
        }

    def stamp(self) -> str:
        """Changes when a file of the copy does: a hash of their names, sizes and times."""
        digest = hashlib.sha256()
        for sequence in self.sequences:
            for path in (self.media(sequence), *self.labels(sequence)):
                status = os.stat(path)
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    @cached_property
    def aus(self) -> tuple[int, ...]:
        """The AUs that the layout codes."""
        return self.layout.coded_aus(self.root)

    @property
    def check_command(self) -> list[str]:
        """What shows everything that is wrong with the copy."""
        return ["g2rl", "check", str(self.root), f"--layout={self.layout.name}", f"--sheet={self.sheet}"]


def load_manifests(config: Config, look: bool = True) -> dict[str, DatasetManifest]:
    """Read every sample sheet and look for every file of the datasets that are not rendered.

    Args:
        look: False where that has been done, as in each of a cluster's jobs: thousands of look-ups on a
            shared filesystem would be made anew for every job.

    Raises:
        InputError: a sheet is not readable or has no fold; a root is missing or has another layout; frames or
            labels of a sequence are missing: how many, and the first few; an AU has no location in the set of
            AU centres.
    """
    return {name: _plan(name, dataset, config, look) for name, dataset in config.datasets.items()}


def missing_results(stages: ListOf[Collection[str]]) -> list[str]:
    """The files that are missing though files of a later stage are there.

    Snakemake deletes the outputs of a job before it makes them anew, and where the job then fails or is cut
    off they stay away. It would not miss them: what was once made from them is there and looks up to date.

    Args:
        stages: the files of each stage, the first stage first.
    """
    found: list[str] = []
    later = False
    for files in reversed(stages):
        there = {file: Path(file).exists() for file in files}
        found += [file for file in files if later and not there[file]]
        later |= any(there.values())
    return found


def _plan(name: str, dataset: Dataset, config: Config, look: bool) -> DatasetManifest:
    layout, root = get_layout(dataset.layout), Path(dataset.root)
    if dataset.synthetic is None:  # first, so that a wrong root is not mistaken for a missing table in it
        try:
            check_root(layout, root)
        except InputError as error:
            raise InputError(f"datasets.{name}.root: {error}") from None
    sheet = Path(dataset.sheet) if dataset.sheet else root / TABLE
    # By name: the order of a sheet's rows decides nothing, not even the order of the training's batches.
    rows = sorted(read_sheet(sheet), key=lambda row: row.sequence)
    rendered = dataset.synthetic.frames if dataset.synthetic else None
    plan = DatasetManifest(layout, root, sheet, {row.sequence: row for row in rows}, rendered)
    for row in plan.sequences.values():
        if row.subject != (own := layout.subject(root, row.sequence)):
            raise InputError(f"{sheet}: {row.sequence} under subject {row.subject}, but it is {own}'s")
    if not plan.folds or not all(plan.train(fold) for fold in plan.folds):
        raise InputError(f"{sheet}: every fold needs other sequences to train on, found {plan.folds}")
    if look and dataset.synthetic is None:
        _look_for(plan, [plan.media(sequence) for sequence in plan.sequences], "frames")
        _look_for(
            plan, [path for sequence in plan.sequences for path in plan.labels(sequence)], "label files"
        )
    try:
        used_centres(config, plan.aus)
    except InputError as error:
        raise InputError(f"datasets.{name}: {error}; or set training.centres") from None
    return plan


def _look_for(plan: DatasetManifest, paths: list[str], what: str) -> None:
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        first = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        raise InputError(
            f"{plan.root}: {what}: {len(missing)} of {len(paths)} that {plan.sheet} lists are not there: "
            f"{first} (complete the copy, or take their sequences out of the sheet; all that is wrong with "
            f"it: {shlex.join(plan.check_command)})"
        )
