"""List what cut-off commands left: checkpoints of trainings and half-written files.

A run takes up its own checkpoint and removes it at its end, and whoever writes a file anew removes its
halves. These stay of runs that are no longer in the configuration. While nothing runs, they can go.

example: g2rl clean results --delete
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", type=Path, help="the folder")
    parser.add_argument("--delete", action="store_true", help="remove them, too")


def run(options: argparse.Namespace) -> None:
    import shutil

    from g2rl.io.atomic import stale_files

    for path in stale_files(options.results):
        inside = [each for each in path.rglob("*") if each.is_file()] if path.is_dir() else [path]
        print(f"{path}  {sum(each.stat().st_size for each in inside) / 1e6:.1f} MB")
        if options.delete:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
