"""Time and memory of a dry run over many sequences and trainings on this machine.

python benchmarks/scale.py --sequences 10000 --seeds 1    # 3 folds × Baseline and G2RL: 6 trainings per seed
python benchmarks/scale.py --sequences 10000 --profile profiles/slurm
python benchmarks/scale.py --sequences 10000 -- --batch manifest=1/10

The videos are empty files: none is read.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
A_SUBJECT, FOLDS = 10, 3


def make_dataset(folder: Path, sequences: int, seeds: int) -> None:
    """A dataset of layout ``table`` and a configuration."""
    (folder / "D").mkdir()
    rows = ["sequence\tsubject\tfold\tmedia\tcodes"]
    for number in range(sequences):
        name, subject = f"S{number:06d}", number // A_SUBJECT
        (folder / f"D/{name}.mp4").touch()
        (folder / f"D/{name}.csv").write_text("frame,AU06,AU12\n1,0,1\n")
        rows.append(f"{name}\tP{subject:05d}\t{subject % FOLDS + 1}\t{name}.mp4\t{name}.csv")
    (folder / "D/sequences.tsv").write_text("\n".join(rows) + "\n")
    config = f"datasets:\n  mine: {{layout: table, root: D}}\nweights: none\nseeds: {list(range(seeds))}\n"
    (folder / "config.yaml").write_text(config)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--profile", type=Path, default=ROOT / "profiles/default")
    parser.add_argument("more", nargs=argparse.REMAINDER, help="further options of snakemake, after --")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        make_dataset(Path(name), options.sequences, options.seeds)
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run"]
        command += ["--cores", "8", "--configfile", "config.yaml", "--quiet", "rules"]
        command += ["--workflow-profile", str(options.profile.resolve())]
        command += [option for option in options.more if option != "--"]
        start = time.monotonic()
        done = subprocess.run(command, cwd=name, env=os.environ, capture_output=True, text=True)
        seconds = time.monotonic() - start
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    text = done.stdout + done.stderr
    if done.returncode:
        sys.exit(text[-3000:])
    jobs = re.search(r"^total +(\d+)", text, re.MULTILINE)
    print(
        f"{options.sequences} sequences, {options.seeds * 2 * FOLDS} trainings, {jobs and jobs[1]} jobs: "
        f"{seconds:.1f} s ({usage.ru_utime + usage.ru_stime:.1f} s of CPU), {usage.ru_maxrss / 2**20:.2f} GiB"
    )


if __name__ == "__main__":
    main()
