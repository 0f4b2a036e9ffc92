"""The interface of everything that is written about an input while its frames go by."""

from abc import ABC, abstractmethod
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from g2rl.inference.estimates import FrameEstimate


class Writer(ABC):
    """Use it in a ``with``, or call ``close``: the file appears there; after an exception there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._files = ExitStack()  # partial files

    @abstractmethod
    def add(self, frame: FrameEstimate) -> None:
        """The next frame, or photo.

        Raises:
            InputError: it cannot be written: the disk is full or read-only, no permission.
        """

    def close(self) -> None:
        """After the last frame: the file gets its name."""
        self._files.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.close()
        else:
            self._files.__exit__(kind, error, trace)
