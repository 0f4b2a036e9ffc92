"""Faults in the middle of a run: each is named in a line, loses nothing good, and the rerun completes."""

import shutil
import subprocess
from pathlib import Path

import torch
import yaml
from conftest import CORES, Workflow, write_sheet

from g2rl.datasets.registry import get_layout
from g2rl.reproducibility.lock import make_lock, verify

RUN = "results/synthetic_disfa/baseline_sigma2_seed0/fold1"


def failed(workflow: Workflow, *targets: str) -> str:
    done = workflow.run(*targets)
    said = done.stdout + done.stderr
    assert done.returncode == 1, said
    assert "Traceback" not in said
    return said


def completes(workflow: Workflow, *targets: str) -> None:
    done = workflow.run(*targets)
    assert done.returncode == 0, done.stdout + done.stderr


def test_full_disk(copy, mount, tmp_path):
    """No room for the networks of one more σ."""
    results = tmp_path / "results"
    aside = results.rename(tmp_path / "aside")
    results.mkdir()
    config = copy.config
    config["sweep"]["sigma"] = [1, 3]
    copy.configure(config)
    target = "results/synthetic_bp4d/g2rl_sigma3_lambda0.05_seed0/metrics.csv"
    with mount(results, "-t", "tmpfs", "tmpfs") as disk:
        shutil.copytree(aside, disk, dirs_exist_ok=True)
        before = make_lock(results)
        room = shutil.disk_usage(disk)
        remount(disk, f"size={room.used + 100_000}")
        said = failed(copy, target)
        assert (
            "No space left on device: the disk is full: make room and rerun, what is finished is kept" in said
        )
        assert verify(results, before).same
        remount(disk, f"size={room.used + 100_000_000}")
        completes(copy, target)
        assert before.files.items() <= make_lock(results).files.items()


def remount(disk: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(disk)], check=True)


def test_read_only_results(copy, mount, tmp_path):
    """Snakemake says so before any job of a result that is there; of a new one when it needs a folder."""
    before = make_lock(tmp_path / "results")
    config = copy.config
    config["training"]["epochs"] = 2
    copy.configure(config)
    new = "results/synthetic_disfa/baseline_sigma2_seed1/fold1/history.csv"
    with mount(tmp_path / "results", "--bind", "-o", "ro", str(tmp_path / "results")):
        said = failed(copy, f"{RUN}/history.csv")
        assert "Write-protected output files" in said
        assert f"{RUN}/history.csv" in said
        copy.configure(config | {"seeds": [0, 1]})
        assert "Read-only file system: 'results/synthetic_disfa/baseline_sigma2_seed1" in failed(copy, new)
        assert verify(tmp_path / "results", before).same
    completes(copy, new)


def test_corrupted_then_vanished_inputs(copy, tmp_path):
    """The training of a damaged aligned sequence fails and loses its network; earlier predictions do not hide
    it. Then the file is deleted, as asked for, and so are its images and landmarks: all are made again, and
    nothing else changes."""
    before = make_lock(tmp_path / "results")
    run = "results/synthetic_bp4d/baseline_sigma2_seed0/fold1"
    shard = "results/synthetic_bp4d/cache/F001_T1.h5"
    damaged = bytearray((tmp_path / shard).read_bytes())
    damaged[len(damaged) // 2] ^= 1  # in an image
    (tmp_path / shard).write_bytes(damaged)
    said = failed(copy, f"{run}/predictions.csv")
    assert f"{shard}: damaged, its checksum does not match: delete it and rerun" in said
    assert not (tmp_path / run / "model.safetensors").exists()
    (tmp_path / shard).unlink()
    (tmp_path / shard.replace("cache", "landmarks")).unlink()
    shutil.rmtree(get_layout("bp4d").media(tmp_path / "results/raw/synthetic_bp4d", "F001_T1"))
    # One target alone sees the list of its shards, not the shards.
    said = failed(copy, f"{run}/model.safetensors")
    assert f"{shard} does not exist: snakemake all makes it again" in said
    completes(copy, "all")
    assert verify(tmp_path / "results", before).same


def test_made_anew_is_the_same_and_what_follows_does_not_rerun(copy, tmp_path):
    """Every kind of file, in other processes, with another hash seed and another number of cores: the same
    bytes; and the next invocation sees that they are."""
    before = make_lock(tmp_path / "results")
    for options in (
        ["results/synthetic_disfa/cache/SN001.h5", "--forceall"],  # video, labels, landmarks, shard
        [f"{RUN}/predictions.csv", "--forcerun", f"{RUN}/model.safetensors"],
        [
            "all",
            "--forcerun",
            "frames",
            "metrics",
            "table1",
            "figure1",
            "figure2",
            "figure3",
            "figure4",
            "figure5",
            "figure6",
            "figure7",
        ],
    ):
        done = copy.run(*options, "--cores", "1" if CORES != "1" else "2", PYTHONHASHSEED="1")
        assert done.returncode == 0, done.stdout + done.stderr
        assert verify(tmp_path / "results", before).same
    assert copy.planned() == {}
    config = copy.config
    config["datasets"]["synthetic_disfa"]["synthetic"]["seed"] = 1
    copy.configure(config)
    completes(copy, "results/synthetic_disfa/cache/SN001.h5")
    report = verify(tmp_path / "results", before)
    assert not report.same
    assert "synthetic_disfa/cache/: 1 of 4 differ" in report.lines


NAMES = [
    "with space",
    "a'b",
    'a"b',
    "$(touch escaped)",
    "`touch escaped`",
    "a\nb",
    "Gesichter-Mädchen-顔",
    "-rf; x&y|z",
]


def test_names_do_not_reach_the_shell(rebuilt, tmp_path):
    """Folders and a sheet with such names run through the real rules: checked, read, aligned, trained on."""
    root = tmp_path
    for name in NAMES:
        root = root / name.replace("/", "")
    raw = rebuilt.folder / "results/raw/synthetic_disfa"
    shutil.copytree(raw, root, ignore=shutil.ignore_patterns("truth"))
    sheet = tmp_path / f"sheet {NAMES[3]} {NAMES[1]}.tsv"
    write_sheet(sheet, {name: (name, 1 + (name > "SN002")) for name in ("SN001", "SN002", "SN003", "SN004")})
    weights = tmp_path / f"weights {NAMES[4]}.pth"
    import timm

    torch.manual_seed(0)
    torch.save(timm.create_model("test_resnet.r160_in1k").state_dict(), weights)
    workflow = Workflow(tmp_path)
    dataset = {"layout": "disfa", "root": str(root), "sheet": str(sheet), "allow_faults": True}
    training = rebuilt.config["training"]
    workflow.configure({"datasets": {"disfa": dataset}, "weights": str(weights), "training": training})
    completes(workflow, "results/disfa/baseline_sigma2_seed0/fold1/predictions.csv")
    assert not list(tmp_path.rglob("escaped"))
    assert not (Path.cwd() / "escaped").exists()
    text = yaml.safe_dump(workflow.config, width=10_000)  # no line breaks in the names
    assert all(word in text for word in ("touch escaped", "with space"))
