"""The manifest of each dataset: its sequences, folds and input files, read before anything runs."""

import hashlib
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from g2rl.config.runs import used_centres
from g2rl.config.schema import Config, Dataset
from g2rl.datasets.base import Layout
from g2rl.datasets.registry import get_layout
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import SheetRow, check_folds, read_sheet
from g2rl.datasets.table import TABLE
from g2rl.errors import InputError


@dataclass(frozen=True)
class DatasetManifest:
    """One dataset: where it lies, its sequences by name, and how many frames each has if it is rendered.

    Attributes:
        sheet: the sample sheet, and ``sequences`` its rows.
    """

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

    def source_files(self, sequence: str) -> list[str]:
        """Media and labels."""
        return self._files[sequence]

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
            for path in self.source_files(sequence):
                status = os.stat(path)
                digest.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
        return digest.hexdigest()[:16]

    @cached_property
    def aus(self) -> tuple[int, ...]:
        """The AUs that the layout codes."""
        return self.layout.coded_aus(self.root)

    @property
    def check_options(self) -> list[str]:
        """The options of ``g2rl check`` that name the copy."""
        return [str(self.root), f"--layout={self.layout.name}", f"--sheet={self.sheet}"]

    def rendered_files(self, sequence: str) -> list[str]:
        """What rendering a sequence makes: media, labels, ground truth. ``layout.sequence_pattern`` in place
        of its name gives these paths with Snakemake's wildcards."""
        layout, root = self.layout, self.root
        paths = [layout.media(root, sequence), *layout.label_paths(root, sequence)]
        return [str(path) for path in (*paths, layout.ground_truth(root, sequence))]


def load_manifests(
    config: Config, look: bool = True, find: Callable[[str], str] = str
) -> dict[str, DatasetManifest]:
    """Read every sample sheet and look for every file of the datasets that are not rendered.

    Args:
        look: False where that has been done, as in each of a cluster's jobs: thousands of look-ups on a
            shared filesystem would be repeated for every job.
        find: from the path of a sheet in the configuration to where it lies.

    Returns:
        The manifests by the datasets' names, in the order of the names.

    Raises:
        InputError: a sheet is not readable or has no fold; a root is missing or has another layout; frames or
            labels of a sequence are missing: how many, and the first few; an AU has no location in the set of
            AU centres.
    """
    return {name: _load(name, one, config, look, find) for name, one in sorted(config.datasets.items())}


def _load(
    name: str, dataset: Dataset, config: Config, look: bool, find: Callable[[str], str]
) -> DatasetManifest:
    layout, root = get_layout(dataset.layout), Path(dataset.root)
    if dataset.synthetic is None:  # first, so that a wrong root is not mistaken for a missing table in it
        try:
            check_root(layout, root)
        except InputError as error:
            raise InputError(f"datasets.{name}.root: {error}") from None
    sheet = Path(find(dataset.sheet)) if dataset.sheet else root / TABLE
    # By name: the order of a sheet's rows decides nothing, not even the order of the training's batches.
    rows = sorted(read_sheet(sheet), key=lambda row: row.sequence)
    rendered = dataset.synthetic.frames if dataset.synthetic else None
    manifest = DatasetManifest(layout, root, sheet, {row.sequence: row for row in rows}, rendered)
    _check_sheet(manifest)
    if look and rendered is None:
        names = manifest.sequences
        _look_for(manifest, [manifest.media(each) for each in names], "frames")
        _look_for(manifest, [path for each in names for path in manifest.labels(each)], "label files")
    try:
        used_centres(config, manifest.aus)
    except InputError as error:
        raise InputError(f"datasets.{name}: {error}; or set training.centres") from None
    return manifest


def _check_sheet(manifest: DatasetManifest) -> None:
    """Each sequence is its subject's, and each fold leaves sequences to train on."""
    check_folds(manifest.sheet, list(manifest.sequences.values()))
    for row in manifest.sequences.values():
        if row.subject != (own := manifest.layout.subject(manifest.root, row.sequence)):
            raise InputError(
                f"{manifest.sheet}: {row.sequence} under subject {row.subject}, but it is {own}'s"
            )


def _look_for(manifest: DatasetManifest, paths: list[str], what: str) -> None:
    missing = [path for path in paths if not Path(path).exists()]
    if missing:
        first = ", ".join(missing[:3]) + (", …" if len(missing) > 3 else "")
        check = shlex.join(["g2rl", "check", *manifest.check_options])
        raise InputError(
            f"{manifest.root}: {what}: {len(missing)} of {len(paths)} that {manifest.sheet} lists are not "
            f"there: {first} (complete the copy, or take their sequences out of the sheet; all that is wrong "
            f"with it: {check})"
        )
