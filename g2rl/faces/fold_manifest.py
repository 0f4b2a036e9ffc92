"""Fold manifests: the aligned sequences of a fold with their checksums, ``results/DATASET/foldK.tsv``.

One small file that changes whenever the content of one of thousands of aligned sequences does.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.hdf5 import read_checksum
from g2rl.io.tables import read_tsv, write_rows

COLUMNS = ("shard", "sha256")  # the aligned sequence as seen from the manifest's folder, its checksum


def write_manifest(path: Path, sequences: Iterable[Path]) -> None:
    """List aligned sequences in the order given.

    Raises:
        InputError: a file without a checksum.
    """
    rows = [(os.path.relpath(file, path.parent), read_checksum(file)) for file in sequences]
    write_rows(path, COLUMNS, rows, delimiter="\t")


def read_manifest(path: Path) -> list[Path]:
    """The aligned sequences of a fold manifest, in its order.

    Raises:
        InputError: no such manifest; a file is missing or has another checksum; names the line.
    """
    try:
        rows = read_tsv(path, COLUMNS)
    except InputError as error:
        raise InputError(f"{error}: make it with g2rl manifest") from None
    files = []
    for line, row in rows:
        file = path.parent / row["shard"]
        if not file.exists():
            raise InputError(f"{path}: line {line}: {file} does not exist: snakemake all makes it again")
        if (found := read_checksum(file)) != row["sha256"]:
            raise InputError(
                f"{path}: line {line}: {file} has checksum {found[:12]}, expected {row['sha256'][:12]}: it was "
                "made again, update the manifest with g2rl manifest"
            )
        files.append(file)
    return files
