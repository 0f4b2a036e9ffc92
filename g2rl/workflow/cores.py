"""The CPU cores that this process may use: of a scheduler's job or a container, not of the whole machine.

Run as a script (``python3 g2rl/workflow/cores.py``) it prints their number, with no package installed.
"""

import os
from collections.abc import Iterator
from pathlib import Path


def available_cores(root: Path = Path("/")) -> int:
    """The cores of the affinity mask (``taskset``, most schedulers), or fewer where a control group has a
    quota (``docker --cpus 2``, Kubernetes' limits, systemd's CPUQuota): that, rounded up.

    Args:
        root: of the file system with ``proc`` and ``sys``.
    """
    mask = getattr(os, "sched_getaffinity", None)  # Linux has it
    cores = len(mask(0)) if mask else os.cpu_count() or 1
    return min([cores, *(max(1, -int(-quota // 1)) for quota in _quotas(root))])


def _quotas(root: Path) -> Iterator[float]:
    """Cores that each control group above this process allows; version 1 and 2 of Linux's interface."""
    try:
        lines = (root / "proc/self/cgroup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        top = root / "sys/fs/cgroup"
        if controllers:  # version 1
            if "cpu" not in controllers.split(","):
                continue
            top /= "cpu" if (top / "cpu").is_dir() else controllers
        group = top / path.lstrip("/")
        # In a container the path may be the host's and the group's own files at the top.
        for folder in {top, group, *(each for each in group.parents if each.is_relative_to(top))}:
            yield from _quota(folder)


def _quota(folder: Path) -> Iterator[float]:
    """The quota of one control group divided by its period, if it has one."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text(encoding="utf-8").split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = ((folder / name).read_text(encoding="utf-8").strip() for name in names)
        if quota.isdigit() and int(period) > 0:  # else max, or -1: no limit
            yield int(quota) / int(period)
    except (OSError, ValueError):
        return


if __name__ == "__main__":
    print(available_cores())
