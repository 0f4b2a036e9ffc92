"""A GPU belongs to one process at a time, however that process ends. The GPUs here are names alone."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import pytest

from g2rl.faces.sequence_file import write_sequence
from g2rl.workflow.gpus import gpus, lease_gpu, lock_folder
from tests.factories import make_sequence

# Leases a GPU, writes when it had it, then works for a while.
WORKER = """
import sys, time
from g2rl.workflow.gpus import lease_gpu
name = lease_gpu()
start = time.monotonic()
print("leased", name, flush=True)
time.sleep(float(sys.argv[1]))
print("span", name, start, time.monotonic(), flush=True)
"""


@pytest.fixture
def worker(tmp_path):
    """Starts a process that leases one of two GPUs; all are ended with the test."""
    started = []
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("CUDA_", "SLURM_"))}

    def start(seconds: float, **variables: str) -> subprocess.Popen:
        environment = clean | {"G2RL_GPUS": "0,1", "TMPDIR": str(tmp_path)} | variables
        started.append(
            subprocess.Popen(
                [sys.executable, "-c", WORKER, str(seconds)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def leased(process: subprocess.Popen) -> str:
    return process.stdout.readline().split()[1]


def test_four_jobs_on_two_gpus_never_share_one(worker):
    spans: dict[str, list[tuple[float, float]]] = {}
    for process in [worker(0.6) for _ in range(4)]:
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        _, name, start, end = out.splitlines()[1].split()
        spans.setdefault(name, []).append((float(start), float(end)))
    assert set(spans) == {"0", "1"}
    assert sum(map(len, spans.values())) == 4
    for times in spans.values():
        times.sort()
        assert all(end <= start for (_, end), (start, _) in pairwise(times))


def test_who_waits_says_so_and_a_killed_job_returns_its_gpu(worker):
    first, second = worker(60), worker(60)
    assert {leased(first), leased(second)} == {"0", "1"}
    third = worker(0)
    assert "all 2 GPUs are leased: waiting" in third.stderr.readline()
    assert third.poll() is None
    first.send_signal(signal.SIGKILL)
    out, _ = third.communicate(timeout=30)
    assert out.startswith("leased")


def test_leases_are_within_what_the_scheduler_gave(worker):
    """Two jobs of a scheduler are each given a GPU that it calls 0: they are two GPUs."""
    first = worker(60, CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="1")
    second = worker(60, CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="2")
    assert leased(first) == leased(second) == "0"
    waits = worker(60, CUDA_VISIBLE_DEVICES="0", SLURM_JOB_ID="2")
    assert "all 1 GPUs are leased" in waits.stderr.readline()


def test_a_gpu_named_twice_is_for_two_jobs_and_no_third(worker):
    first, second = worker(60, G2RL_GPUS="0,0"), worker(60, G2RL_GPUS="0,0")
    assert leased(first) == leased(second) == "0"
    assert "all 2 GPUs are leased" in worker(60, G2RL_GPUS="0,0").stderr.readline()


@pytest.mark.parametrize(
    ("environment", "names"),
    [
        ({"CUDA_VISIBLE_DEVICES": "2, 3", "G2RL_GPUS": "0"}, ["2", "3"]),
        ({"CUDA_VISIBLE_DEVICES": "GPU-8f1c,MIG-77/3/0"}, ["GPU-8f1c", "MIG-77/3/0"]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
        ({"CUDA_VISIBLE_DEVICES": "NoDevFiles"}, []),
        ({"CUDA_VISIBLE_DEVICES": "-1", "G2RL_GPUS": "0"}, []),
        ({"G2RL_GPUS": "0,1"}, ["0", "1"]),
    ],
)
def test_gpus_are_the_schedulers_then_ones_own(environment, names):
    assert gpus(environment) == names


def test_leases_can_be_switched_off(worker):
    first, second = worker(60, G2RL_GPU_LEASES="0"), worker(60, G2RL_GPU_LEASES="0")
    assert leased(first) == leased(second) == "None"


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK])
def test_a_disk_without_locks_is_said_and_the_job_goes_on(tmp_path, monkeypatch, caplog, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert lease_gpu() is None
    assert f"jobs may share one: {tmp_path}/g2rl-gpus" in caplog.text


def test_leases_lie_on_this_machines_own_disk():
    assert lock_folder({"PBS_JOBID": "12.server"}) != lock_folder({"PBS_JOBID": "13.server"})
    assert lock_folder({}).parent == Path(tempfile.gettempdir())


def test_training_asked_to_end_ends_and_goes_on(tmp_path):
    """SIGTERM amid a training: promptly, with a status and no leftovers; the next one goes on."""
    sequences = [tmp_path / f"{subject}.h5" for subject in ("F001", "F002")]
    for path in sequences:
        write_sequence(path, make_sequence(path.stem))
    command = [sys.executable, "-m", "g2rl", "train", "--sequences", *map(str, sequences), "--device=cpu"]
    command += ["--backbone=test_resnet.r160_in1k", "--image-size=64", "--channels=8,8", "--precision=fp32"]
    command += ["--batch-size=4", "--epochs=100000", "--checkpoint", str(tmp_path / "state.pt")]
    command += ["--model", str(tmp_path / "m.safetensors"), "--history", str(tmp_path / "h.csv")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "state.pt").exists() and process.poll() is None:
        time.sleep(0.1)
    process.terminate()
    process.communicate(timeout=10)
    assert process.returncode == 143
    assert not (tmp_path / "m.safetensors").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    again = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    lines = iter(again.stderr.readline, "")
    try:
        assert any("resuming after epoch" in line for line in lines)
    finally:
        again.kill()
        again.wait()
