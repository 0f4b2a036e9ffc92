"""The start of own data: subjects and folds guessed from the names, and ``sequences.tsv`` written."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from g2rl.datasets.recordings import Recording, find_recordings, without_suffix
from g2rl.datasets.sheet import plain_name
from g2rl.datasets.table import COLUMNS
from g2rl.errors import InputError

MOST_FOLDS = 3
_KIND = re.compile(
    r"(?i)(videos?|clips?|frames?|images?|media|recordings?|mp4|avi|mov|sessions?|days?|visits?|weeks?|trials?|"
    r"takes?|cam(era)?s?|left|right|parts?|sets?|batch)\d*"
)


@dataclass(frozen=True)
class OwnData:
    """What ``sequences.tsv`` is to hold.

    Attributes:
        rows: values of ``COLUMNS``.
        aus: the AUs that are coded.
        frames: coded frames of all sequences.
        rule: how the subjects were guessed, a phrase.
        left_out: what was not used, each with the reason.
    """

    rows: list[tuple[str, ...]]
    aus: tuple[int, ...]
    frames: int
    rule: str
    left_out: dict[Path, str]

    @property
    def subjects(self) -> list[str]:
        return sorted({row[1] for row in self.rows})

    @property
    def folds(self) -> list[str]:
        return sorted({row[2] for row in self.rows})

    def sheet_text(self) -> str:
        """The content of ``sequences.tsv``."""
        return "".join("\t".join(row) + "\n" for row in (COLUMNS, *self.rows))


def look_at(root: Path) -> OwnData:
    """Recordings and codes of a folder as sequences, subjects and folds; the same folder gives the same.

    Raises:
        InputError: ``root`` is no folder, no recording has codes, or all are of one subject.
    """
    if not root.is_dir():
        raise InputError(f"{root}: no such folder, expected one with videos or image folders and their codes")
    found = find_recordings(root)
    if not found.recordings:
        reasons = "; ".join(f"{path}: {why}" for path, why in list(found.left_out.items())[:3])
        raise InputError(
            f"{root}: no recording with codes, expected anna1.mp4 and anna1.csv (frame,AU06,AU12)"
            + (f"; {reasons}" if reasons else "")
        )
    names = _sequence_names(found.recordings)
    subjects, rule = guess_subjects([one.media for one in found.recordings], names)
    if len(set(subjects)) < 2:
        raise InputError(
            f"{root}: one recording, or all of one subject: a model is tested on subjects that it was not "
            "trained on; add recordings of another person"
        )
    weights: Counter[str] = Counter()
    for one, subject in zip(found.recordings, subjects, strict=True):
        weights[subject] += len(one.labels.frame)
    folds = divide_subjects(weights, min(MOST_FOLDS, len(weights)))
    rows = [
        (name, subject, str(folds[subject]), one.media.as_posix(), one.codes.as_posix())
        for one, name, subject in zip(found.recordings, names, subjects, strict=True)
    ]
    aus = found.recordings[0].labels.aus
    return OwnData(sorted(rows), aus, sum(weights.values()), rule, found.left_out)


def guess_subjects(media: Sequence[Path], names: Sequence[str]) -> tuple[list[str], str]:
    """The subject of each recording, and the rule that gave it.

    The folder of a recording, where recordings lie in several folders that are not named for a kind or a
    session; else the name up to the first ``_``, ``-`` or ``.``, behind what all names have in common,
    without digits behind three letters or more (``anna2``) where that leaves several; else each recording is
    another subject.
    """
    folders = [plain_name(path.parent.name) for path in media]
    if len(set(folders)) > 1 and all(folders) and not any(map(_is_kind, folders)):
        return folders, "the folder of a recording is its subject"
    return _subjects_in_names(names)


def _subjects_in_names(names: Sequence[str]) -> tuple[list[str], str]:
    """The subject of each recording by its name alone, and the rule; see ``guess_subjects``."""
    parts = [_name_parts(name) for name in names]
    shared = _shared_start(parts)
    subjects = [part[shared] if part else "" for part in parts]
    if len(set(subjects)) < 2 or not all(subjects):
        return list(names), "each recording is another subject"
    rule = "the name up to the first _ - or . is the subject"
    rule += f", without {'_'.join(parts[0][:shared])!r} before it" if shared else ""
    without_digits = [re.sub(r"(?<=[^\W\d]{3})\d+$", "", subject) for subject in subjects]
    if without_digits != subjects and len(set(without_digits)) > 1:
        return without_digits, f"{rule}, without digits at its end"
    return subjects, rule


def _name_parts(name: str) -> list[str]:
    """The parts of a name between ``_``, ``-`` and ``.``, without those that say what it is."""
    return [part for part in re.split(r"[_.-]", name) if not _is_kind(part)]


def _shared_start(parts: Sequence[Sequence[str]]) -> int:
    """How many parts all names have in common at their start; at least one part of each name is left."""
    shared = 0
    while all(len(part) > shared + 1 for part in parts) and len({part[shared] for part in parts}) == 1:
        shared += 1
    return shared


def _is_kind(name: str) -> bool:
    """Whether a name says what something is or when it was recorded, not who it shows."""
    return bool(_KIND.fullmatch(name))


def divide_subjects(weights: dict[str, int], count: int) -> dict[str, int]:
    """The fold, 1 to ``count``, of each subject: the longest first, each to the fold with fewest frames."""
    sizes = dict.fromkeys(range(1, count + 1), 0)
    members = dict.fromkeys(sizes, 0)
    folds = {}
    for subject in sorted(weights, key=lambda name: (-weights[name], name)):
        fold = min(sizes, key=lambda number: (sizes[number], members[number], number))
        folds[subject] = fold
        sizes[fold] += weights[subject]
        members[fold] += 1
    return folds


def _sequence_names(recordings: Sequence[Recording]) -> list[str]:
    """A name for each recording: of the file or folder, with the folders above where others share it."""
    paths = [one.media for one in recordings]
    stems = [plain_name(without_suffix(path).name) for path in paths]
    counts = Counter(stems)
    names = [
        stem if stem and counts[stem] == 1 else plain_name("_".join(without_suffix(path).parts))
        for stem, path in zip(stems, paths, strict=True)
    ]
    twice = Counter(names)
    return [
        name if name and twice[name] == 1 else f"{name or 'sequence'}_{place}"
        for place, name in enumerate(names, 1)
    ]
