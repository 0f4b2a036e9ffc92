"""Runs the real Snakemake on the real rules: small rendered datasets, one epoch, in a folder of its own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import h5py
import pandas as pd
import pytest
import yaml
from filelock import FileLock

from g2rl.config.load import load
from g2rl.workflow.jobs import Jobs
from g2rl.workflow.manifest import load_manifests

# The files that take longest, which start first: of two test processes neither works on alone at the end.
LONGEST = ["test_cluster.py", "test_paper.py", "test_torture.py", "test_faults.py", "test_own_data.py"]
ROOT = Path(__file__).resolve().parents[2]
CORES = os.environ.get("CORES", "2")
BP4D = {"F001_T1": ("F001", 0), "M001_T1": ("M001", 0), "F002_T1": ("F002", 1), "M002_T1": ("M002", 1)}
FATES = ["excluded", "partly_coded", "missing", "unreadable", "no_face", "used"]
DISFA = {"SN001": ("SN001", 1), "SN002": ("SN002", 1), "SN003": ("SN003", 2), "SN004": ("SN004", 2)}
SMALL = {  # of a configuration: a network that trains in seconds
    "weights": "none",
    "training": {
        "backbone": "test_resnet.r160_in1k",
        "image_size": 64,
        "channels": [16, 16],
        "epochs": 1,
    },
    "compute": {"gpu": False, "threads": 1},
    "resamples": 20,
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: LONGEST.index(item.path.name) if item.path.name in LONGEST else len(LONGEST))


@dataclass(frozen=True)
class Workflow:
    """A folder in which Snakemake runs with a configuration of its own; ``project``: whose rules and code."""

    folder: Path
    project: Path = ROOT

    def configure(self, config: dict) -> None:
        (self.folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))

    @property
    def config(self) -> dict:
        return yaml.safe_load((self.folder / "config.yaml").read_text())

    def run(
        self, *options: str, config: str = "config.yaml", **environment: str
    ) -> subprocess.CompletedProcess:
        """Run `snakemake` as a user would; its messages are on ``stderr``, a dry run's jobs on ``stdout``.

        Args:
            config: the configuration file, or several with spaces between them.
        """
        command = [sys.executable, "-m", "snakemake", "--snakefile", str(self.project / "Snakefile")]
        command += ["--cores", CORES, *options, "--configfile", *config.split()]
        environment = os.environ | {"PYTHONPATH": str(self.project)} | environment
        return subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=900
        )

    def planned(self, *options: str, config: str = "config.yaml") -> dict[str, int]:
        """How many jobs of each rule a dry run lists."""
        done = self.run("--dry-run", *options, config=config)
        assert done.returncode == 0, done.stdout + done.stderr
        lines = (done.stdout + done.stderr).partition("Job stats:")[2].partition("total")[0].splitlines()[3:]
        return {rule: int(count) for rule, count in map(str.split, filter(None, lines))}

    def outputs(self, *options: str) -> set[str]:
        """Every file that some rule makes for a target, by Snakemake's own account."""
        done = self.run("--summary", *options)
        assert done.returncode == 0, done.stdout + done.stderr
        rows = [line.split("\t")[0] for line in done.stdout.splitlines() if "\t" in line]
        assert rows[0] == "output_file"
        return set(rows[1:])

    def jobs(self) -> Jobs:
        """What there is to make; to be called in the folder."""
        config = load("config.yaml")
        return Jobs(config, load_manifests(config))


def write_sheet(path: Path, sequences: dict[str, tuple[str, int]]) -> None:
    rows = [f"{sequence}\t{subject}\t{fold}\n" for sequence, (subject, fold) in sequences.items()]
    path.write_text("sequence\tsubject\tfold\n" + "".join(rows))


def check_every_frame_is_counted(
    workflow: Workflow, dataset: str, sequences: Collection[str]
) -> pd.DataFrame:
    """Of every sequence: coded = used + each named reason; as counted, as stored, as there. The counts."""
    results = workflow.folder / "results" / dataset
    counts = pd.read_csv(results / "frames.csv", index_col="sequence")
    assert set(counts.index) == set(sequences)
    assert (counts["coded"] == counts[FATES].sum(axis=1)).all()
    for sequence, row in counts.iterrows():
        with h5py.File(results / f"cache/{sequence}.h5") as shard:
            assert row["used"] == len(shard["frame"]) == len(shard["landmarks"])
            assert json.loads(shard.attrs["counts"])["coded"] == row["coded"]
    return counts


@pytest.fixture(scope="session")
def rebuilt(tmp_path_factory) -> Workflow:
    """A whole rebuild, Table 1 and all figures, of two small rendered datasets.

    Of several test processes the first builds it; each has a copy of its own.
    """
    folder = tmp_path_factory.mktemp("rebuilt")
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return rebuild(folder)
    shared = tmp_path_factory.getbasetemp().parent
    with FileLock(shared / "rebuilt.lock"):
        if not (shared / "rebuilt").exists():
            (shared / "unfinished").mkdir(exist_ok=True)
            rebuild(shared / "unfinished").folder.rename(shared / "rebuilt")
    shutil.copytree(shared / "rebuilt", folder, dirs_exist_ok=True)
    return Workflow(folder)


def rebuild(folder: Path) -> Workflow:
    """Run the whole workflow on two small rendered datasets in an empty folder."""
    workflow = Workflow(folder)
    write_sheet(workflow.folder / "bp4d.tsv", BP4D)
    write_sheet(workflow.folder / "disfa.tsv", DISFA)
    workflow.configure(
        {
            "datasets": {
                "synthetic_bp4d": {
                    "layout": "bp4d",
                    "root": "results/raw/synthetic_bp4d",
                    "sheet": "bp4d.tsv",
                    "synthetic": {"frames": 14},
                },
                "synthetic_disfa": {
                    "layout": "disfa",
                    "root": "results/raw/synthetic_disfa",
                    "sheet": "disfa.tsv",
                    "synthetic": {"frames": 14},
                },
            },
            "sweep": {"sigma": [1], "lambda": [0.5]},
            **SMALL,
        }
    )
    done = workflow.run("all")
    assert done.returncode == 0, done.stdout + done.stderr
    return workflow


@pytest.fixture
def copy(rebuilt, tmp_path) -> Workflow:
    """The rebuild, to be changed freely: Snakemake's records go with it, times too."""
    shutil.copytree(rebuilt.folder, tmp_path, dirs_exist_ok=True)
    return Workflow(tmp_path)
