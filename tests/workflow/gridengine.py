"""A real Grid Engine on this machine: one qmaster, one execd with two fake GPUs, in one folder.

Nothing lies in /var or /etc, and the ports are found free. The daemons end with the process that started
them, as those of ``slurm.py``. By hand: ``python tests/workflow/gridengine.py DIR``.
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from slurm import Cluster, UnavailableError, end, free_ports, install_packages

PACKAGES = ("gridengine-master", "gridengine-exec", "gridengine-client")
PROGRAMS, SHARE = Path("/usr/lib/gridengine"), Path("/usr/share/gridengine")
CLIENTS = ("qsub", "qstat", "qacct", "qdel", "qconf")
HOST = "localhost"  # what 127.0.0.1 resolves to; the machine's own name is an alias

# What an administrator sets up besides: where the memory and GPUs are, and who may run how many jobs.
FILES = {
    "host": f"""\
hostname {HOST}
load_scaling NONE
complex_values gpu=2,mem_free=16G,slots=4
user_lists NONE
xuser_lists NONE
projects NONE
xprojects NONE
usage_scaling NONE
report_variables NONE
""",
    "queue": f"""\
qname all.q
hostlist {HOST}
qtype BATCH
pe_list smp
slots 4
shell /bin/sh
shell_start_mode unix_behavior
""",
}
UNLIMITED = ("s_rt", "h_rt", "s_cpu", "h_cpu", "s_fsize", "h_fsize", "s_data", "h_data", "s_stack", "h_stack")
UNLIMITED += ("s_core", "h_core", "s_rss", "h_rss", "s_vmem", "h_vmem")
NONE = ("load_thresholds", "suspend_thresholds", "ckpt_list", "prolog", "epilog", "starter_method")
NONE += ("suspend_method", "resume_method", "terminate_method", "owner_list", "user_lists", "xuser_lists")
NONE += ("subordinate_list", "complex_values", "projects", "xprojects", "calendar")
OTHERS = {"seq_no": "0", "nsuspend": "1", "suspend_interval": "00:05:00", "priority": "0", "rerun": "FALSE"}
OTHERS |= {"min_cpu_interval": "00:05:00", "processors": "UNDEFINED", "tmpdir": "/tmp", "notify": "00:00:60"}
OTHERS |= {"initial_state": "default"}


def install() -> None:
    """Grid Engine's packages from Debian, if they are not there; without a cluster in /var.

    Raises:
        UnavailableError: they are not there and cannot be installed.
    """
    if not (PROGRAMS / "sge_qmaster").exists() or not (PROGRAMS / "sge_execd").exists():
        install_packages(*PACKAGES)


class GridEngine(Cluster):
    """Start it as a context; ``environment`` is what the clients need.

    Args:
        folder: new or empty.
    """

    def __init__(self, folder: Path):
        self.folder = Path(folder).resolve()
        self.daemons: list[subprocess.Popen] = []

    def __enter__(self) -> "GridEngine":
        try:
            self._configure()
            self._start("sge_qmaster")
            self._wait("-sh")
            self._administer()
            self._start("sge_execd")
            self._wait("-sq", "all.q")
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def environment(self) -> dict[str, str]:
        ports = {"SGE_QMASTER_PORT": str(self.ports[0]), "SGE_EXECD_PORT": str(self.ports[1])}
        return os.environ | {"SGE_ROOT": str(self.folder), "SGE_CELL": "default", **ports}

    def jobs(self) -> list[dict[str, str]]:
        """Every job that has ended, as ``qacct`` tells; its ``category`` is what it asked for."""
        blocks = self.ask("qacct", "-j").split("=" * 62)
        rows = ([line.split(None, 1) for line in block.splitlines() if line] for block in blocks)
        return [dict(pair for pair in row if len(pair) == 2) for row in rows if row]

    def stop(self) -> None:
        """End all jobs and all daemons."""
        while self.daemons:
            end(self.daemons.pop())

    def _configure(self) -> None:
        self.ports = free_ports(2)
        for name in ("default/common", "qmaster/job_scripts", "execd", "spool"):
            (self.folder / name).mkdir(parents=True)
        for name in ("bin", "lib", "util", "utilbin"):
            (self.folder / name).symlink_to(Path("/var/lib/gridengine") / name)
        common = self.folder / "default/common"
        (common / "act_qmaster").write_text(f"{HOST}\n")
        (common / "host_aliases").write_text(f"{HOST} {socket.gethostname()}\n")
        values = {"admin_user": "none", "ignore_fqdn": "true", "spooling_params": self.folder / "spool"}
        values |= {"qmaster_spool_dir": self.folder / "qmaster"}
        (common / "bootstrap").write_text(_edit((SHARE / "default-bootstrap").read_text(), values))
        values = {"execd_spool_dir": self.folder / "execd", "min_uid": 0, "min_gid": 0}
        # Loads and finished jobs are reported every second, not after 40 and 15.
        values |= {"load_report_time": "00:00:01"}
        values |= {"reporting_params": "accounting=true reporting=false flush_time=00:00:01 joblog=false"}
        text = _edit((SHARE / "default-configuration").read_text(), values)
        (self.folder / "configuration").write_text(text)
        resources = SHARE / "util/resources"
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        for command in (
            ["spoolinit", "berkeleydb", "libspoolb", str(self.folder / "spool"), "init"],
            ["spooldefaults", "configuration", str(self.folder / "configuration")],
            ["spooldefaults", "complexes", str(resources / "centry")],
            ["spooldefaults", "usersets", str(resources / "usersets")],
            ["spooldefaults", "managers", user],
        ):
            program, *arguments = command
            subprocess.run(
                [str(PROGRAMS / program), *arguments], env=self.environment, capture_output=True, check=True
            )

    def _administer(self) -> None:
        queue = dict.fromkeys(UNLIMITED, "INFINITY") | dict.fromkeys(NONE, "NONE") | OTHERS
        complexes = _edit(self.ask("qconf", "-sc"), {"mem_free": "mf MEMORY <= YES YES 0 0"})
        texts = FILES | {
            "queue": FILES["queue"] + "".join(f"{name} {value}\n" for name, value in queue.items()),
            "complexes": f"{complexes}\ngpu gpu INT <= YES JOB 0 0\n",
            "parallel": (SHARE / "util/resources/pe/smp").read_text(),
            "scheduler": _edit(
                self.ask("qconf", "-ssconf"),
                {"schedule_interval": "0:0:1", "flush_submit_sec": 1, "flush_finish_sec": 1}
                | {"job_load_adjustments": "NONE"},
            ),
        }
        for name, text in texts.items():
            (self.folder / name).write_text(text)
        for option, name in (
            *(("-ah", HOST), ("-as", HOST), ("-Mc", "complexes"), ("-Ae", "host")),
            *(("-Ap", "parallel"), ("-Aq", "queue"), ("-Msconf", "scheduler")),
        ):
            self.ask("qconf", option, name if name == HOST else str(self.folder / name))

    def _start(self, name: str) -> None:
        keeper = [sys.executable, str(Path(__file__).with_name("slurm.py")), "keep"]
        with open(self.folder / f"{name}.out", "w") as out:
            self.daemons.append(
                subprocess.Popen(
                    [*keeper, str(PROGRAMS / name)],
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=self.environment | {"SGE_ND": "1"},  # no daemon: it stays a child of its keeper
                    cwd=self.folder,
                )
            )

    def _answers(self, *asked: str) -> bool:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return bool(self.ask("qconf", *asked))
        return False

    def _wait(self, *asked: str) -> None:
        latest = time.monotonic() + 60
        while not self._answers(*asked):
            if any(daemon.poll() is not None for daemon in self.daemons) or time.monotonic() > latest:
                logs = "".join(path.read_text()[-1500:] for path in sorted(self.folder.glob("*.out")))
                raise UnavailableError(f"Grid Engine does not start here:\n{logs}")
            time.sleep(0.2)


def _edit(text: str, values: dict[str, object]) -> str:
    """A configuration of Grid Engine with other values for some of its names."""
    lines = (line.split(None, 1)[0] if line.strip() else "" for line in text.splitlines())
    edited = [
        f"{name} {values[name]}" if name in values else line
        for name, line in zip(lines, text.splitlines(), strict=True)
    ]
    return "\n".join(edited) + "\n"


if __name__ == "__main__":
    install()
    with GridEngine(Path(sys.argv[1])) as started:
        for name in ("SGE_ROOT", "SGE_CELL", "SGE_QMASTER_PORT", "SGE_EXECD_PORT"):
            print(f"export {name}={started.environment[name]}", flush=True)
        signal.pause()
