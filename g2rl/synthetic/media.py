"""The media of a rendered sequence: a folder of JPEGs as in BP4D, a video as in DISFA."""

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from g2rl.io.atomic import atomic_folder, atomic_path


def write_jpegs(rng: np.random.Generator, folder: Path, images: Iterator[np.ndarray], frames: int) -> int:
    """Write a folder of numbered JPEGs, which replaces an old one once all are written.

    Where the numbers begin, their zero padding and the quality are drawn; one file in five folders is lost.

    Args:
        images: ``frames`` of (height, width, 3) uint8 BGR.

    Returns:
        the number of the first frame.

    Raises:
        InputError: the disk is full or read-only.
    """
    first = int(rng.integers(1, 2400))
    padding = int(rng.choice([0, 3, 4]))
    quality = int(rng.integers(78, 93))
    lost = int(rng.integers(4, frames - 4)) if frames > 12 and rng.random() < 0.2 else -1
    with atomic_folder(folder) as temporary:
        for k, image in enumerate(images):
            if k != lost:  # a frame that the recording lacks, though it is coded
                jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
                # cv2.imwrite does not report a full disk.
                (temporary / f"{first + k:0{padding}d}.jpg").write_bytes(jpeg)
    return first


def write_photos(folder: Path, jpegs: Iterator[bytes]) -> None:
    """Write a folder of JPEG files numbered from 1, which replaces an old one once all are written.

    Raises:
        InputError: the disk is full or read-only.
    """
    with atomic_folder(folder) as temporary:
        for number, jpeg in enumerate(jpegs, 1):
            (temporary / f"{number:06d}.jpg").write_bytes(jpeg)


def write_video(path: Path, images: Iterator[np.ndarray], size: tuple[int, int]) -> None:
    """Write an AVI of 20 frames/s; like DISFA's, its codec predicts frames from one another.

    Args:
        images: (height, width, 3) uint8 BGR.
        size: (width, height).

    Raises:
        InputError: the disk is full or read-only.
    """
    with atomic_path(path) as temporary:
        writer = cv2.VideoWriter(str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"XVID"), 20.0, size)
        if not writer.isOpened():
            raise RuntimeError(
                "this OpenCV has no FFmpeg with an MPEG-4 encoder: install opencv-python-headless"
            )
        written = 0
        for written, image in enumerate(images, 1):  # noqa: B007
            writer.write(image)
        writer.release()
        reader = cv2.VideoCapture(str(temporary), cv2.CAP_FFMPEG)
        whole = sum(1 for _ in iter(reader.grab, False)) == written
        reader.release()
        if not whole:  # the writer does not report a full disk
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
