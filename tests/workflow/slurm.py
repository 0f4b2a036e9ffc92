"""A real Slurm on this machine: munged, one slurmctld, two slurmd with two fake GPUs each, no accounting.

Everything lies in one folder and on ports found free, nothing in /etc: two of them can run side by side, and
what an earlier one left behind is in nobody's way. Each daemon has a keeper, which ends with the process that
started it and takes along all that came of the daemon: jobs outlive their slurmd, but never the test.
By hand: ``python tests/workflow/slurm.py DIR``.
"""

import contextlib
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil

CLIENTS = ("sbatch", "srun", "squeue", "scancel", "scontrol", "sinfo", "sacct", "sacctmgr")
DAEMONS = ("munged", "slurmctld", "slurmd")
SET_PDEATHSIG, SET_CHILD_SUBREAPER = 1, 36  # of prctl(2)
DEVICES = ("/dev/null", "/dev/zero")  # a GPU must be a character device; one that exists anywhere
SBIN = f"{os.environ['PATH']}:/usr/sbin:/sbin"


class UnavailableError(Exception):
    """There can be no Slurm here; says why."""


def install() -> None:
    """Slurm's packages from Debian, if they are not there.

    Raises:
        UnavailableError: they are not there and cannot be installed.
    """
    if all(shutil.which(name, path=SBIN) for name in (*DAEMONS, *CLIENTS)):
        return
    install_packages("slurm-wlm", "munge")
    if not shutil.which("slurmctld", path=SBIN):
        raise UnavailableError("apt-get has installed slurm-wlm, and there is no slurmctld")


def install_packages(*names: str) -> None:
    """Packages from Debian.

    Raises:
        UnavailableError: they cannot be installed.
    """
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise UnavailableError(f"{', '.join(names)} not installed, which takes root and Debian's apt-get")
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    options = ["-qq", "-y", "-o", "Acquire::Retries=1", "-o", "Acquire::http::Timeout=20"]
    try:
        for step in (["update"], ["install", "--no-install-recommends", *names]):
            done = subprocess.run(
                ["apt-get", *options, *step], capture_output=True, text=True, env=environment, timeout=300
            )
    except subprocess.TimeoutExpired as error:
        raise UnavailableError("apt-get does not come to an end within five minutes") from error
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
        raise UnavailableError(f"apt-get cannot install {', '.join(names)}: {' '.join(last)}")


