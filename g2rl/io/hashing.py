"""SHA-256 of a file or of a whole folder."""

import hashlib
from pathlib import Path


def content_sha256(path: Path) -> str:
    """SHA-256 in hex of a file's bytes; for a folder, of its files' names and hashes (not hidden ones)."""
    if not path.is_dir():
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    names = sorted(each.relative_to(path).as_posix() for each in path.rglob("*") if each.is_file())
    shown = (name for name in names if not any(part.startswith(".") for part in name.split("/")))
    lines = [f"{content_sha256(path / name)}  {name}\n" for name in shown]
    return hashlib.sha256("".join(lines).encode()).hexdigest()
