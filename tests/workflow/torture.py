"""Kill the workflow at random moments, again and again, and see that its results come out right all the same.

    python tests/workflow/torture.py --kills 200 --seed 0

A small chain runs from rendered videos to Table 1 and the figures. At random moments SIGKILL hits Snakemake,
or a shell or a command that it started, orphans too; a Snakemake that is dead is started anew. Every other
round starts from finished results, under settings that were changed, run for a while, and changed back. When
the chain is through, or has had its kills, one plain rerun must end well, and leave what an undisturbed run
leaves: every byte of the results, every provenance record, nothing half-written, nothing to be done.
"""

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from g2rl.io.hashing import content_sha256
from g2rl.reproducibility.lock import Lock, make_lock, verify

ROOT = Path(__file__).resolve().parents[2]
SHEET = "sequence\tsubject\tfold\nF001_T1\tF001\t0\nM001_T1\tM001\t0\nF002_T1\tF002\t1\n"
CONFIG = {
    "datasets": {
        "synthetic_bp4d": {
            "layout": "bp4d",
            "root": "results/raw/synthetic_bp4d",
            "sheet": "sheet.tsv",
            "synthetic": {"frames": 8},
        }
    },
    "sweep": {"sigma": [], "lambda": []},
    "weights": "none",
    "training": {
        "backbone": "test_resnet.r160_in1k",
        "image_size": 64,
        "channels": [16, 16],
        "epochs": 3,
        "batch_size": 4,
    },
    "compute": {"gpu": False, "threads": 1},
    "resamples": 20,
}
DATASET = CONFIG["datasets"]["synthetic_bp4d"]
CHANGED = [
    CONFIG | {"datasets": {"synthetic_bp4d": DATASET | {"synthetic": {"frames": 8, "seed": 1}}}},
    CONFIG | {"training": CONFIG["training"] | {"lr": 0.001}},
    CONFIG | {"frames": {"max_gap": 2}, "resamples": 21},
]


@dataclass(frozen=True)
class Chain:
    """A folder with the chain's configuration, and how many jobs at a time."""

    folder: Path
    cores: int = 1

    def prepare(self, config: dict = CONFIG) -> "Chain":
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "sheet.tsv").write_text(SHEET)
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config))
        return self

    def start(self, *options: str) -> subprocess.Popen:
        """A plain run, as a user starts it; what it says is in ``said``."""
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "all"]
        command += ["--cores", str(self.cores), "--configfile", "config.yaml", *options]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        with open(self.folder / "said", "w") as said:
            return subprocess.Popen(command, cwd=self.folder, env=environment, stdout=said, stderr=said)

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def processes(self) -> Iterator[tuple[int, str]]:
        """Number and command line of every process that works in the folder, orphans too."""
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and os.readlink(entry / "cwd") == str(self.folder):
                    yield int(entry.name), (entry / "cmdline").read_text().replace("\0", " ")
            except OSError:  # ended meanwhile
                continue


@dataclass(frozen=True)
class Undisturbed:
    """What a run without a kill leaves, and how long it takes."""

    lock: Lock
    records: str
    seconds: float


def undisturbed(chain: Chain) -> Undisturbed:
    start = time.monotonic()
    if chain.prepare().start().wait():
        raise RuntimeError(chain.said)
    results = chain.folder / "results"
    return Undisturbed(make_lock(results), content_sha256(results / "provenance"), time.monotonic() - start)