class Cluster:
    """What every cluster here does: it ends with its context, and its clients answer.

    One has ``environment``, what the clients need, and ``stop``, which ends all jobs and daemons.
    """

    environment: dict[str, str]

    def __exit__(self, *_) -> None:
        self.stop()

    def ask(self, *command: str) -> str:
        """What a client prints."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=30
        ).stdout.strip()

    def stop(self) -> None:
        raise NotImplementedError


class Slurm(Cluster):
    """Start it as a context; ``environment`` is what the clients need.

    Args:
        folder: new or empty.
        nodes: their names.
        cpus, megabytes: of each node, whatever the machine has.
    """

    def __init__(self, folder: Path, nodes: tuple[str, ...] = ("n1", "n2"), cpus: int = 4, megabytes=16000):
        self.folder, self.nodes = Path(folder).resolve(), nodes
        self.cpus, self.megabytes = cpus, megabytes
        self.daemons: dict[str, subprocess.Popen] = {}

    def __enter__(self) -> "Slurm":
        try:
            self._configure()
            self._start("munged", *self._munge(), "--foreground")
            self._wait(lambda: (self.folder / "munge/socket").exists(), "munged")
            self._start("slurmctld", "-D", "-i", "-f", str(self._conf))
            for node in self.nodes:
                self.start_node(node)
            self._wait(lambda: set(self.states().values()) == {"idle"}, "the nodes")
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"PATH": f"{self.folder / 'bin'}:{SBIN}"}

    def states(self) -> dict[str, str]:
        return dict(line.split() for line in self.ask("sinfo", "-N", "-h", "-o", "%N %T").splitlines())

    def jobs(self) -> list[dict[str, str]]:
        """Every job of this Slurm's life, as ``scontrol`` tells."""
        lines = self.ask("scontrol", "show", "job", "--oneliner").splitlines()
        return [dict(part.split("=", 1) for part in line.split() if "=" in part) for line in lines]

    def start_node(self, node: str) -> None:
        self._start(f"slurmd-{node}", "-D", "-N", node, "-f", str(self._conf))

    def kill_node(self, node: str) -> None:
        """What a power loss does: the node's slurmd and all that its jobs run are gone at once."""
        end(self.daemons.pop(f"slurmd-{node}"))

    def restore_nodes(self) -> None:
        """Bring killed nodes back: later jobs need both."""
        for node in self.nodes:
            if f"slurmd-{node}" not in self.daemons:
                self.start_node(node)

        def usable() -> bool:
            down = [node for node, state in self.states().items() if state.startswith(("down", "drain"))]
            for node in down:
                self.ask("scontrol", "update", f"nodename={node}", "state=resume")
            return not down and not any(state.endswith("*") for state in self.states().values())

        self._wait(usable, "the nodes")

    def stop(self) -> None:
        """End all jobs and all daemons."""
        while self.daemons:
            end(self.daemons.popitem()[1])

    @property
    def _conf(self) -> Path:
        return self.folder / "etc/slurm.conf"

    def _munge(self) -> list[str]:
        munge = self.folder / "munge"
        files = {
            "key-file": "key",
            "seed-file": "seed",
            "socket": "socket",
            "pid-file": "pid",
            "log-file": "log",
        }
        return [*(f"--{option}={munge / name}" for option, name in files.items()), "--force"]

    def _configure(self) -> None:
        for name in ("etc", "munge", "state", "log", "spool", "bin"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "munge").chmod(0o700)
        key = self.folder / "munge/key"
        key.touch(0o600)
        key.write_bytes(os.urandom(1024))
        host, folder = socket.gethostname().split(".")[0], self.folder
        controller, *ports = free_ports(1 + len(self.nodes))
        nodes = [
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={port} CPUs={self.cpus} "
            f"RealMemory={self.megabytes} Gres=gpu:{len(DEVICES)} State=UNKNOWN"
            for node, port in zip(self.nodes, ports, strict=True)
        ]
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        lines = [
            "ClusterName=g2rl",
            f"SlurmctldHost={host}(127.0.0.1)",
            f"SlurmUser={user}",
            f"SlurmdUser={user}",
            f"SlurmctldPort={controller}",
            # A requeued job waits until what let it run before has expired: after 120 s, by default.
            f"AuthInfo=socket={folder}/munge/socket,cred_expire=15",
            f"SlurmctldPidFile={folder}/slurmctld.pid",
            f"SlurmdPidFile={folder}/slurmd-%n.pid",
            f"SlurmctldLogFile={folder}/log/slurmctld.log",
            f"SlurmdLogFile={folder}/log/slurmd-%n.log",
            f"StateSaveLocation={folder}/state",
            f"SlurmdSpoolDir={folder}/spool/%n",
            "ProctrackType=proctrack/linuxproc",  # cgroups are not to be had in a container
            "TaskPlugin=task/none",
            "SwitchType=switch/none",
            "MpiDefault=none",
            "SelectType=select/cons_tres",
            "SelectTypeParameters=CR_Core_Memory,CR_LLN",  # the emptier node first
            "SchedulerParameters=bf_interval=1,sched_interval=1,batch_sched_delay=0,defer",
            "GresTypes=gpu",
            "SlurmdParameters=config_overrides",
            "ReturnToService=2",
            "MinJobAge=3600",
            # A node is down 5 s after its last word, a job is dead 5 s after it was asked to end.
            "SlurmdTimeout=5",
            "MessageTimeout=5",
            "KillWait=5",
            # Memory limits are held by looking, every second.
            "JobAcctGatherType=jobacct_gather/linux",
            "JobAcctGatherFrequency=task=1",
            "JobAcctGatherParams=OverMemoryKill",
            "AccountingStorageType=accounting_storage/none",
            *nodes,
            f"PartitionName=all Nodes={','.join(self.nodes)} Default=YES MaxTime=INFINITE State=UP",
        ]
        self._conf.write_text("\n".join(lines) + "\n")
        gres = [f"Name=gpu File={device}" for device in DEVICES]
        (folder / "etc/gres.conf").write_text("\n".join(gres) + "\n")
        (folder / "etc/cgroup.conf").write_text("CgroupAutomount=no\n")
        # The executor plugin drops SLURM_CONF before it calls srun: these set it again.
        for name in CLIENTS:
            client = folder / "bin" / name
            program = shutil.which(name, path=SBIN)
            client.write_text(f'#!/bin/sh\nSLURM_CONF={self._conf} exec {program} "$@"\n')
            client.chmod(0o755)

    def _start(self, name: str, *options: str) -> None:
        program = shutil.which(name.partition("-")[0], path=SBIN)
        with open(self.folder / f"log/{name}.out", "w") as out:
            self.daemons[name] = subprocess.Popen(
                [sys.executable, __file__, "keep", program, *options],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | {"SLURM_CONF": str(self._conf)},
                cwd=self.folder,
            )

    def _wait(self, ready, what: str) -> None:
        latest = time.monotonic() + 30
        while not ready():
            ended = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
            if ended or time.monotonic() > latest:
                logs = "".join(path.read_text()[-1500:] for path in sorted((self.folder / "log").iterdir()))
                raise UnavailableError(f"Slurm does not start here: {what} not ready, ended: {ended}\n{logs}")
            time.sleep(0.2)


def keep(command: list[str]) -> int:
    """Run a daemon; when it ends, on SIGTERM, or when this process's parent is gone, kill what came of it."""
    libc = ctypes.CDLL(None, use_errno=True)
    # What loses its own parent becomes a child of this process, not of init.
    for option, value in ((SET_PDEATHSIG, signal.SIGTERM), (SET_CHILD_SUBREAPER, 1)):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    try:
        return subprocess.Popen(command).wait()
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        while left := psutil.Process().children(recursive=True):
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()
            psutil.wait_procs(left, timeout=1)


def end(keeper: subprocess.Popen) -> None:
    """End a daemon by its keeper, and with it all that came of it."""
    keeper.terminate()
    keeper.wait(30)


def free_ports(count: int) -> list[int]:
    """Ports that no process listens to."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


if __name__ == "__main__":
    if sys.argv[1] == "keep":
        sys.exit(keep(sys.argv[2:]))
    install()
    with Slurm(Path(sys.argv[1])) as slurm:
        print(f"export PATH={slurm.folder / 'bin'}:$PATH    # Ctrl-C ends it", flush=True)
        signal.pause()
