"""The files that each kind of output is."""

from collections.abc import Iterable
from pathlib import Path

ENDS = {
    "csv": ".csv",
    "overlay": ".overlay.mp4",
    "plot": ".timeline.png",
    "page": ".html",
    "summary": ".summary.csv",
}
OF_PHOTO, OF_PHOTOS = ".overlay.jpg", ".overlay"
_WITH = {".timeline.png": ".timeline.pdf", ".summary.csv": ".events.csv"}  # written with them


def all_outputs(stem: Path) -> list[Path]:
    """Every file that an input of this name may have."""
    return [stem.with_name(stem.name + end) for end in (*ENDS.values(), OF_PHOTO, OF_PHOTOS, *_WITH.values())]


def with_beside(paths: Iterable[Path]) -> list[Path]:
    """Files that were written, each followed by the one that is written with it."""
    found = []
    for path in paths:
        found.append(path)
        found += [
            path.with_name(path.name.removesuffix(end) + other)
            for end, other in _WITH.items()
            if path.name.endswith(end)
        ]
    return found
