"""SHA-256 of a file or of a whole folder."""

import hashlib
from collections.abc import Mapping
from pathlib import Path


def content_sha256(path: Path) -> str:
    """SHA-256 in hex of a file's bytes; for a folder, of its files' names and hashes (not hidden ones)."""
    if path.is_dir():
        return files_sha256({name: content_sha256(path / name) for name in shown_files(path)})
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def files_sha256(digests: Mapping[str, str]) -> str:
    """SHA-256 in hex of files' names and hashes, in the order of the names."""
    lines = [f"{digest}  {name}\n" for name, digest in sorted(digests.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def shown_files(folder: Path) -> list[str]:
    """The names of all files in a folder, without those that are hidden or in a hidden folder."""
    names = sorted(each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file())
    return [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
