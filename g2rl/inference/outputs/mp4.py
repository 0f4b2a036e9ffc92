"""Encode images as H.264 in MP4, each shown at its own time."""

import math
from fractions import Fraction
from typing import IO

import av
import cv2
import numpy as np
from av.video.stream import VideoStream

TICK = Fraction(1, 90_000)  # seconds
KEYFRAMES = 25  # frames from one keyframe to the next: a player seeks to any frame by decoding half of these
OPTIONS = {
    "preset": "ultrafast",
    "g": str(KEYFRAMES),
}  # the next preset takes twice the time for a fifth fewer bytes
BT601 = 6  # the colours of cv2's conversion, told to the player


class Mp4:
    """A film without sound: yuv420p, which every browser plays."""

    def __init__(self, file: str | IO[bytes], fps: float, quality: int) -> None:
        """
        Args:
            file: a path; or an open file, which then has its index at the end.
            fps: frames per second, for where the times are not known.
            quality: H.264's constant rate factor; lower is better and larger.
        """
        options = {"movflags": "faststart"} if isinstance(file, str) else {}
        self._container = av.open(file, "w", format="mp4", options=options)
        self._fps, self._options = fps, OPTIONS | {"crf": str(quality)}
        self._stream: VideoStream | None = None
        self._size: tuple[int, ...] = ()
        self._count, self._last = 0, -1

    def add(self, image: np.ndarray | None, seconds: float) -> None:
        """Show ``image`` from a time on.

        Args:
            image: (H, W, 3) uint8 RGB; None keeps the one before.
            seconds: after the first frame; NaN: by the frames per second.
        """
        if math.isnan(seconds):
            seconds = self._count / self._fps
        self._count += 1
        ticks = max(round(seconds / TICK), self._last + 1)
        if image is None:
            return
        if self._stream is None:
            self._stream = self._start(image)
            if ticks:  # the first frames could not be decoded
                self._encode(np.zeros_like(image), 0)
        self._encode(image, ticks)

    def _start(self, image: np.ndarray) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=round(self._fps), options=self._options)
        self._size = image.shape[:2]
        stream.height, stream.width = (side + side % 2 for side in self._size)
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = TICK
        stream.codec_context.colorspace = BT601
        return stream

    def _encode(self, image: np.ndarray, ticks: int) -> None:
        assert self._stream
        if image.shape[:2] != self._size:  # of a video whose size changes
            image = cv2.resize(image, self._size[::-1], interpolation=cv2.INTER_AREA)
        height, width = self._size
        if height % 2 or width % 2:
            image = cv2.copyMakeBorder(image, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        frame = av.VideoFrame.from_ndarray(cv2.cvtColor(image, cv2.COLOR_RGB2YUV_I420), "yuv420p")
        frame.pts, frame.time_base, self._last = ticks, TICK, ticks
        frame.duration = round(1 / self._fps / TICK)  # of the last one; the others last until the next
        self._container.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder still holds, and the index."""
        with self._container:
            if self._stream:
                self._container.mux(self._stream.encode())
