"""Frames of a video file or an image folder, in order, with their frame numbers."""

import logging
import os
from abc import ABC, abstractmethod
from collections.abc import Collection, Container, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from g2rl.errors import InputError
from g2rl.io.images import decode_image, frame_number, is_frame_file, read_image

# What cannot be decoded is reported by the caller, by its file's name, which FFmpeg's own messages lack.
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "8")

logger = logging.getLogger(__name__)

MAX_PIXELS = int(os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"])  # a damaged header may claim any size

# Containers whose header or index counts the frames; of the others OpenCV's count is an estimate from the
# duration, so they are counted by reading them once.
COUNTING_SUFFIXES = frozenset({".avi", ".mp4", ".m4v", ".mov"})


class FrameSource(ABC):
    """Frames of one sequence, each under the number that the labels use for it.

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
    """A source without frames, in place of media that cannot be opened."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.numbers = []

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        yield from ()


def open_source(path: str | os.PathLike, known_faults: Container[Path] = ()) -> FrameSource:
    """Open a video file or a folder of numbered images.

    Args:
        known_faults: paths with a known error: where one of them does not open, it has no frames.

    Raises:
        InputError: nothing lies there; the folder holds no image, an image without a number, or two images
            of one number; the file is no video that can be opened.
    """
    path = Path(path)
    try:
        return _open(path)
    except InputError as error:
        if path not in known_faults:
            raise
        logger.warning("%s: the sequence has no frame", error)
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
    """A folder with one image file per frame; its number is the last run of digits in the file's name."""

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
    A packet of Motion JPEG is a whole JPEG image and is decoded as one, straight to grey where grey is
    wanted: half the time of FFmpeg's decoder followed by OpenCV's conversion.

    Attributes:
        frame_rate: frames per second, as declared by the container.
        size: (width, height) in pixels.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._packets = False  # whether packets are read raw and decoded here
        capture = self._open()
        count = int(capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.frame_rate = float(capture.get(cv2.CAP_PROP_FPS))
        self.size = (int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)), int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)))
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
        if motion_jpeg:  # except where a packet holds two interlaced fields
            _, first = next(self._frames(grey=True, wanted=None))
            self._packets = first is not None and first.shape == self.size[::-1]

    def _open(self) -> cv2.VideoCapture:
        options = [cv2.CAP_PROP_N_THREADS, 1]  # a job is one sequence on one core
        if self._packets:
            options += [cv2.CAP_PROP_FORMAT, -1]  # raw packets instead of decoded frames
        capture = cv2.VideoCapture(str(self.path), cv2.CAP_FFMPEG, options)
        if not capture.isOpened():
            size = self.path.stat().st_size
            raise InputError(f"{self.path}: not a readable video ({size} bytes): copy it again")
        return capture

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        for number, image in self._all_frames(grey, wanted):
            if wanted is None or number in wanted:
                yield number, image

    def _all_frames(
        self, grey: bool, wanted: frozenset[int] | None
    ) -> Iterator[tuple[int, np.ndarray | None]]:
        """Every number once, in order; None too for the image of a frame that is not wanted."""
        declared = len(self.numbers)
        last, held = 0, None  # one frame back, until another one is known to follow
        capture = self._open()
        try:
            for number in self._decoded_numbers(capture):
                if last:
                    yield last, held
                yield from ((gap, None) for gap in range(last + 1, number))
                last = number
                held = self._retrieve(capture, grey) if wanted is None or number in wanted else None
        finally:
            capture.release()
        if last:
            yield last, held if last >= declared else None
        yield from ((missing, None) for missing in range(last + 1, declared + 1))

    def _retrieve(self, capture: cv2.VideoCapture, grey: bool) -> np.ndarray | None:
        """The image of the frame that was grabbed last."""
        retrieved, image = capture.retrieve()
        if not retrieved:
            return None
        if self._packets:
            return decode_image(image.ravel(), grey)
        return cv2.cvtColor(image, cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB)

    def decodable(self) -> list[int]:
        """The numbers of the frames that decode: those for which ``grey`` and ``rgb`` give an image."""
        if self._packets:
            return [number for number, image in self.grey() if image is not None]
        capture = self._open()
        try:
            numbers = list(self._decoded_numbers(capture))
        finally:
            capture.release()
        return numbers if numbers and numbers[-1] >= len(self.numbers) else numbers[:-1]

    def _decoded_numbers(self, capture: cv2.VideoCapture) -> Iterator[int]:
        """Decode to the end, yielding each frame's number.

        An AVI has one chunk per tick of a fixed rate, an empty one where the camera dropped a frame. The
        decoder skips empty chunks, so that counting decoded frames would shift all later ones: the
        presentation time gives their number instead.
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
