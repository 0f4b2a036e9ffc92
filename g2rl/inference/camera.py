"""A webcam, recorded as a video, which is then predicted as any other."""

import itertools
import logging
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from g2rl.errors import InputError
from g2rl.inference.outputs.mp4 import Mp4
from g2rl.io.atomic import atomic_path
from g2rl.io.progress import progress

if TYPE_CHECKING:
    import cv2
    import numpy as np

log = logging.getLogger(__name__)
QUALITY = 18  # H.264's constant rate factor: no loss is seen
RATE = 30.0  # frames per second, of a camera that does not tell


def record_cameras(inputs: Sequence[Path], folder: Path, seconds: float) -> tuple[list[Path], list[str]]:
    """The inputs, in place of each camera's number its recording in ``folder``; a line on each failure.

    A number is a camera unless a file has that name.
    """
    found, faults = [], []
    for one in inputs:
        if not str(one).isdecimal() or one.exists():
            found.append(one)
            continue
        try:
            found.append(_record_camera(int(str(one)), folder, seconds))
        except InputError as error:
            faults.append(str(error))
    return found, faults


def _record_camera(number: int, folder: Path, seconds: float) -> Path:
    import cv2

    said = cv2.utils.logging
    level = said.setLogLevel(said.LOG_LEVEL_SILENT)  # the error says in one line what OpenCV would in many
    capture = cv2.VideoCapture(number)
    said.setLogLevel(level)
    if not capture.isOpened():
        raise InputError(
            f"camera {number}: cannot be opened: is it connected, used by no other program, and permitted to "
            "this one? The first camera is 0"
        )
    names = (f"camera{number}{f'_{n}' if n > 1 else ''}.mp4" for n in itertools.count(1))
    path = next(folder / name for name in names if not (folder / name).exists())
    with atomic_path(path) as part:
        record(capture, part, seconds, f"camera {number}")
    log.info("wrote %s", path)
    return path


def record(capture: "cv2.VideoCapture", path: Path, seconds: float, label: str) -> None:
    """Record for so many seconds, or until Ctrl-C; each frame is shown at the time when it came.

    Raises:
        InputError: not one frame came.
    """
    import cv2

    film = Mp4(str(path), capture.get(cv2.CAP_PROP_FPS) or RATE, QUALITY)
    count = 0
    try:
        for image, at in progress(_images(capture), label):
            if at >= seconds:
                break
            film.add(cv2.cvtColor(image, cv2.COLOR_BGR2RGB), at)
            count += 1
    except KeyboardInterrupt:
        log.info("%s: stopped after %d frames", label, count)
    finally:
        capture.release()
        film.close()
    if not count:
        raise InputError(f"{label}: gives no picture: is another program using it?")


def _images(capture: "cv2.VideoCapture") -> Iterator[tuple["np.ndarray", float]]:
    """The camera's images, BGR, and the seconds since the first."""
    start = None
    while True:
        there, image = capture.read()
        if not there:
            return
        now = time.monotonic()
        start = now if start is None else start
        yield image, now - start
