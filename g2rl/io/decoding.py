"""FFmpeg through PyAV: open a video, decode past damage, make upright images of square pixels."""

from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.filter import Graph
from av.filter.context import FilterContext
from av.sidedata.sidedata import Type
from av.stream import Disposition, Stream
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream

from g2rl.errors import InputError

UPRIGHT = (1, 0, 0, 1)
PIXEL_ASPECTS = (Fraction(1, 4), Fraction(4))  # beyond, the header is damaged
COMBED_BLOCK = 16  # side of the blocks in which combing is looked for, px
COMBED_SHARE = 0.002  # of the blocks of a frame; fewer are noise
COMBED_STEP = 6  # grey levels between neighbouring lines of a combed block, on average
Matrix = tuple[int, int, int, int]


def open_container(path: Path) -> InputContainer:
    """Open a file, and nothing that it refers to.

    Raises:
        InputError: no video can be found in it.
    """
    try:
        return av.open(
            f"file:{path}", options={"protocol_whitelist": "file"}, metadata_errors="ignore", timeout=None
        )
    except FFmpegError as error:
        if isinstance(error, PermissionError):
            raise PermissionError(error.errno, error.strerror, str(path)) from None
        size = path.stat().st_size
        raise InputError(f"{path}: not a readable video ({size} bytes): copy it again") from None


def is_avi(container: InputContainer) -> bool:
    return container.format.name == "avi"


def is_mov(container: InputContainer) -> bool:
    """MP4, QuickTime and their kin: containers with an index and edit lists."""
    return "mov" in container.format.name.split(",")


def is_motion_jpeg(stream: VideoStream) -> bool:
    return stream.codec_context.name == "mjpeg"


def choose_stream(container: InputContainer, path: Path) -> VideoStream:
    """The video stream that FFmpeg shows: the default one, of these the one with most pixels; no cover art.

    Raises:
        InputError: there is none, or its codec is not known.
    """
    streams = [
        stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic
    ]
    if not streams:
        kinds = ", ".join(sorted({stream.type for stream in container.streams})) or "nothing"
        raise InputError(f"{path}: no video in this file, but {kinds}: name the file that holds the video")
    known = [stream for stream in streams if stream.codec_context is not None]
    if not known:
        raise InputError(
            f"{path}: its codec is not known to FFmpeg {av.ffmpeg_version_info}: convert it, such as to H.264"
        )
    stream = max(known, key=lambda s: (bool(s.disposition & Disposition.default), s.width * s.height))
    stream.codec_context.thread_count = 1  # what is decoded of damaged frames depends on their number
    return stream


def packets(container: InputContainer, stream: Stream) -> Iterator[av.Packet]:
    """The packets of a stream up to its end, or to where it is cut; the last one is empty."""
    demuxed = container.demux(stream)
    try:
        yield from demuxed
    except FFmpegError:
        yield av.Packet()


def decoded(container: InputContainer, stream: VideoStream) -> Iterator[VideoFrame]:
    """The frames that FFmpeg shows, in order; what cannot be decoded is left out."""
    for packet in packets(container, stream):
        try:
            yield from stream.decode(packet if packet.size else None)
        except FFmpegError:
            continue


def display_matrix(frame: VideoFrame) -> Matrix:
    """How the camera was held: (a, b, c, d), each -1, 0 or 1, where (x, y) is shown at (ax + cy, bx + dy)."""
    side_data: Any = frame.side_data  # PyAV annotates it as a dictionary of fixed keys, without this one
    if not (matrix := side_data.get(Type.DISPLAYMATRIX)):
        return UPRIGHT
    values = np.frombuffer(bytes(matrix), np.int32, 9)[[0, 1, 3, 4]] / 65536
    a, b, c, d = np.rint(values).astype(int).tolist()
    return (a, b, c, d) if abs(a * d - b * c) == 1 and a * b == c * d == 0 else UPRIGHT


def turn(image: np.ndarray, matrix: Matrix) -> np.ndarray:
    """An image (H,W) or (H,W,3) as the display matrix shows it."""
    a, b, c, d = matrix
    if not a:
        image = image.swapaxes(0, 1)
    across, down = (a, d) if a else (c, b)
    return np.ascontiguousarray(image[:: down or 1, :: across or 1])


def shown_size(width: int, height: int, aspect: Fraction | None) -> tuple[int, int]:
    """Width and height in square pixels; one of them grows, so that no detail is lost."""
    if not aspect or not PIXEL_ASPECTS[0] <= aspect <= PIXEL_ASPECTS[1]:
        return width, height
    return (round(width * aspect), height) if aspect > 1 else (width, round(height / aspect))


