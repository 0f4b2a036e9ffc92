"""Stale checkpoints and partial files of interrupted commands."""

import shutil
from collections.abc import Iterable
from pathlib import Path


def stale_files(results: Path) -> list[Path]:
    """What interrupted commands left below a results folder: checkpoints, partial files and folders."""
    return sorted({*results.rglob(".*.part-????????*"), *(results / ".checkpoints").rglob("*.pt")})


def format_files(paths: Iterable[Path]) -> str:
    """One line per file or folder, with its size."""
    return "".join(f"{path}  {_size(path) / 1e6:.1f} MB\n" for path in paths)


def _size(path: Path) -> int:
    inside = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
    return sum(each.stat().st_size for each in inside)


def delete_files(paths: Iterable[Path]) -> None:
    for path in paths:
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
