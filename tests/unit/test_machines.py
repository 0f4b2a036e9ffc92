"""What machines lack or have wrong: cores, a home folder, a GPU, bf16, memory, a right clock."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from g2rl.cli.device import torch_device
from g2rl.cli.main import main
from g2rl.config.training import Settings
from g2rl.errors import InputError, explain_memory_error
from g2rl.faces.sequence_file import write_sequence
from g2rl.io.caches import VARIABLES, leave_unwritable_home
from g2rl.network import precision
from g2rl.training.checkpoint import Checkpoint
from g2rl.workflow.clocks import check_clock, reset_times
from g2rl.workflow.cores import available_cores
from g2rl.workflow.submission import granted_cores, time_limit
from tests.factories import make_sequence

ROOT = Path(__file__).resolve().parents[2]
NO_GPU = pytest.mark.skipif(torch.cuda.is_available(), reason="here is a GPU")
SMALL = ["--backbone=test_resnet.r160_in1k", "--image-size=32", "--channels=8,8"]
MANY = frozenset(range(64))
# /proc/self/cgroup, quota files below /sys/fs/cgroup, the cores of 64 that are left.
GROUPS = {
    "none": ("", {}, 64),
    "v2": ("0::/user.slice/job", {"user.slice/job/cpu.max": "250000 100000\n"}, 3),
    "v2 unlimited": ("0::/", {"cpu.max": "max 100000\n"}, 64),
    "v2 of the group above": ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "400000 100000"}, 4),
    "v2 in a container": ("0::/docker/0123", {"cpu.max": "50000 100000"}, 1),
    "v1": (
        "7:memory:/job\n4:cpu,cpuacct:/job",
        {"cpu,cpuacct/job/cpu.cfs_quota_us": "200000\n", "cpu,cpuacct/job/cpu.cfs_period_us": "100000\n"},
        2,
    ),
    "v1 unlimited": ("4:cpu:/", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
    "v1 damaged": ("4:cpu:/", {"cpu/cpu.cfs_quota_us": "", "cpu/cpu.cfs_period_us": "0"}, 64),
}


@pytest.mark.parametrize("name", GROUPS)
def test_cores_are_those_that_the_control_group_allows(name, tmp_path, monkeypatch):
    lines, files, cores = GROUPS[name]
    for path, text in {
        "proc/self/cgroup": lines,
        **{f"sys/fs/cgroup/{p}": t for p, t in files.items()},
    }.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: MANY)
    assert available_cores(tmp_path) == cores


def test_cores_are_those_of_the_job():
    """As a script too, which make runs before anything is installed."""
    command = ["taskset", "-c", str(min(os.sched_getaffinity(0)))]
    script = [*command, sys.executable, "-S", str(ROOT / "g2rl/workflow/cores.py")]
    assert subprocess.run(script, capture_output=True, text=True).stdout == "1\n"


@pytest.mark.parametrize(
    ("environment", "cores"),
    [
        ({"SLURM_CPUS_PER_TASK": "4"}, 4),
        ({"NSLOTS": "2", "NCPUS": "64"}, 2),
        ({"G2RL_CORES": "3", "SLURM_CPUS_PER_TASK": "4"}, 3),
        ({"NSLOTS": "undefined"}, available_cores()),
        ({}, available_cores()),
    ],
)
def test_a_submission_uses_the_cores_that_its_scheduler_gave(environment, cores):
    assert granted_cores(environment) == cores


@pytest.mark.parametrize(
    ("printed", "minutes"),
    [
        ("30:00", 30),
        ("4:00:00", 240),
        ("7-00:00:00", 10080),
        ("infinite", None),
        ("1:00\n2:00:00", 120),
        ("", None),
    ],
)
def test_a_partitions_time_limit_is_read_as_sinfo_prints_it(printed, minutes, tmp_path, monkeypatch):
    (tmp_path / "sinfo").write_text(f"#!/bin/sh\ncat <<END\n{printed}\nEND\n")
    (tmp_path / "sinfo").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    time_limit.cache_clear()
    assert time_limit("all") == minutes
    time_limit.cache_clear()


@pytest.mark.parametrize("home", ["missing", "a file", "writable"])
def test_caches_leave_a_home_that_cannot_be_written(home, tmp_path, monkeypatch):
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TORCH_HOME", "/mine")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    if home == "a file":
        (tmp_path / "home").write_text("")
    elif home == "writable":
        (tmp_path / "home").mkdir()
    with pytest.MonkeyPatch.context() as restored:
        for variable in VARIABLES:  # set by the function: taken back with the context
            restored.setenv(variable, "")
            os.environ.pop(variable)
        os.environ["TORCH_HOME"] = "/mine"
        leave_unwritable_home()
        assert os.environ["TORCH_HOME"] == "/mine"
        assert ("MPLCONFIGDIR" in os.environ) == (home != "writable")


def test_inputs_from_the_future_are_refused_before_anything_runs(tmp_path):
    files = [tmp_path / name for name in ("a.avi", "b.avi", "c.avi", "gone")]
    for path, ahead in zip(files[:3], (3600, 7200, -5), strict=True):
        path.write_text("")
        os.utime(path, (time.time() + ahead,) * 2)
    with pytest.raises(InputError, match=r"b\.avi and 1 more: modified in the future \(20.*touch the file"):
        check_clock(map(str, files))
    check_clock(map(str, files[2:]))
    os.utime(files[2], (time.time() + 0.3,) * 2)  # the clock of a file server: waited for
    check_clock(map(str, files[2:]))
    assert time.time() >= files[2].stat().st_mtime


def test_results_from_the_future_are_given_the_present(tmp_path, caplog):
    for name in ("D/logs", "logs"):
        (tmp_path / name).mkdir(parents=True)
    old, log, *ahead = (tmp_path / name for name in ("old", "logs/a.log", "D/logs/a.h5", "b.csv"))
    for path in (old, log, *ahead):
        path.write_text("")
    os.utime(log, (4e9, 4e9))
    os.utime(old, (1e9, 1e9))
    for path, hours in zip(ahead, (1, 2), strict=True):
        os.utime(path, (time.time() + 3600 * hours,) * 2)
    assert reset_times(tmp_path) == 2
    assert len({path.stat().st_mtime_ns for path in ahead}) == 1
    assert ahead[0].stat().st_mtime <= time.time()
    assert (old.stat().st_mtime, log.stat().st_mtime) == (1e9, 4e9)  # nothing is made of a log
    assert "2 files were modified in the future" in caplog.text
    assert reset_times(tmp_path) == 0


@NO_GPU
def test_a_gpu_that_was_asked_for_and_is_not_there_stops_a_training(tmp_path, capsys):
    write_sequence(tmp_path / "a.h5", make_sequence("F001"))
    files = [f"--{name}={tmp_path / name}" for name in ("model", "history")]
    command = ["train", "--sequences", str(tmp_path / "a.h5"), *SMALL, "--device=cuda", *files]
    assert main(command) == 2
    lines = capsys.readouterr().err.splitlines()
    assert lines[-1].startswith("g2rl train: --device=cuda: torch finds no GPU: ")
    assert "compute.gpu: auto or false" in lines[-1]
    assert sum("torch finds no GPU" in line for line in lines) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]


@NO_GPU
def test_where_any_device_will_do_the_cpu_is_said_to_be_taken(caplog):
    caplog.set_level("INFO")
    assert torch_device("auto").type == "cpu"
    assert "computing on the CPU: torch finds no GPU: " in caplog.text
    caplog.clear()
    assert torch_device("cpu").type == "cpu"
    assert not caplog.text


@pytest.mark.filterwarnings("ignore:User provided device_type of 'cuda'")
@pytest.mark.parametrize("has_bf16", [False, True])
def test_a_gpu_without_bf16_computes_in_fp32_and_says_so_once(has_bf16, monkeypatch, caplog):
    """The answers of a V100 and an A100, which are not here."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: has_bf16)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda: "Tesla V100-SXM2-16GB")
    monkeypatch.setattr(precision.torch, "autocast", lambda *_, enabled: enabled)
    precision.gpu_has_bf16.cache_clear()
    try:
        for _ in range(3):
            assert precision.autocast(torch.device("cuda"), Settings(precision="bf16")) is has_bf16
            assert not precision.autocast(torch.device("cuda"), Settings(precision="fp32"))
    finally:
        precision.gpu_has_bf16.cache_clear()
    assert caplog.text.count("Tesla V100-SXM2-16GB has no bf16: computing in fp32") == (not has_bf16)


