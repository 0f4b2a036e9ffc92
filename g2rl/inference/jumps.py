"""Where the one face that is followed moves further than a head does: perhaps to another person."""

import math

from g2rl.inference.estimates import FrameEstimate

FAR = 1.5  # face widths from one frame with a face to the next
NAMED = 5  # jumps that are named


class Jumps:
    """Of the first face of each frame."""

    def __init__(self) -> None:
        self._last: tuple[float, float, float] | None = None  # centre and width
        self._named: list[str] = []
        self._count = 0

    def add(self, frame: FrameEstimate) -> None:
        if not frame.faces:
            return
        left, top, right, bottom = frame.faces[0].box
        here = (left + right) / 2, (top + bottom) / 2, right - left
        if self._last:
            moved = math.dist(here[:2], self._last[:2]) / self._last[2]
            if moved > FAR:
                self._count += 1
                if len(self._named) < NAMED:
                    self._named.append(f"{frame.frame} ({moved:.1f})")
        self._last = here

    def describe(self) -> str:
        """A line on the jumps; empty without one."""
        if not self._count:
            return ""
        more = f" and {self._count - NAMED} more" if self._count > NAMED else ""
        return (
            "the face jumps, perhaps to another person: at frames (by face widths) "
            f"{', '.join(self._named)}{more}"
        )
