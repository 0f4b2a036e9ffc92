"""TODO: one line."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.atomic import write_text
from g2rl.io.hdf5 import read_checksum

COLUMNS = ["shard", "sha256"]  # the columns of a list of shards


def write_manifest(path: Path, shards: Iterable[Path]) -> None:
    """List shards, a row each: the file as seen from the list's folder, and the SHA-256 it is sealed with.

    So one small file changes whenever what lies in one of thousands of shards does.

    Raises:
        InputError: one that has no seal.
    """
    rows = [(os.path.relpath(shard, path.parent), read_checksum(shard)) for shard in shards]
    write_text(path, "".join("\t".join(row) + "\n" for row in [COLUMNS, *rows]))


def read_manifest(path: Path) -> list[Path]:
    """The shards of a list.

    Raises:
        InputError: no such list; a shard is not there, or is another one than was listed; names the line.
    """
    with open(path, encoding="utf-8", newline="") as stream:
        head, *rows = [*csv.reader(stream, delimiter="\t", quoting=csv.QUOTE_NONE)] or [[]]
    if head != COLUMNS:
        raise InputError(f"{path}: line 1: {head}, expected {COLUMNS}: make it with g2rl fold")
    if not rows:
        raise InputError(f"{path}: lists no shard, expected one or more: make it with g2rl fold")
    shards = []
    for number, row in enumerate(rows, 2):
        if len(row) != len(COLUMNS):
            raise InputError(f"{path}: line {number}: {row}, expected {COLUMNS}: make it with g2rl fold")
        shard = path.parent / row[0]
        if not shard.exists():
            raise InputError(f"{path}: line {number}: {shard} is not there: snakemake all makes it anew")
        if (found := read_checksum(shard)) != row[1]:
            raise InputError(
                f"{path}: line {number}: {shard} holds {found[:12]}, expected {row[1][:12]}: the shard was "
                "made anew, list it again with g2rl fold"
            )
        shards.append(shard)
    return shards
