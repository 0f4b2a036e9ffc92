"""A running mean of each face's intensities over a video: expressions last longer than a frame."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from g2rl.inference.estimates import FrameEstimate


def smooth(frames: Iterable[FrameEstimate], seconds: float, rate: float) -> Iterator[FrameEstimate]:
    """The frames with the mean intensities of each face over the trusted frames at most ``seconds`` / 2 away.

    A face in a frame that is not trusted keeps its own intensities. As many frames are held as a mean takes.

    Args:
        rate: frames per second of frames without times.
    """
    reach = seconds / 2 + 1e-9
    near: deque[tuple[float, FrameEstimate]] = deque()  # times and frames
    at = 0  # where in them the next one is
    for k, frame in enumerate(frames):
        near.append((k / rate if np.isnan(frame.timestamp) else frame.timestamp, frame))
        while near[-1][0] - near[at][0] > reach:
            yield _mean(near, at, reach)
            at += 1
            while near[at][0] - near[0][0] > reach:
                near.popleft()
                at -= 1
    for last in range(at, len(near)):
        yield _mean(near, last, reach)


def _mean(near: Sequence[tuple[float, FrameEstimate]], at: int, reach: float) -> FrameEstimate:
    time, frame = near[at]
    seen: dict[int, list[np.ndarray]] = {}
    for other, neighbour in near:
        if abs(other - time) <= reach:
            for face in neighbour.faces:
                if face.success:
                    seen.setdefault(face.face_id, []).append(face.intensity)
    mean = {face_id: np.stack(values).mean(axis=0) for face_id, values in seen.items()}
    faces = [replace(face, intensity=mean[face.face_id]) if face.success else face for face in frame.faces]
    return replace(frame, faces=tuple(faces))
