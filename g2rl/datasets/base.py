"""What a dataset layout is: where a dataset keeps the frames and the codes of its sequences."""

import logging
import os
import re
from abc import ABC, abstractmethod
from collections.abc import Container
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from g2rl.datasets.labels import Labels, other_frames
from g2rl.errors import InputError

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """Something that must lie below a dataset's root: a folder with entries of a certain name, or a file.

    Attributes:
        what: ``frames``, ``videos``, ``codes`` …
        path: where it lies, in the spelling found, or else as distributed.
        entry: regular expression that the name of at least one entry must match; empty for a file.
        twins: other spellings of it that lie there too.
    """

    what: str
    path: Path
    entry: str
    twins: tuple[Path, ...] = ()

    @property
    def is_there(self) -> bool:
        if not self.entry:
            return self.path.is_file()
        return self.path.is_dir() and any(re.fullmatch(self.entry, name) for name in os.listdir(self.path))


class Layout(ABC):
    """Where a dataset keeps the frames and the codes of its sequences.

    Attributes:
        name: its name in the configuration and on the command line.
        title: the dataset's own name.
        aus: the action units it codes, in the order of every label column; empty where the files say it.
        codes_every_frame: whether a frame without a code is out of the ordinary.
        frame_rate: frames per second of its videos, None if there is no fixed one.
        sequence_pattern: a sequence's name with Snakemake wildcards for its parts, such as
            ``{subject}_{task}``; ``media`` and ``label_paths`` take it in place of a name and give paths with
            these wildcards. Empty where names follow no pattern.
        has_known_bad_frames: whether ``known_bad`` lists any.
        has_photos: whether the frames are photos that have nothing to do with each other.
        rate_class: the rows of the measured rates of landmarks and alignment that apply to its media:
            ``bp4d`` (large JPEG files) or ``disfa`` (videos).
        unknown_sequence: the kind of finding (``g2rl check``) of a sequence that was not published.
    """

    name: str
    title: str
    aus: tuple[int, ...]
    codes_every_frame: bool = False
    frame_rate: float | None = None
    sequence_pattern: str = ""
    has_known_bad_frames: bool = False
    has_photos: bool = False
    rate_class: str = "disfa"
    unknown_sequence: str = "sequence-unknown"

    @abstractmethod
    def media(self, root: Path, sequence: str) -> Path:
        """The image folder or video file of a sequence, whether or not it is there."""

    @abstractmethod
    def label_paths(self, root: Path, sequence: str) -> list[Path]:
        """The label files of a sequence, whether or not they are there."""

    def coded_aus(self, root: Path) -> tuple[int, ...]:
        """The AUs that are coded."""
        return self.aus

    @abstractmethod
    def read_file(self, path: Path) -> Labels:
        """Read one label file; ``aus`` of the result is empty where the file does not name them.

        Raises:
            TextFileError: it is missing, empty, has other columns, a value that is no code, or a frame twice.
        """

    def read_file_of(self, root: Path, sequence: str, path: Path) -> Labels:
        """Read one label file of a sequence, whose media may say more than ``read_file`` knows."""
        return self.read_file(path)

    def frame_shift(self, root: Path, sequence: str) -> int:
        """What is added to the frame numbers of the codes to have those of the media; most often 0.

        Raises:
            InputError: it cannot be told.
        """
        return 0

    def excluded(self, root: Path, sequence: str) -> list[int]:
        """``known_bad`` by the media's frame numbers."""
        shift = self.frame_shift(root, sequence)
        return [number + shift for number in self.known_bad(sequence)]

    def read_labels(self, root: Path, sequence: str, known_faults: Container[Path] = ()) -> Labels:
        """Read the codes of a sequence, by the frame numbers of its media.

        Args:
            known_faults: paths with a known error: a sequence whose codes cannot be read has no coded frame
                if one of its label files, or its media, is among them.

        Raises:
            TextFileError: as ``read_file``, or a file codes other frames than the first AU's.
        """
        paths = self.label_paths(root, sequence)
        try:
            return self._shifted(root, sequence, self._read_files(root, sequence, paths))
        except InputError as error:
            if not any(path in known_faults for path in (*paths, self.media(root, sequence))):
                raise
            logger.warning("%s: no frame of the sequence is coded", error)
            aus = self.coded_aus(root)
            return Labels(np.empty(0, np.int32), np.empty((0, len(aus)), np.int8), aus)

    def _read_files(self, root: Path, sequence: str, paths: list[Path]) -> Labels:
        files = [self.read_file_of(root, sequence, path) for path in paths]
        first = files[0]
        for path, file in zip(paths, files, strict=True):
            if not np.array_equal(file.frame, first.frame):
                raise other_frames(path, file.frame, paths[0], first.frame)
        intensity = np.concatenate([file.intensity for file in files], axis=1)
        return Labels(first.frame, intensity, self.aus or first.aus)

    def _shifted(self, root: Path, sequence: str, labels: Labels) -> Labels:
        shift = self.frame_shift(root, sequence)
        if shift:
            logger.info("%s: its frames count from 0, its codes from 1", self.media(root, sequence))
        return replace(labels, frame=labels.frame + np.int32(shift))

    @abstractmethod
    def parts(self, root: Path) -> list[Part]:
        """What must lie below the root for it to be of this layout."""

    @abstractmethod
    def published(self, root: Path) -> dict[str, tuple[int, int] | None]:
        """Every sequence of the dataset as distributed, with its first and last coded frame where known."""

    @abstractmethod
    def found(self, root: Path) -> dict[str, Path]:
        """The sequences whose frames lie below the root, by their names alone."""

    def own_sheet(self, root: Path) -> Path | None:
        """The sample sheet that is part of the dataset, if it is."""
        return None

    def known_bad(self, sequence: str) -> list[int]:
        """The coded frames in which the landmarks of a dataset's publishers are known to miss the face."""
        return []

    def ground_truth(self, root: Path, sequence: str) -> Path:
        """What is known of the faces of a sequence that was rendered; as distributed a dataset has none."""
        return root / "truth" / f"{sequence}.npz"

    def subject(self, root: Path, sequence: str) -> str:
        """The subject of a sequence."""
        return sequence.split("_")[0]


def find_entry(folder: Path, *spellings: str) -> Path:
    """The entry of ``folder`` with one of these names; capitals, spaces, ``-`` and ``_`` make no difference.

    The first spelling is returned where no such entry, or no such folder, exists (yet).
    """
    first = folder / spellings[0]
    return first if first.exists() else next(iter(find_entries(folder, *spellings)), first)


def find_entries(folder: Path, *spellings: str) -> list[Path]:
    """Every entry of ``folder`` with one of these names, see ``find_entry``, the first spelling's first."""
    wanted = [_plain(spelling) for spelling in spellings]
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    matches = [name for name in names if _plain(name) in wanted]
    return [folder / name for name in sorted(matches, key=lambda name: wanted.index(_plain(name)))]


def _plain(name: str) -> str:
    return re.sub(r"[ _-]", "", name).lower()