def disturb(
    chain: Chain, seconds: float, most: int, rng: random.Random, wait: bool = True
) -> tuple[list[tuple[str, str]], list[str]]:
    """Run the chain and kill at random moments, at most ``seconds`` apart; return (stage, whom) of each kill,
    and what went wrong by itself. After the last kill wait for Snakemake's end, or bring it about."""
    kills: list[tuple[str, str]] = []
    driver, hurt = chain.start(), False
    while len(kills) < most:
        if driver.poll() is not None:
            if driver.returncode == 0:
                return kills, []
            if not hurt:
                return kills, [f"a run ended with status {driver.returncode}:\n{chain.said}"]
            driver, hurt = chain.start(), False
        try:
            driver.wait(rng.uniform(0, seconds))
            continue
        except subprocess.TimeoutExpired:
            pass
        jobs = {
            pid: stage[1] for pid, line in chain.processes() if (stage := re.search(r"\bg2rl (\w+)", line))
        }
        jobs.pop(driver.pid, None)
        pid = rng.choice(sorted(jobs)) if jobs and rng.random() < 0.5 else driver.pid
        at = jobs.get(pid, next(iter(jobs.values()), "between jobs"))
        whom = "driver" if pid == driver.pid else "shell" if _is_shell(pid) else "command"
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:  # ended meanwhile
            continue
        kills.append((at, whom))
        hurt = True
        if pid == driver.pid:
            driver.wait()
    if not wait:
        driver.kill()
    driver.wait()
    return kills, []


def _is_shell(pid: int) -> bool:
    try:
        return "bash" in os.readlink(f"/proc/{pid}/exe")
    except OSError:
        return False


def wrong(chain: Chain, expected: Undisturbed) -> list[str]:
    """What is not as it should be after one plain rerun."""
    if chain.start().wait():
        return [f"the rerun failed:\n{chain.said}"]
    results = chain.folder / "results"
    report = verify(results, expected.lock)
    problems = [] if report.same else report.lines
    if content_sha256(results / "provenance") != expected.records:
        problems.append("the provenance records differ")
    hidden = (path for path in results.rglob(".*") if ".part-" in path.name)
    problems += [f"left behind: {path}" for path in [*hidden, *results.glob(".checkpoints/**/*.pt")]]
    problems += [f"still running: {line}" for _, line in chain.processes()]
    if chain.start("--dry-run").wait() or "Nothing to be done" not in chain.said:
        problems.append(f"the next run has work to do:\n{chain.said}")
    return problems


def torture(folder: Path, kills: int, seed: int) -> tuple[Counter, int]:
    """Disturb the chain until so many kills are done; return how often (stage, whom) was hit, and how many
    rounds came out wrong."""
    rng = random.Random(seed)
    expected = undisturbed(Chain(folder / "undisturbed"))
    print(f"undisturbed: {expected.seconds:.0f} s, {len(expected.lock.files)} files", flush=True)
    tally: Counter[tuple[str, str]] = Counter()
    bad = number = 0
    while tally.total() < kills:
        number += 1
        chain = Chain(folder / f"round{number}", cores=rng.choice((1, 2)))
        hits, problems = [], []
        if number % 2:
            shutil.copytree(folder / "undisturbed", chain.folder)
            hits, problems = disturb(
                chain.prepare(rng.choice(CHANGED)), expected.seconds / 3, 1, rng, wait=False
            )
        more, faults = disturb(chain.prepare(), expected.seconds / 5, kills - tally.total() - len(hits), rng)
        hits, problems = hits + more, problems + faults
        problems += wrong(chain, expected)
        tally.update(hits)
        bad += bool(problems)
        print(f"round {number}: {len(hits)} kills, {'WRONG' if problems else 'right'}", *problems, sep="\n  ")
        sys.stdout.flush()
    return tally, bad


def table(tally: Counter) -> str:
    """How often each stage was hit, and whom of it."""
    whom = ("driver", "shell", "command")
    rows = [f"{'stage':14}{''.join(f'{name:>9}' for name in whom)}"]
    for stage in sorted({stage for stage, _ in tally}):
        rows.append(f"{stage:14}{''.join(f'{tally[stage, name]:9}' for name in whom)}")
    return "\n".join(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        hits, bad = torture(Path(place).resolve(), options.kills, options.seed)
    print(table(hits), f"{hits.total()} kills, {bad} wrong", sep="\n\n")
    sys.exit(bool(bad))
