"""A webcam, in whose place OpenCV reads a video."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from g2rl.cli import main as cli
from g2rl.errors import InputError
from g2rl.inference.camera import record, record_cameras
from g2rl.io.video import open_source


@pytest.fixture
def video(tmp_path):
    """Ten frames, each lighter than the last."""
    path = str(tmp_path / "seen.avi")
    film = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*"MJPG"), 25, (64, 48))
    for n in range(10):
        film.write(np.full((48, 64, 3), 20 * n, np.uint8))
    film.release()
    return path


def test_a_recording_has_every_frame_at_its_time(video, tmp_path):
    record(cv2.VideoCapture(video), tmp_path / "camera0.mp4", 60, "camera 0")
    source = open_source(tmp_path / "camera0.mp4")
    grey = [image.mean() for _, image in source.grey()]
    np.testing.assert_allclose(grey, 20 * np.arange(10), atol=4)
    times = [source.timestamp(number) for number in source.numbers]
    assert times[0] == 0
    assert all(np.diff(times) > 0)


class Interrupted:
    """A camera at which Ctrl-C comes."""

    def __init__(self, path):
        self._capture, self._left = cv2.VideoCapture(path), 4
        self.get, self.release = self._capture.get, self._capture.release

    def read(self):
        if not self._left:
            raise KeyboardInterrupt
        self._left -= 1
        return self._capture.read()


def test_ctrl_c_ends_the_recording_which_is_kept(video, tmp_path):
    record(Interrupted(video), tmp_path / "camera0.mp4", 60, "camera 0")
    assert len(open_source(tmp_path / "camera0.mp4").numbers) == 4


def test_a_camera_without_a_picture_is_an_error(tmp_path):
    with pytest.raises(InputError, match="camera 0: gives no picture"):
        record(cv2.VideoCapture(str(tmp_path / "none.avi")), tmp_path / "camera0.mp4", 60, "camera 0")


def test_a_number_is_a_camera_unless_a_file_has_that_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("7").write_bytes(b"")
    found, faults = record_cameras([Path("7"), Path("a.mp4"), Path("98")], tmp_path, 1)
    assert found == [Path("7"), Path("a.mp4")]
    assert [line.partition(":")[0] for line in faults] == ["camera 98"]


def test_a_camera_that_is_not_there_is_one_line(tmp_path, capfd):
    assert cli.main(["predict", "98", "-o", str(tmp_path)]) == 2
    said = [line for line in capfd.readouterr().err.splitlines() if "INFO" not in line]
    assert len(said) == 1
    assert "camera 98: cannot be opened" in said[0]
    assert list(tmp_path.iterdir()) == []
