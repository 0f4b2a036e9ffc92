"""Fold manifests: the aligned sequences of a fold with their checksums, ``results/DATASET/foldK.tsv``.

One small file that changes whenever the content of one of thousands of aligned sequences does.
"""

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.atomic import write_text
from g2rl.io.hdf5 import read_checksum

COLUMNS = ["shard", "sha256"]  # the aligned sequence as seen from the manifest's folder, its checksum


def write_manifest(path: Path, sequences: Iterable[Path]) -> None:
    """List aligned sequences in the order given.

    Raises:
        InputError: a file without a checksum.
    """
    rows = [(os.path.relpath(file, path.parent), read_checksum(file)) for file in sequences]
    write_text(path, "".join("\t".join(row) + "\n" for row in [COLUMNS, *rows]))


def read_manifests(paths: Sequence[Path]) -> list[Path]:
    """The aligned sequences that ``paths`` name: files as they are given; where fold manifests are among
    them, theirs too, and all by the name of the sequence."""
    files = [path for path in paths if path.suffix != ".tsv"]
    listed = [file for path in paths if path.suffix == ".tsv" for file in read_manifest(path)]
    return sorted([*files, *listed], key=lambda path: path.stem) if listed else files


def read_manifest(path: Path) -> list[Path]:
    """The aligned sequences of a fold manifest, in its order.

    Raises:
        InputError: it is no fold manifest; a file is missing or has another checksum. Names the line.
    """
    with open(path, encoding="utf-8", newline="") as stream:
        rows = [*csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)] or [[]]
    if rows[0] != COLUMNS:
        raise InputError(f"{path}: line 1: {rows[0]}, expected {COLUMNS}: make it with g2rl manifest")
    if len(rows) == 1:
        raise InputError(f"{path}: no aligned sequence, expected one or more: make it with g2rl manifest")
    return [_checked(path, line, row) for line, row in enumerate(rows[1:], 2)]


def _checked(path: Path, line: int, row: list[str]) -> Path:
    """The aligned sequence in a line of the fold manifest ``path``."""
    if len(row) != len(COLUMNS):
        raise InputError(f"{path}: line {line}: {row}, expected {COLUMNS}: make it with g2rl manifest")
    name, checksum = row
    file = path.parent / name
    if not file.exists():
        raise InputError(f"{path}: line {line}: {file} does not exist: snakemake all makes it again")
    if (found := read_checksum(file)) != checksum:
        raise InputError(
            f"{path}: line {line}: {file} has checksum {found[:12]}, expected {checksum[:12]}: it was made "
            "again, update the manifest with g2rl manifest"
        )
    return file
