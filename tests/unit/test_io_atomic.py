"""Atomic files: a full or read-only disk is named and loses nothing; partial files are removed."""

import errno
import os
import shutil
import stat
import subprocess
import sys
import textwrap

import numpy as np
import pandas as pd
import pytest

from g2rl.cli.main import main
from g2rl.errors import InputError
from g2rl.io.atomic import atomic_path, partial_files, write_text
from g2rl.io.hdf5 import write_hdf5
from g2rl.io.tables import write_csv

MUCH = np.random.default_rng(0).integers(0, 256, 10**6, np.uint8)


def checkpoint(path):
    import torch

    with atomic_path(path) as temporary:
        torch.save({"a": torch.from_numpy(MUCH)}, temporary)


def model(path):
    import torch
    from safetensors.torch import save_file

    with atomic_path(path) as temporary:
        save_file({"a": torch.from_numpy(MUCH)}, temporary)


def figure(path):
    from matplotlib.figure import Figure

    drawn = Figure()
    drawn.add_subplot().imshow(MUCH[:250_000].reshape(500, 500), interpolation="none")
    with atomic_path(path) as temporary:
        drawn.savefig(temporary, dpi=300)


def video(path):
    from g2rl.synthetic.media import write_video

    write_video(path, iter([MUCH[: 640 * 480 * 3].reshape(480, 640, 3)] * 5), (640, 480))


def images(path):
    from g2rl.synthetic.media import write_jpegs

    frames = iter([MUCH[: 640 * 480 * 3].reshape(480, 640, 3)] * 10)
    write_jpegs(np.random.default_rng(0), path, frames, frames=10)


def arrays(path):
    from g2rl.synthetic.head import write_arrays

    write_arrays(path, {"a": MUCH})


WRITERS = {
    "a.txt": lambda path: write_text(path, "x" * 10**6),
    "a.csv": lambda path: write_csv(path, pd.DataFrame({"a": MUCH})),
    "a.h5": lambda path: write_hdf5(path, {"a": MUCH}, {}),
    "a.npz": arrays,
    "a.pt": checkpoint,
    "a.safetensors": model,
    "a.png": figure,
    "a.pdf": figure,
    "a.avi": video,
    "T1": images,
}


@pytest.mark.root
@pytest.mark.parametrize("name", WRITERS)
def test_full_disk_is_named_and_the_old_file_stays(tmp_path, mount, name):
    with mount(tmp_path, "-t", "tmpfs", "-o", "size=64k", "tmpfs") as disk:
        path = disk / name
        path.mkdir() if name == "T1" else path.write_text("good")
        with pytest.raises(InputError) as caught:
            WRITERS[name](path)
        expected = f"{path}: No space left on device: the disk is full: make room and rerun, what is finished"
        assert str(caught.value).startswith(expected)
        assert name == "T1" or path.read_text() == "good"
        assert os.listdir(disk) == [name]


@pytest.mark.root
def test_read_only_disk_is_named(tmp_path, mount):
    (tmp_path / "a.txt").write_text("good")
    with mount(tmp_path, "-t", "tmpfs", "-o", "ro", "tmpfs"):
        for path in (tmp_path / "a.txt", tmp_path / "new/a.txt"):
            with pytest.raises(InputError, match=r"a\.txt: Read-only file system: make the disk writable"):
                write_text(path, "better")
    assert (tmp_path / "a.txt").read_text() == "good"


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path):
    program = """
        import os, signal, sys
        from g2rl.io.atomic import atomic_path
        with atomic_path(sys.argv[1]) as path:
            path.write_text("part")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    for name in ("a[1].csv", "a.csv"):
        path = tmp_path / name
        for _ in range(2):
            subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(path)])
        (left,) = partial_files(path)
        assert stat.S_IMODE(left.stat().st_mode) == 0o600
        assert not path.exists()
    write_text(tmp_path / "a.csv", "whole")
    assert not partial_files(tmp_path / "a.csv")
    assert partial_files(tmp_path / "a[1].csv")  # another file's


def test_of_two_writers_the_later_wins(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(InputError, match=r"a\.txt: No such file"), atomic_path(path) as temporary:  # noqa: PT012
        temporary.write_text("orphan's")
        write_text(path, "new run's")
    assert path.read_text() == "new run's"


def test_files_are_readable_by_all_once_they_are_whole(tmp_path):
    old = os.umask(0o022)
    try:
        write_text(tmp_path / "a.txt", "")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o644


@pytest.mark.root
@pytest.mark.skipif(not shutil.which("bindfs"), reason="needs bindfs")
def test_a_disk_that_refuses_chmod_is_written_to(tmp_path, mount):
    """As CIFS and gvfs refuse it: a FUSE mount whose permissions cannot be changed."""
    source, disk = tmp_path / "source", tmp_path / "disk"
    source.mkdir()
    disk.mkdir()
    with mount(disk, "-t", "fuse.bindfs", "-o", "chmod-deny", str(source)):
        with pytest.raises(PermissionError):
            disk.chmod(0o700)
        for name in ("a.h5", "a.csv", "T1"):
            WRITERS[name](disk / name)
        assert sorted(os.listdir(source)) == ["T1", "a.csv", "a.h5"]
        assert len(pd.read_csv(disk / "a.csv")) == len(MUCH)


@pytest.mark.root
@pytest.mark.skipif(not shutil.which("mkfs.exfat") or not shutil.which("mount.exfat-fuse"), reason="no exFAT")
def test_an_exfat_disk_is_written_to(tmp_path, mount):
    image, disk = tmp_path / "image", tmp_path / "disk"
    disk.mkdir()
    with open(image, "wb") as stream:
        stream.truncate(2**25)
    subprocess.run(["mkfs.exfat", str(image)], check=True, stdout=subprocess.DEVNULL)
    with mount(disk, "-t", "exfat-fuse", "-o", "loop", str(image)):
        for name in ("a.h5", "a.png", "T1"):
            WRITERS[name](disk / name)
            WRITERS[name](disk / name)
        assert sorted(os.listdir(disk)) == ["T1", "a.h5", "a.png"]


@pytest.mark.parametrize("operation", ["fsync", "chmod"])
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS, errno.EPERM, errno.EIO])
def test_an_operation_that_the_disk_lacks_is_skipped_and_one_that_fails_is_not(
    tmp_path, monkeypatch, operation, number
):
    """Faults injected: no file system here lacks fsync."""

    def refuse(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, operation, refuse)
    if number == errno.EIO:
        with pytest.raises(InputError, match=r"a\.txt: Input/output error"):
            write_text(tmp_path / "a.txt", "whole")
        assert os.listdir(tmp_path) == []
    else:
        write_text(tmp_path / "a.txt", "whole")
        assert (tmp_path / "a.txt").read_text() == "whole"


def test_stale_files_are_listed_and_removed(tmp_path, capsys):
    left = [".checkpoints/D/run/fold1.pt", "D/.a.part-abcdefgh.csv", "raw/D/.T1.part-12345678/0001.jpg"]
    kept = ["D/a.csv", "D/.hidden", "raw/D/T1/0001.jpg"]
    for name in (*left, *kept):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(bytes(300_000))
    for options in ([], ["--delete"]):
        assert main(["clean", str(tmp_path), *options]) == 0
        lines = capsys.readouterr().out.splitlines()
        assert lines == [f"{tmp_path / name.removesuffix('/0001.jpg')}  0.3 MB" for name in left]
    assert sorted(
        str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()
    ) == sorted(kept)