def test_a_resumed_training_loads_into_the_cpus_memory_and_moves_rates_to_the_device(tmp_path, monkeypatch):
    """The device is torch's ``meta``, which holds no values."""
    loaded = []
    load = torch.load
    monkeypatch.setattr(torch, "load", lambda *a, **k: loaded.append(k["map_location"]) or load(*a, **k))
    weight = torch.nn.Parameter(torch.ones(2))
    optimizer = torch.optim.Adam([{"params": [weight], "lr": torch.tensor(0.1)}])
    Checkpoint(tmp_path / "c.pt", "k", {"optimizer": optimizer}).save([{"epoch": 0}])
    there = torch.nn.Parameter(torch.ones(2, device="meta"))
    resumed = torch.optim.Adam([{"params": [there], "lr": torch.tensor(0.3, device="meta")}])
    assert Checkpoint(tmp_path / "c.pt", "k", {"optimizer": resumed}).resume() == [{"epoch": 0}]
    assert loaded == ["cpu"]
    assert resumed.param_groups[0]["lr"].device.type == "meta"


FULL = (
    "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.77 GiB of which 1.1 "
    "GiB is free.\nIncluding non-PyTorch memory, this process has 14 GiB memory in use."
)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (torch.OutOfMemoryError(FULL), ["GPU's memory", "batch_size (now 16)", "state.pt holds", "Tried to"]),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED"), ["GPU's memory", "nvidia-smi"]),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"), ["this machine or job"]),
        (MemoryError(), ["this machine or job"]),
        (RuntimeError("shapes differ"), None),
    ],
)
def test_full_memory_is_one_line_that_says_what_to_do(error, words):
    line = explain_memory_error(error, 16, "state.pt")
    assert (line is None) == (words is None)
    assert all(word in (line or "") for word in words or [])
    assert "\n" not in (line or "")


def test_a_training_out_of_memory_keeps_its_checkpoint(tmp_path, monkeypatch, capsys):
    write_sequence(tmp_path / "a.h5", make_sequence("F001"))
    command = ["train", "--sequences", str(tmp_path / "a.h5"), *SMALL, "--device=cpu"]
    command += ["--batch-size=4", "--epochs=3", "--precision=fp32"]
    command += [f"--{name}={tmp_path / name}" for name in ("model", "history", "checkpoint")]
    save = Checkpoint.save

    def save_then_fill(self, history):
        save(self, history)
        raise torch.OutOfMemoryError(FULL)

    monkeypatch.setattr(Checkpoint, "save", save_then_fill)
    assert main(command) == 2
    error = capsys.readouterr().err.splitlines()
    assert error[-1].startswith("g2rl train: the GPU's memory is full: lower batch_size (now 4)")
    assert (tmp_path / "checkpoint").exists()
    monkeypatch.setattr(Checkpoint, "save", save)
    assert main(command) == 0
    assert "resuming after epoch 1" in capsys.readouterr().err
