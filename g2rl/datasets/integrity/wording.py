"""TODO: one line."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np

# ------------------------------------------------------------------------------------------- in words


def frame_ranges(numbers: Iterable[int], most: int = 3) -> str:
    """``frames 3, 7 to 9 and 12 more``."""
    numbers = np.asarray(list(numbers))
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)
    words = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:most]]
    rest = sum(len(run) for run in runs[most:])
    return f"{'frame' if len(numbers) == 1 else 'frames'} {', '.join(words)}" + (
        f" and {rest} more" if rest else ""
    )


def name_spans(files: dict[int, str]) -> str:
    """One file name of each length, ``1.jpg, 0002.jpg``."""
    return ", ".join({len(name): name for _, name in sorted(files.items(), reverse=True)}.values())


def size_text(size: tuple[int, int] | None) -> str:
    return f"{size[0]}×{size[1]} pixels" if size else "no image"


def relative_name(root: Path, path: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
