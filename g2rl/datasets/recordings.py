"""Recordings and code files in a folder of own data, matched by their names: for ``g2rl init``."""

import os
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from g2rl.datasets.code_table import read_table_codes
from g2rl.datasets.labels import Labels
from g2rl.errors import TextFileError
from g2rl.io.images import are_numbered, is_frame_file
from g2rl.io.video import VIDEO_SUFFIXES

CODE_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".tab", ".dat"})
BOOK_SUFFIXES = frozenset({".xlsx", ".xls", ".ods", ".eaf", ".mat", ".sav"})
# Words of file and folder names that say what a file is, not which recording it belongs to.
_COMMON = re.compile(
    r"(action|units?|aus?|facs|codes?|coded|coding|labels?|annotations?|intensit(y|ies)|"
    r"videos?|movies?|clips?|recordings?|frames?|images?|media|data|export(ed)?)"
)
_SKIPPED = frozenset({"results", "logs", "__pycache__", "__MACOSX"})


@dataclass
class Recording:
    """A video or an image folder with its codes; paths are relative to the folder."""

    media: Path
    codes: Path
    labels: Labels


@dataclass
class Found:
    """What lies in a folder.

    Attributes:
        recordings: in the order of their media.
        left_out: files and folders that are not used, each with the reason.
    """

    recordings: list[Recording] = field(default_factory=list)
    left_out: dict[Path, str] = field(default_factory=dict)


def find_recordings(root: Path) -> Found:
    """Every video and every folder of numbered images below ``root`` that has a file of codes of its name.

    Names are compared without common words such as ``codes`` and ``video``, in small letters; a name that is
    there once may lie in any folder, of others the folders count too. Of the AU columns the most frequent
    ones are taken, and sequences with others left out.
    """
    media, tables, found = _files(root)
    found.left_out |= {path: "a workbook or project: save the codes as CSV" for path in tables["book"]}
    matches = _match(media, tables["text"])
    used = {codes for _, codes in matches}
    names = Counter(map(_words_of_path, media))
    for path in sorted(set(media) - {one for one, _ in matches}):
        several = names[_words_of_path(path)] > 1
        found.left_out[path] = "two recordings of this name" if several else "no file of codes of this name"
    for path in sorted(set(tables["text"]) - used):
        found.left_out[path] = "no recording of this name"
    for one, codes in sorted(matches):
        try:
            labels = read_table_codes(root / codes, first_frame=int((root / one).is_file()))
        except TextFileError as error:
            found.left_out[codes] = str(error).removeprefix(f"{root / codes}: ")
            found.left_out[one] = f"its codes ({codes}) cannot be used"
        else:
            found.recordings.append(Recording(one, codes, labels))
    _keep_common_aus(found)
    return found


def _files(root: Path) -> tuple[list[Path], dict[str, list[Path]], Found]:
    """Media and tables below a folder, relative to it; hidden folders and results are not entered."""
    media: list[Path] = []
    tables: dict[str, list[Path]] = {"text": [], "book": []}
    found = Found()
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name[0] != "." and name not in _SKIPPED)
        here = Path(folder).relative_to(root)
        files = _by_kind(names)
        media += [here / name for name in files["video"]]
        for kind, paths in tables.items():
            paths.extend(here / name for name in files[kind])
        if files["image"] and here != Path() and not files["video"]:
            if are_numbered(files["image"]):
                media.append(here)
            else:
                found.left_out[here] = "images without a number of their own in the name"
    return media, tables, found


def _by_kind(names: Iterable[str]) -> dict[str, list[str]]:
    """The names of each kind, sorted, without hidden and temporary files."""
    files: dict[str, list[str]] = defaultdict(list)
    for name in sorted(name for name in names if name[0] not in ".~"):
        files[_kind_of_file(name)].append(name)
    return files


def _kind_of_file(name: str) -> str:
    """``video``, ``image``, a table (``text``, ``book``) or ``other``, by the name."""
    suffix = Path(name).suffix.lower()
    if suffix in VIDEO_SUFFIXES:
        return "video"
    if is_frame_file(name):
        return "image"
    if suffix in CODE_SUFFIXES:
        return "text"
    return "book" if suffix in BOOK_SUFFIXES else "other"


def _match(media: Iterable[Path], codes: Iterable[Path]) -> list[tuple[Path, Path]]:
    """Pairs of media and codes of the same name, each used once."""
    pairs: list[tuple[Path, Path]] = []
    left_media, left_codes = set(media), set(codes)
    for words in (_words_of_path, _words_of_name):
        groups: dict[tuple[str, ...], tuple[list[Path], list[Path]]] = defaultdict(lambda: ([], []))
        for side, paths in enumerate((left_media, left_codes)):
            for path in sorted(paths):
                groups[words(path)][side].append(path)
        for recordings, tables in groups.values():
            if len(recordings) == len(tables) == 1:
                pairs.append((recordings[0], tables[0]))
                left_media.remove(recordings[0])
                left_codes.remove(tables[0])
    return pairs


def without_suffix(path: Path) -> Path:
    """A recording's or table's path without its suffix; a dot in a folder's name (``P01.s1``) begins none."""
    return path if _kind_of_file(path.name) == "other" else path.with_suffix("")


def _words_of_path(path: Path) -> tuple[str, ...]:
    return tuple(word for part in without_suffix(path).parts for word in _words(part))


def _words_of_name(path: Path) -> tuple[str, ...]:
    """The words of the file's own name, or of the folder's where that has none, as in anna/codes.csv."""
    return _words(without_suffix(path).name) or _words_of_path(path)


def _words(name: str) -> tuple[str, ...]:
    words = re.findall(r"[^\W_]+", name.lower())
    return tuple(word for word in words if not _COMMON.fullmatch(word))


def _keep_common_aus(found: Found) -> None:
    """Leave out the recordings that code other AUs than most: one network has one set of AUs."""
    counts = Counter(one.labels.aus for one in found.recordings)
    usual = max(counts, key=lambda aus: (counts[aus], len(aus), aus), default=())
    for one in [one for one in found.recordings if one.labels.aus != usual]:
        names, others = (", ".join(f"AU{au:02d}" for au in aus) for aus in (one.labels.aus, usual))
        found.left_out[one.codes] = f"codes {names}; the others code {others}"
        found.recordings.remove(one)
