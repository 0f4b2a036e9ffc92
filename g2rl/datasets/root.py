"""Whether a folder is the root of a dataset, and if not, what it looks like instead."""

import os
import re
from pathlib import Path

from g2rl.datasets.base import Layout, Part, find_entry
from g2rl.datasets.registry import LAYOUTS
from g2rl.errors import InputError

ARCHIVES = ("zip", "7z", "rar", "tar", "tar.gz", "tgz")


def check_root(layout: Layout, root: Path) -> None:
    """A quick look at a dataset's root, before anything is planned on it.

    Raises:
        InputError: ``root`` is not there or does not look like ``layout``; names what it looks like instead.
    """
    root = Path(root)
    expected = " and ".join(f"{part.path.name} ({part.what})" for part in layout.parts(root))
    if not root.is_dir():
        what = "a file" if root.is_file() else "no such folder"
        what += "" if root.is_absolute() else f" in {Path.cwd()}"
        raise InputError(f"{root}: {what}, expected a folder of layout {layout.name}: {expected}")
    if not _looks_like(layout, root) or _is_bp4d_plus(root):
        raise InputError(
            f"{root}: not of layout {layout.name}, expected {expected} in it: {_guess(layout, root)}"
        )


def _looks_like(layout: Layout, root: Path) -> bool:
    try:
        return all(part.is_there for part in layout.parts(root))
    except PermissionError as error:
        raise InputError(f"{error.filename}: may not be read: check its permissions") from None


def _may_be(layout: Layout, folder: Path) -> bool:
    """Whether a folder other than the given root looks like a layout; an unreadable one does not."""
    try:
        return _looks_like(layout, folder)
    except InputError:
        return False


def _guess(layout: Layout, root: Path) -> str:
    """What a folder that is not of a layout may be, and what to do."""
    folders = sorted(entry.name for entry in root.iterdir() if entry.is_dir() and entry.name[0] != ".")
    return (
        _other_layout(layout, root)
        or _other_dataset(root)
        or _folder_nearby(layout, root, folders)
        or _still_packed(layout, root)
        or _incomplete_copy(layout, root)
        or _content(root)
    )


def _other_layout(layout: Layout, root: Path) -> str:
    others = (other.name for other in LAYOUTS.values() if other is not layout and _may_be(other, root))
    return next((f"it is of layout {name}: set that" for name in others), "")


def _other_dataset(root: Path) -> str:
    if any((find_entry(root, "Labels") / name).is_dir() for name in ("SN001", "SN003", "SN010")):
        return "this looks like DISFA+ (Labels/SN001/<trial>/AU1.txt), another dataset"
    return "this looks like BP4D+ (tasks T9 and T10), another dataset" if _is_bp4d_plus(root) else ""


def _is_bp4d_plus(root: Path) -> bool:
    places = (root, find_entry(root, "2D+3D", "Sequences", "Sequences(2D+3D)"))
    tasks = (f"{name}/{task}" for name in ("F001", "F002", "F083") for task in ("T9", "T10"))
    return any((place / task).is_dir() for task in tasks for place in places)


def _folder_nearby(layout: Layout, root: Path, folders: list[str]) -> str:
    for above in list(root.absolute().parents)[:3]:
        if _may_be(layout, above):
            return f"give the folder above, {above}"
    below = (root / name for name in folders[:50] if _may_be(layout, root / name))
    return next((f"give the folder below, {folder}" for folder in below), "")


def _still_packed(layout: Layout, root: Path) -> str:
    """What to unpack, where a part of the dataset is there as archives: its folder, or what is in it."""
    for part in layout.parts(root):
        for folder in dict.fromkeys((part.path, root)):
            if part.is_there or not folder.is_dir():
                continue
            packed = sorted(name for name in os.listdir(folder) if _packs(name, part))
            if packed:
                names = ", ".join(packed[:3]) + (f", … ({len(packed)} files)" if len(packed) > 3 else "")
                return f"the {part.what} are still packed: unpack {names} in {folder}"
    return ""


def _packs(name: str, part: Part) -> bool:
    stem, dot, suffix = name.partition(".")
    is_archive = dot and suffix.lower() in ARCHIVES
    return bool(is_archive and (re.fullmatch(part.entry, stem) or stem.lower() == part.path.name.lower()))


def _incomplete_copy(layout: Layout, root: Path) -> str:
    there = [part.what for part in layout.parts(root) if part.is_there]
    if not there:
        return ""
    missing = next(part for part in layout.parts(root) if not part.is_there)
    is_empty = missing.path.is_dir()
    what = f"{missing.path.name} has no {missing.what}" if is_empty else f"the {missing.what} are not"
    return f"the {' and '.join(there)} are there, {what}: complete the copy"


def _content(root: Path) -> str:
    names = sorted(entry.name for entry in root.iterdir())
    return f"found {', '.join(names[:5]) + (', …' if len(names) > 5 else '') if names else 'nothing'}"
