"""Frames of a video file, each under the number that the labels use for it."""

import math
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from g2rl.errors import InputError
from g2rl.io import decoding
from g2rl.io.frame_source import FrameSource
from g2rl.io.frame_times import read_frame_times
from g2rl.io.images import MAX_PIXELS, decode_image

Load = Callable[[bool], np.ndarray | None]  # makes a frame's image: grey if True, else RGB


class VideoFile(FrameSource):
    """A video file; frames are numbered from 1 in the order in which they are shown.

    Frames that an edit list hides, as in videos trimmed without encoding them again, have no number. Where
    fewer frames decode than the container declares, the missing ones are None, and so is the last one before
    a cut, which is most often a part of itself. Frames past the declared count are given too.
    A packet of Motion JPEG is a whole JPEG image and is decoded as one, straight to grey where grey is
    wanted: half the time of FFmpeg's decoder followed by a conversion.

    Attributes:
        frame_rate: frames per second, as declared by the container; 0 if it declares none.
        size: (width, height) in square pixels, upright.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with decoding.open_container(path) as container:
            stream = decoding.choose_stream(container, path)
            self.frame_rate = float(stream.average_rate or stream.guessed_rate or 0)
            self._aspect = stream.sample_aspect_ratio
            coded = stream.width, stream.height
            size = decoding.shown_size(*coded, self._aspect)
            if max(math.prod(coded), math.prod(size)) > MAX_PIXELS:
                raise InputError(f"{path}: claims {coded[0]}×{coded[1]} pixels: copy it again")
            self._is_avi, motion_jpeg = decoding.is_avi(container), decoding.is_motion_jpeg(stream)
            frames = decoding.decoded(container, stream)
            first = next(frames, None)
            self._times = read_frame_times(path, container, stream, first, frames)
        if not self._times.count:
            raise InputError(f"{path}: no frame in this video can be decoded: copy it again")
        self.numbers = range(1, self._times.count + 1)
        matrix = decoding.display_matrix(first) if first else decoding.UPRIGHT
        self.size = size if matrix[0] else size[::-1]
        self._packets = False  # whether packets are decoded here
        if motion_jpeg and matrix == decoding.UPRIGHT and size == coded:
            self._packets = True
            _, image = next(self._frames(grey=True, wanted=None))
            self._packets = image is not None and image.shape == coded[::-1]  # else of interlaced fields

    def timestamp(self, number: int) -> float:
        return self._times.seconds(number)

    def decodable(self) -> list[int]:
        """The numbers of the frames that decode: those for which ``grey`` and ``rgb`` give an image."""
        if self._packets:
            return [number for number, image in self.grey() if image is not None]
        numbers = [number for number, _ in self._numbered(convert=False)]
        return numbers if numbers and numbers[-1] >= len(self.numbers) else numbers[:-1]

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
        for number, load in self._numbered():
            if last:
                yield last, held
            yield from ((gap, None) for gap in range(last + 1, number))
            last = number
            held = load(grey) if wanted is None or number in wanted else None
        if last:
            yield last, held if last >= declared else None
        yield from ((missing, None) for missing in range(last + 1, declared + 1))

    def _numbered(self, convert: bool = True) -> Iterator[tuple[int, Load]]:
        """Decode to the end: each frame's number, and how to make its image."""
        last = 0
        for ticks, load in self._shown(convert):
            last = self._times.number(ticks, last)
            yield last, load

    def _shown(self, convert: bool) -> Iterator[tuple[int | None, Load]]:
        """The frames that FFmpeg shows: when, in ticks of the stream, and how to make the image.

        Args:
            convert: whether images will be made.
        """
        with decoding.open_container(self.path) as container:
            stream = decoding.choose_stream(container, self.path)
            if self._packets:
                for packet in decoding.packets(container, stream):
                    if packet.size and not packet.is_discard:
                        yield packet.pts, partial(decode_image, np.frombuffer(memoryview(packet), np.uint8))
                return
            make_image = decoding.ImageMaker(self._aspect)
            frames = decoding.decoded(container, stream)
            for frame in decoding.Weaver().weave(frames) if convert else frames:
                yield frame.dts if self._is_avi else frame.pts, partial(make_image, frame)
