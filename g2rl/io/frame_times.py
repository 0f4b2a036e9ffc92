"""When each frame of a video is shown: numbers its frames, and tells where some are missing."""

import bisect
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from g2rl.io import decoding

BYTES_PER_FRAME = 8  # at least, in any container: a greater count is a damaged header

MAX_DELAY = 16  # frames by which a decoder is behind at most: H.264 and H.265 allow this many


@dataclass(frozen=True)
class FrameTimes:
    """The times of the frames 1…N of a video.

    Attributes:
        count: N.
        ticks: of each frame, increasing; empty where the container tells none that can be relied on.
        tick: the unit of ``ticks``, seconds.
        period: from one frame to the next where ``ticks`` says nothing, seconds; NaN if not known.
    """

    count: int
    ticks: Sequence[int]
    tick: float
    period: float

    def number(self, ticks: int | None, last: int) -> int:
        """The number of a frame shown at ``ticks``, after frame ``last``: a greater one."""
        if ticks is not None:
            rank = bisect.bisect_left(self.ticks, ticks) + 1
            if last < rank <= len(self.ticks) and self.ticks[rank - 1] == ticks:
                return rank
        return last + 1

    def seconds(self, number: int) -> float:
        """When a frame is shown, in seconds after the first one."""
        if number <= len(self.ticks):
            return (self.ticks[number - 1] - self.ticks[0]) * self.tick
        return (number - 1) * self.period


def read_frame_times(
    path: Path,
    container: InputContainer,
    stream: VideoStream,
    first: VideoFrame | None,
    rest: Iterator[VideoFrame],
) -> FrameTimes:
    """The times of a video's frames, from its header, its packets, or by decoding all of it.

    Args:
        container, stream: of the video at ``path``, newly opened.
        first, rest: what is decoded from them: the first frame, None if there is none, and those after it.
    """
    tick, period = float(stream.time_base or 0), _period(stream)
    declared = _declared_count(path, stream)
    avi, reordered = decoding.is_avi(container), stream.codec_context.has_b_frames
    if avi and declared and not reordered:
        return _times_of_chunks(first, declared, tick)
    if decoding.is_mov(container) or (decoding.is_motion_jpeg(stream) and not avi):
        times = _times_of_packets(path, stream, first)
        if times:
            return FrameTimes(*times, tick, period)
    shown = [] if first is None else [first.pts, *(frame.pts for frame in rest)]
    count, ticks = _times_of_decoded(shown, declared, avi)
    return FrameTimes(count, ticks, tick, period)


def _period(stream: VideoStream) -> float:
    """Seconds from one frame to the next by the stream's rate; NaN if it has none."""
    rate = stream.guessed_rate or stream.average_rate
    return float(1 / rate) if rate else float("nan")


def _declared_count(path: Path, stream: VideoStream) -> int:
    """The number of frames in the header; 0 if it has none, or more than the file can hold."""
    return stream.frames if stream.frames <= path.stat().st_size // BYTES_PER_FRAME else 0


def _times_of_chunks(first: VideoFrame | None, declared: int, tick: float) -> FrameTimes:
    """The times in an AVI without B-frames: one chunk per tick of a fixed rate, an empty one where the camera
    dropped a frame."""
    start = (first.dts or 0) if first else 0
    return FrameTimes(declared, range(start, start + declared), tick, tick)


def _times_of_packets(
    path: Path, stream: VideoStream, first: VideoFrame | None
) -> tuple[int, list[int]] | None:
    """Count and times of the packets that no edit list hides; where the file is cut, of its index too."""
    read = _packet_times(path, stream)
    if not read:
        return None
    index = [entry.timestamp for entry in stream.index_entries if not entry.is_discard]
    count = max(len(read), len(index))
    ticks = _with_index(set(read), index, count)
    if first is not None and first.pts is not None and first.pts <= read[0]:
        leading = {at for at in ticks if at < first.pts}  # they depend on frames before the file's first
        count, ticks = count - len(leading), ticks - leading
    return count, sorted(ticks)


def _packet_times(path: Path, stream: VideoStream) -> list[int]:
    """When the packets that no edit list hides are shown, in the order of the file."""
    with decoding.open_container(path) as container:
        return [
            packet.pts
            for packet in decoding.packets(container, container.streams[stream.index])
            if packet.pts is not None and not packet.is_discard
        ]


def _with_index(ticks: set[int], index: Sequence[int], count: int) -> set[int]:
    """The packets' times, and those of an index that has more, unless they would be more than ``count``."""
    if len(ticks) >= len(index):
        return ticks
    # The index has times of decoding: those of showing, up to a few at either end.
    known = ticks | {at for at in index if at >= min(ticks)}
    return known if len(known) <= count else ticks


def _times_of_decoded(shown: Sequence[int | None], declared: int, avi: bool) -> tuple[int, list[int]]:
    """Count and times of a video of which every frame was decoded; no times if they do not increase.

    Args:
        shown: the time of each frame, None where it has none.
        declared: the number of frames in the header; of an AVI that is cut, the count.
    """
    seen = ticks = [at for at in shown if at is not None]
    if avi or len(ticks) < len(shown) or any(next_ <= at for at, next_ in itertools.pairwise(ticks)):
        ticks = []  # an AVI counts its chunks, which B-frames are out of order in
    is_cut = avi and max(seen, default=declared) + MAX_DELAY < declared
    return max(len(shown), declared if is_cut else 0), ticks
