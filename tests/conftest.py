"""Plain pytest mounts, installs and downloads nothing: tests that do are marked by the fixture they use."""

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before huggingface_hub is imported
MARKS = {"mount": "root", "slurm": "cluster", "grid_engine": "cluster", "plugins": "network"}  # by fixture


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for fixture, mark in MARKS.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@contextmanager
def mounted(folder: Path, *options: str):
    """``mount OPTIONS FOLDER`` for a while; the test is skipped where that is not allowed."""
    done = subprocess.run(["mount", *options, str(folder)], capture_output=True, text=True)
    if done.returncode or os.geteuid():
        pytest.skip(f"only root can mount a disk here: {done.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def mount():
    return mounted