class ImageMaker:
    """Decoded frames as arrays. Of one stream: it keeps what the conversion has set up."""

    def __init__(self, aspect: Fraction | None) -> None:
        self._aspect = aspect
        self._reformatter = VideoReformatter()

    def __call__(self, frame: VideoFrame, grey: bool) -> np.ndarray | None:
        """(H,W) uint8 grey or (H,W,3) uint8 RGB; None if FFmpeg cannot convert the frame."""
        width, height = shown_size(frame.width, frame.height, self._aspect)
        try:
            bgr = self._reformatter.reformat(
                frame, width, height, "bgr24", interpolation="BICUBIC", threads=1
            ).to_ndarray()
        except (FFmpegError, ValueError):
            return None
        # Grey from colour: the luma plane is another grey, on which dlib's models were not trained.
        return turn(
            cv2.cvtColor(bgr, cv2.COLOR_BGR2GRAY if grey else cv2.COLOR_BGR2RGB), display_matrix(frame)
        )


def is_combed(frame: VideoFrame) -> bool:
    """Whether the two fields of a frame show different moments: in some block, every line differs from its
    neighbours more than from the next but one."""
    luma = frame.reformat(format="gray", threads=1).to_ndarray()[:, ::2].astype(np.int16)
    height, width = ((side - 2) // COMBED_BLOCK * COMBED_BLOCK for side in luma.shape)
    if not height or not width:
        return False
    near, far = (
        np.abs(luma[:height, :width] - luma[lines : height + lines, :width])
        .reshape(height // COMBED_BLOCK, COMBED_BLOCK, width // COMBED_BLOCK, COMBED_BLOCK)
        .mean((1, 3))
        for lines in (1, 2)
    )
    return bool(np.mean((near > 1.5 * far) & (near > COMBED_STEP)) > COMBED_SHARE)


class Weaver:
    """Interlaced frames as whole ones: the two fields woven, or where they show different moments,
    deinterlaced by FFmpeg's bwdif. Frames come out one later than they go in."""

    def __init__(self) -> None:
        self._graph: Graph | None = None  # its parts do not keep it alive
        self._source: FilterContext | None = None
        self._sinks: list[FilterContext] = []
        self._form: tuple[int, int, str] | None = None
        self._waiting: deque[bool] = deque()  # of each frame inside, whether it is interlaced
        self._woven: deque[VideoFrame] = deque()

    def weave(self, frames: Iterator[VideoFrame]) -> Iterator[VideoFrame]:
        """The frames, in order; those before the first interlaced one pass untouched."""
        for frame in frames:
            form = (frame.width, frame.height, frame.format.name)
            if self._source and form != self._form:
                yield from self._push(None)
                self._source = None
            if frame.interlaced_frame and not self._source:
                self._start(frame)
                self._form = form
            if self._source:
                yield from self._push(frame)
            else:
                yield frame
        if self._source:
            yield from self._push(None)

    def _start(self, frame: VideoFrame) -> None:
        self._graph = graph = Graph()
        graph.threads = 1
        source = graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        split = graph.add("split")
        source.link_to(split)
        self._sinks = []
        for output, (name, options) in enumerate(
            (("setfield", "mode=prog"), ("bwdif", "mode=send_frame:deint=interlaced"))
        ):
            made, sink = graph.add(name, options), graph.add("buffersink")
            split.link_to(made, output)
            made.link_to(sink)
            self._sinks.append(sink)
        graph.configure()
        self._source = source

    def _push(self, frame: VideoFrame | None) -> Iterator[VideoFrame]:
        assert self._source
        if frame:
            self._waiting.append(frame.interlaced_frame)
        self._source.push(frame)
        woven, smooth = (list(_ready(sink)) for sink in self._sinks)
        self._woven.extend(woven)
        for deinterlaced in smooth:
            whole = self._woven.popleft()
            if self._waiting.popleft() and is_combed(whole):
                deinterlaced.time_base, deinterlaced.pts = whole.time_base, whole.pts
                yield deinterlaced
            else:
                yield whole


def _ready(sink: FilterContext) -> Iterator[VideoFrame]:
    """The frames that a graph has finished."""
    while True:
        try:
            frame = sink.pull()
        except (BlockingIOError, EOFError):  # PyAV's errors are these too
            return
        assert isinstance(frame, VideoFrame)
        yield frame
