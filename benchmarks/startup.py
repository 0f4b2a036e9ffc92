"""Snakemake with nothing to run: a finished run, and a dry run of the paper's configuration.

    python benchmarks/startup.py

``nothing_to_do_seconds``: `snakemake all` with everything up to date, on the results in this folder if they
are complete (`make all` first), left out otherwise. ``paper_dry_run_seconds``: `snakemake -n` on
config/paper.yaml over trees with every file of both datasets, all empty.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from record import cost, record

from g2rl.datasets.registry import get_layout
from g2rl.datasets.sheet import read_sheet

ROOT = Path(__file__).resolve().parents[1]
SHEETS = {"bp4d": "bp4d", "disfa": "disfa_folds_a"}


def snakemake(folder: Path, *arguments: str, calls: int = 2) -> tuple[float, str]:
    """Wall-clock seconds, of the fastest call, and the output."""
    best, cores = float("inf"), str(len(os.sched_getaffinity(0)))
    command = [sys.executable, "-m", "snakemake", "--snakefile", ROOT / "Snakefile", "--cores", cores]
    for _ in range(calls):
        start = time.perf_counter()
        done = subprocess.run(
            [*command, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
            cwd=folder,
        )
        best = min(best, time.perf_counter() - start)
    return best, done.stdout


def write_trees(folder: Path) -> None:
    """Every file of both datasets, empty, and the configuration that names them."""
    for name, sheet in SHEETS.items():
        layout, root = get_layout(name), folder / name.upper()
        for row in read_sheet(ROOT / f"config/datasets/{sheet}.tsv"):
            media = layout.media(root, row.sequence)
            media = media if media.suffix else media / "0001.jpg"
            for path in (media, *layout.label_paths(root, row.sequence)):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text("1,0\n")
    shutil.copytree(ROOT / "config/datasets", folder / "config/datasets")
    text = (ROOT / "config/paper.yaml").read_text(encoding="utf-8")
    (folder / "paper.yaml").write_text(text.replace("/path/to/", ""), encoding="utf-8")


def run() -> dict[str, dict]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_trees(folder)
        seconds, _ = snakemake(folder, "all", "--dry-run", "--configfile", "paper.yaml")
        results = {"paper_dry_run_seconds": cost(seconds, None, "s, the paper's full set")}
    _, text = snakemake(ROOT, "all", "--dry-run")
    if "Nothing to be done" in text:
        seconds, _ = snakemake(ROOT, "all")
        results["nothing_to_do_seconds"] = cost(seconds, None, "s, the embedded default up to date")
    else:
        print("nothing_to_do_seconds: the embedded default is not up to date here: make all", file=sys.stderr)
    return results


if __name__ == "__main__":
    record(run(), ("snakemake",))
