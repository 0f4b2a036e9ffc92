"""Frames of a video file or an image folder, in order, with their frame numbers."""

import os
import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from g2rl.datasets.integrity.findings_file import is_known_fault
from g2rl.errors import InputError

# The decoder's own complaints name no file; what cannot be decoded is reported by whoever asked for it.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")


cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)


MAX_PIXELS = int(os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"])  # a damaged header may claim any size


IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp"})


# Containers whose header or index counts the frames; of the others OpenCV's count is an estimate from the
# duration, so they are counted by reading them once.
COUNTING_SUFFIXES = frozenset({".avi", ".mp4", ".m4v", ".mov"})


class FrameSource(ABC):
    """Frames of one sequence, each under the number that the labels know it by.

    Attributes:
        path: the video file or the image folder.
        numbers: the frame numbers to expect, increasing: the integer in each file name of a folder;
            1…N for a video whose container declares N frames.
    """

    path: Path
    numbers: Sequence[int]

    def grey(self) -> Iterator[tuple[int, np.ndarray | None]]:
        """Yield (number, (H,W) uint8) in order; None in place of a frame that cannot be decoded."""
        return self._frames(grey=True, wanted=None)

    def rgb(self, wanted: Collection[int] | None = None) -> Iterator[tuple[int, np.ndarray | None]]:
        """Yield (number, (H,W,3) uint8 RGB) in order; None in place of a frame that cannot be decoded.

        Args:
            wanted: the numbers to yield, all if None; the others are passed over as cheaply as can be.
        """
        return self._frames(grey=False, wanted=None if wanted is None else frozenset(wanted))

    @abstractmethod
    def _frames(
        self, grey: bool, wanted: frozenset[int] | None
    ) -> Iterator[tuple[int, np.ndarray | None]]: ...


class NoFrames(FrameSource):
    """In place of what cannot be opened: not one frame."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.numbers = []

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        yield from ()


def open_source(path: str | os.PathLike, check: str | os.PathLike | None = None) -> FrameSource:
    """Open a video file or a folder of numbered images.

    Args:
        check: what ``g2rl check`` wrote of the copy; what it holds an error of, and does not open, has no
            frame.

    Raises:
        InputError: nothing lies there; the folder holds no image, an image without a number, or two images
            of one number; the file is no video that can be opened.
    """
    path = Path(path)
    try:
        return _open(path)
    except InputError as error:
        if not is_known_fault(path, check):
            raise
        print(f"{error}: the sequence has no frame", file=sys.stderr)
        return NoFrames(path)


def _open(path: Path) -> FrameSource:
    try:
        if path.is_dir():
            return ImageFolder(path)
        if path.is_file():
            return VideoFile(path)
    except PermissionError as error:
        raise InputError(f"{error.filename or path}: may not be read: check its permissions") from None
    raise InputError(
        f"{path}: no such video or image folder: check the path, or the root and the sequence's name"
    )


class ImageFolder(FrameSource):
    """A folder with one image file a frame; the number is the last run of digits in the file's name."""

    def __init__(self, path: Path) -> None:
        self.path = path
        files: dict[int, str] = {}
        for name in sorted(filter(is_frame_file, os.listdir(path))):
            number = frame_number(name)
            if number is None:
                raise InputError(
                    f"{path / name}: no frame number in the file's name, expected one like 0001.jpg: "
                    "rename it or move it elsewhere"
                )
            if number in files:
                raise InputError(
                    f"{path}: {files[number]} and {name} are both frame {number}: remove one of them"
                )
            files[number] = name
        if not files:
            raise InputError(f"{path}: no image in this folder, expected files like 0001.jpg")
        self.numbers = sorted(files)
        self._files = files

    def file(self, number: int) -> Path:
        """The image file of a frame."""
        return self.path / self._files[number]

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        for number in self.numbers:
            if wanted is None or number in wanted:
                yield number, read_image(self.file(number), grey)


class VideoFile(FrameSource):
    """A video file; frames are numbered from 1.

    Where fewer frames decode than the container declares, the missing ones are None, and so is the last one
    before a cut, which is most often a part of itself. Frames past the declared count are given too.
    A packet of Motion JPEG is a whole JPEG picture: it is decoded as one, straight to grey where grey is
    wanted, in half the time that FFmpeg takes to decode it and OpenCV to convert it.

    Attributes:
        frame_rate: frames a second, as the container has it.
        size: (width, height) in pixels.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._packets = False  # decode packets ourselves
        capture = self._open()
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_rate = float(capture.get(cv2.CAP_PROP_FPS))
        self.size = (
            int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
            int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        )
        if self.size[0] * self.size[1] > MAX_PIXELS:
            raise InputError(f"{path}: claims {self.size[0]}×{self.size[1]} pixels: copy it again")
        motion_jpeg = int(capture.get(cv2.CAP_PROP_FOURCC)) == cv2.VideoWriter.fourcc(*"MJPG")
        # A frame takes 8 bytes or more in any container: a greater count is a damaged header.
        if not 0 < count <= path.stat().st_size // 8 or path.suffix.lower() not in COUNTING_SUFFIXES:
            count = 0
            while capture.grab():
                count += 1
        capture.release()
        if not count:
            raise InputError(f"{path}: no frame in this video can be decoded: copy it again")
        self.numbers = range(1, count + 1)
        self._packets = motion_jpeg
        if motion_jpeg:  # not so where a packet holds two interlaced fields
            _, first = next(self._frames(grey=True, wanted=None))
            self._packets = first is not None and first.shape == self.size[::-1]

    def _open(self) -> cv2.VideoCapture:
        # One decoding thread: a job of ours is one sequence on one core.
        options = [cv2.CAP_PROP_N_THREADS, 1]
        if self._packets:
            options += [cv2.CAP_PROP_FORMAT, -1]
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            size = self.path.stat().st_size
            raise InputError(f"{self.path}: not a readable video ({size} bytes): copy it again")
        return capture

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        def is_wanted(number: int) -> bool:
            return wanted is None or number in wanted

        code = cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB
        declared = len(self.numbers)
        last, held = 0, None  # one frame back, until it is known that another one follows
        capture = self._open()
        try:
            for number in self._decoded_numbers(capture):
                if last and is_wanted(last):
                    yield last, held
                for gap in filter(is_wanted, range(last + 1, number)):
                    yield gap, None
                last, held = number, None
                if is_wanted(number):
                    ok, image = capture.retrieve()
                    if ok:
                        held = (
                            decode_image(image.ravel(), grey) if self._packets else cv2.cvtColor(image, code)
                        )
        finally:
            capture.release()
        if last and is_wanted(last):
            yield last, held if last >= declared else None
        for missing in filter(is_wanted, range(last + 1, declared + 1)):
            yield missing, None

    def decodable(self) -> list[int]:
        """The numbers of the frames that decode: those that ``grey`` and ``rgb`` give a picture for."""
        if self._packets:
            return [number for number, image in self.grey() if image is not None]
        capture = self._open()
        try:
            numbers = list(self._decoded_numbers(capture))
        finally:
            capture.release()
        return numbers if numbers and numbers[-1] >= len(self.numbers) else numbers[:-1]

    def _decoded_numbers(self, capture: cv2.VideoCapture) -> Iterator[int]:
        """Decode on and on, giving each frame's number.

        An AVI has one chunk for each tick of a fixed rate, and an empty one where the camera dropped a frame;
        the decoder passes over those, so that counting decoded frames would shift all that follow. There
        the presentation time says which frame it is.
        """
        ticks = self.path.suffix.lower() == ".avi"
        number = first = 0
        while capture.grab():
            if ticks:
                tick = int(capture.get(cv2.CAP_PROP_PTS))
                if not number:
                    first = tick
                tick += 1 - first
                number = tick if number < tick <= len(self.numbers) else number + 1
            else:
                number += 1
            yield number


def is_frame_file(name: str) -> bool:
    """Whether a file of this name in an image folder is taken for a frame."""
    # A leading dot marks the companions that macOS leaves on foreign disks ("._0001.jpg").
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def frame_number(name: str) -> int | None:
    """The last run of digits in a file's name, its frame's number; None if there is none below 10⁹."""
    digits = re.findall(r"\d+", os.path.splitext(name)[0], re.ASCII)
    return int(digits[-1]) if digits and len(digits[-1].lstrip("0")) < 10 else None


def read_image(path: Path, grey: bool) -> np.ndarray | None:
    """Decode one image file whole: (H,W) uint8 grey or (H,W,3) uint8 RGB, or None if it cannot be."""
    try:
        data = path.read_bytes()
    except PermissionError:
        raise InputError(f"{path}: may not be read: check its permissions") from None
    except OSError:
        return None
    return decode_image(np.frombuffer(data, np.uint8), grey)


def decode_image(data: np.ndarray, grey: bool) -> np.ndarray | None:
    """Decode an image file's bytes (N,): (H,W) uint8 grey or (H,W,3) uint8 RGB, or None if it cannot be."""
    start = data[:2].tobytes()
    if not start or (start == b"\xff\xd8" and not is_whole_jpeg(data.tobytes())):
        return None  # libjpeg would fill a cut picture up with grey and call it read
    try:
        return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None


def is_whole_jpeg(data: bytes) -> bool:
    """Whether the bytes of a JPEG file reach its end marker: the last scan is followed by one."""
    return data.rfind(b"\xff\xd9") > data.rfind(b"\xff\xda") > 0
