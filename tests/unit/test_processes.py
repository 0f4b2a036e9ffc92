"""Stale locks of a Snakemake that was killed, and jobs that end with theirs: with real processes."""

import os
import signal
import subprocess
import sys
import time

import pytest

CLAIM = """
import sys, time
from pathlib import Path
from g2rl.workflow.processes import clear_stale_locks
alive = clear_stale_locks(Path(sys.argv[1]))
print(sorted(path.name for path in (Path(sys.argv[1]) / "locks").iterdir()), flush=True)
time.sleep(float(sys.argv[2]))
"""
DRIVER = """
import os, subprocess, sys
from g2rl.workflow.processes import PARENT_ENV, parent_token
os.environ[PARENT_ENV] = parent_token()
shell = subprocess.Popen(["bash", "-c", f"set -e; {sys.executable} -c '{sys.argv[1]}'; echo"])
print(shell.pid, flush=True)
shell.wait()
"""
JOB = """
import os, time
from g2rl.workflow.processes import exit_with_parent
exit_with_parent()
print(os.getpid(), flush=True)
time.sleep(600)
"""


def start(*arguments: str, **more) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", *arguments], stdout=subprocess.PIPE, text=True, **more)


def gone(pid: int) -> bool:
    """Whether a process ends within seconds."""
    for _ in range(300):
        try:
            if os.readlink(f"/proc/{pid}/exe"):
                time.sleep(0.02)
        except OSError:
            return True
    return False


def test_locks_are_cleared_when_nobody_else_lives(tmp_path):
    locks = tmp_path / "locks"
    locks.mkdir()
    for name in ("0.input.lock", "0.output.lock"):
        (locks / name).write_text("a\n")
    (locks / "note").write_text("not a lock")
    alone = start(CLAIM, str(tmp_path), "600")
    try:
        assert alone.stdout.readline() == "['note']\n"
        (locks / "0.input.lock").write_text("its own\n")
        for _ in range(2):  # others come and go
            second, _ = start(CLAIM, str(tmp_path), "0").communicate()
            assert second == "['0.input.lock', 'note']\n"
    finally:
        alone.kill()
        alone.wait()
    third, _ = start(CLAIM, str(tmp_path), "0").communicate()
    assert third == "['note']\n"


def test_locks_of_another_host_are_left(tmp_path):
    """Its Snakemake may live: on many shared file systems we do not see its lock."""
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/0.input.lock").write_text("a\n")
    (tmp_path / "alive").write_text("login2")
    mine, _ = start(CLAIM, str(tmp_path), "0").communicate()
    assert mine == "['0.input.lock']\n"


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's pidfd")
@pytest.mark.parametrize("whom", ["driver", "shell"])
def test_a_job_ends_with_its_driver_or_shell(whom):
    driver = start(DRIVER, JOB)
    shell, job = int(driver.stdout.readline()), int(driver.stdout.readline())
    assert os.readlink(f"/proc/{job}/exe")
    os.kill(driver.pid if whom == "driver" else shell, signal.SIGKILL)
    assert gone(job)
    driver.wait()


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux's pidfd")
def test_a_job_whose_driver_is_gone_already_ends_at_once():
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], stdout=subprocess.PIPE)
    namespace = os.readlink("/proc/self/ns/pid")
    late = start(
        JOB, env=os.environ | {"G2RL_PARENT": f"{int(ended.stdout)} {namespace}"}, stderr=subprocess.PIPE
    )
    assert (
        late.communicate(timeout=60)[1]
        == "the Snakemake that started this job has ended, and so does the job\n"
    )
    assert late.returncode == -signal.SIGKILL


@pytest.mark.parametrize("driver", ["", "1 pid:[1]"])
def test_a_command_of_ones_own_follows_nobody(driver):
    job = start(JOB, env=os.environ | {"G2RL_PARENT": driver})
    assert int(job.stdout.readline()) == job.pid
    assert job.poll() is None
    job.kill()
    job.wait()


def test_both_can_be_switched_off(tmp_path, monkeypatch):
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks/0.input.lock").write_text("a\n")
    monkeypatch.setenv("G2RL_CLEAR_LOCKS", "0")
    assert start(CLAIM, str(tmp_path), "0").communicate()[0] == "['0.input.lock']\n"
    monkeypatch.setenv("G2RL_EXIT_WITH_PARENT", "0")
    driver = start(DRIVER, JOB)
    shell, job = int(driver.stdout.readline()), int(driver.stdout.readline())
    for pid in (driver.pid, shell):
        os.kill(pid, signal.SIGKILL)
    driver.wait()
    time.sleep(0.5)
    assert os.readlink(f"/proc/{job}/exe")
    os.kill(job, signal.SIGKILL)


def test_a_system_without_flock_pidfd_and_proc_can_import_and_call_them(tmp_path):
    code = (
        "import os, sys; sys.modules['fcntl'] = None; del os.pidfd_open\n"
        "from pathlib import Path; from g2rl.workflow import gpus, processes\n"
        "os.environ |= {'G2RL_GPUS': '0', processes.PARENT_ENV: '1 ' + processes._namespace()}\n"
        "processes.exit_with_parent()\n"
        "print(processes.clear_stale_locks(Path(sys.argv[1])), gpus.lease_gpu())"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True)
    assert done.stdout == "None None\n", done.stderr
