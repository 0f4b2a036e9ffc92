"""Frames of a folder with one image file per frame."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from g2rl.errors import InputError
from g2rl.io.frame_source import FrameSource
from g2rl.io.images import frame_number, is_frame_file, read_image


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
