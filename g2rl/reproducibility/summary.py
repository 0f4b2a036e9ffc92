"""``summary.json``: the measures of every run and one row per model, for others to cite and compare."""

import csv
import json
import shlex
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from g2rl import __version__
from g2rl.io.atomic import write_text
from g2rl.paths import Fold
from g2rl.report.pages import write_pages
from g2rl.reproducibility.lock import Lock, make_lock, write_lock

METRICS = ("ICC", "MAE")


def write_lock_and_summary(
    results: Path,
    files: Sequence[str],
    configurations: Sequence[str],
    lock: str,
    summary: str,
    pages: Sequence[str],
) -> None:
    """All that is made of ``files`` below ``results``; see ``make_lock``, ``write_summary`` and
    ``write_pages``."""
    found = make_lock(results, map(Path, files))
    write_lock(found, Path(lock))
    write_summary(found, results, configurations, Path(summary))
    write_pages(results, files, configurations, pages)


def write_summary(lock: Lock, results: Path, configurations: Sequence[str], path: Path) -> None:
    """Write the summary as JSON.

    ``runs`` has one row per dataset and run, image-free baselines among them: ICC and MAE, mean over the AUs,
    pooled over the test frames of all folds, with 95 % intervals over subjects; null where undefined.
    ``models`` has one row per file, with the command that makes it.

    Args:
        lock: of all results below ``results``: which files there are, and their SHA-256.
        configurations: the files that the results were made of, each laid over those before it.
    """
    names = [PurePosixPath(name) for name in lock.files]
    measured = {name.parent: _averages(results / name) for name in names if name.name == "metrics.csv"}
    runs = [{"dataset": run.parts[0], "run": run.parts[1], **values} for run, values in measured.items()]
    models = [
        {
            "dataset": name.parts[0],
            "run": name.parts[1],
            "fold": Fold.parse(name.parts[2]).name,
            "file": str(name),
            "sha256": lock.files[str(name)],
            "config": ", ".join(configurations),
            "command": shlex.join(
                ["snakemake", "--cores", "8", str(results / name), "--configfile", *configurations]
            ),
            **measured.get(name.parents[1], {}),
        }
        for name in names
        if name.name == "model.safetensors"
    ]
    content = {"g2rl": __version__, "runs": runs, "models": models}
    write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")


def _averages(metrics: Path) -> dict[str, dict[str, float | None]]:
    """The pooled averages of a ``metrics.csv``, with their intervals."""
    with open(metrics, encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if (row["au"], row["aggregation"]) == ("avg", "pooled")]
    return {
        row["metric"]: {
            name: float(row[name]) if row[name] else None for name in ("value", "ci_low", "ci_high")
        }
        for row in rows
        if row["metric"] in METRICS
    }
