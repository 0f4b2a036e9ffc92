"""The arguments for aligned sequences, given as files or as fold manifests of them."""

import argparse
from pathlib import Path
from typing import Any


class SequenceFiles(argparse.Action):
    """Shards as they are given; where lists of them are, those too, and all by the name of the sequence."""

    def __call__(self, parser: Any, options: argparse.Namespace, values: Any, option: Any = None) -> None:
        from g2rl.faces.fold_manifest import read_manifest

        lists = [path for path in values if path.suffix == ".tsv"]
        shards = [path for path in values if path.suffix != ".tsv"]
        for path in lists:
            shards += read_manifest(path)
        setattr(options, self.dest, sorted(shards, key=lambda path: path.stem) if lists else shards)
        if lists:
            setattr(options, f"lists_of_{self.dest}", lists)  # for the provenance record


def sequence_files(parser: argparse.ArgumentParser, name: str) -> None:
    """An argument or a required option of this name for shards or lists of them."""
    argument = parser.add_argument(
        name,
        type=Path,
        nargs="+",
        action=SequenceFiles,
        metavar="SHARD",
        help="sequences, from g2rl align, or lists of them, from g2rl fold",
    )
    argument.required = True
