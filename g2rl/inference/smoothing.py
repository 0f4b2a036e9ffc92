"""A running mean of each face's intensities over a video: expressions last longer, but for blinks."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from g2rl.inference.estimates import FrameEstimate

BLINK = 45  # 0.1 to 0.2 s: a mean would flatten it


def smooth(
    frames: Iterable[FrameEstimate], seconds: float, rate: float, aus: Sequence[int] = ()
) -> Iterator[FrameEstimate]:
    """The frames with the mean intensities of each face over the trusted frames at most ``seconds`` / 2 away.

    A face in a frame that is not trusted keeps its own intensities. As many frames are held as a mean takes.

    Args:
        rate: frames per second of frames without times.
        aus: of the intensities; those of `BLINK` stay as they are.
    """
    reach = seconds / 2 + 1e-9
    own = [k for k, au in enumerate(aus) if au == BLINK]
    near: deque[tuple[float, FrameEstimate]] = deque()  # times and frames
    at = 0  # where in them the next one is
    for k, frame in enumerate(frames):
        near.append((k / rate if np.isnan(frame.timestamp) else frame.timestamp, frame))
        while near[-1][0] - near[at][0] > reach:
            yield _mean(near, at, reach, own)
            at += 1
            while near[at][0] - near[0][0] > reach:
                near.popleft()
                at -= 1
    for last in range(at, len(near)):
        yield _mean(near, last, reach, own)


def _mean(
    near: Sequence[tuple[float, FrameEstimate]], at: int, reach: float, own: Sequence[int]
) -> FrameEstimate:
    """
    Args:
        own: which intensities stay those of the frame.
    """
    time, frame = near[at]
    seen: dict[int, list[np.ndarray]] = {}
    for other, neighbour in near:
        if abs(other - time) <= reach:
            for face in neighbour.faces:
                if face.success:
                    seen.setdefault(face.face_id, []).append(face.intensity)
    mean = {face_id: np.stack(values).mean(axis=0) for face_id, values in seen.items()}
    faces = []
    for face in frame.faces:
        if face.success:
            smoothed = mean[face.face_id]
            smoothed[own] = face.intensity[own]
            face = replace(face, intensity=smoothed)
        faces.append(face)
    return replace(frame, faces=tuple(faces))
