"""How findings word frame numbers, sizes and paths, and what lies where a file should be."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np


def frame_ranges(numbers: Iterable[int], most: int = 3) -> str:
    """``frames 3, 7 to 9 and 12 more``."""
    frames = np.asarray(list(numbers))
    runs = np.split(frames, np.flatnonzero(np.diff(frames) != 1) + 1)
    words = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:most]]
    rest = sum(len(run) for run in runs[most:])
    return f"{'frame' if len(frames) == 1 else 'frames'} {', '.join(words)}" + (
        f" and {rest} more" if rest else ""
    )


def name_spans(files: dict[int, str]) -> str:
    """One file name of each length, ``1.jpg, 0002.jpg``."""
    return ", ".join({len(name): name for _, name in sorted(files.items(), reverse=True)}.values())


def size_text(size: tuple[int, int] | None) -> str:
    """``1024×768 pixels``."""
    return f"{size[0]}×{size[1]} pixels" if size else "no image"


def relative_name(root: Path, path: Path) -> str:
    """A path as seen from the dataset's root, if it lies below it."""
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def similar_names(path: Path, name: str) -> str:
    """What lies where ``path`` should, under a name like it: an archive, other capitals, another camera."""
    wanted = {part.lower() for part in (name, path.stem)}
    near = []
    for folder in (path.parent, path.parent.parent):
        entries = sorted(os.listdir(folder)) if folder.is_dir() else []
        near += [entry for entry in entries if any(part in entry.lower() for part in wanted)]
    if not near:
        return "nothing there"
    archive = any(Path(entry).suffix.lower() in (".zip", ".7z", ".rar", ".tar", ".gz") for entry in near)
    return f"not there, but {', '.join(near[:3])}{' (to be unpacked)' if archive else ''}"
