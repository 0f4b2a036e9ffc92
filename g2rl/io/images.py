"""Image files: which names are frames of a sequence, and decoding that refuses what is not whole."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np

from g2rl.errors import InputError

MAX_PIXELS = int(os.environ["OPENCV_IO_MAX_IMAGE_PIXELS"])  # a damaged header may claim any size

# What cannot be decoded is reported by the caller, by its file's name, which OpenCV's own messages lack.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

IMAGE_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp"})
JPEG_START, JPEG_SCAN, JPEG_END = b"\xff\xd8", b"\xff\xda", b"\xff\xd9"
# In a scan's data 0xFF is followed by 0 or begins a restart marker; before other markers it may be repeated.
_JPEG_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def is_frame_file(name: str) -> bool:
    """Whether a file of this name in an image folder is taken for a frame."""
    # A leading dot marks the companions that macOS leaves on foreign disks ("._0001.jpg").
    return not name.startswith(".") and os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def frame_number(name: str) -> int | None:
    """The last run of digits in a file's name, its frame's number; None if there is none below 10⁹."""
    digits = re.findall(r"\d+", os.path.splitext(name)[0], re.ASCII)
    return int(digits[-1]) if digits and len(digits[-1].lstrip("0")) < 10 else None


def are_numbered(names: Iterable[str]) -> bool:
    """Whether each name has a frame number of its own."""
    numbers = [frame_number(name) for name in names]
    return None not in numbers and len(set(numbers)) == len(numbers)


def read_image(path: Path, grey: bool) -> np.ndarray | None:
    """Decode one image file whole: (H,W) uint8 grey or (H,W,3) uint8 RGB, or None if it cannot be.

    Raises:
        InputError: no permission to read it.
    """
    try:
        data = path.read_bytes()
    except PermissionError:
        raise InputError(f"{path}: may not be read: check its permissions") from None
    except OSError:
        return None
    return decode_image(np.frombuffer(data, np.uint8), grey)


def decode_image(data: np.ndarray, grey: bool) -> np.ndarray | None:
    """Decode an image file's bytes (N,): (H,W) uint8 grey or (H,W,3) uint8 RGB, or None if it cannot be."""
    start = data[:2].tobytes()
    if not start or (start == JPEG_START and not is_whole_jpeg(data.tobytes())):
        return None  # libjpeg would fill the missing part with grey and report success
    try:
        return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None


def is_whole_jpeg(data: bytes) -> bool:
    """Whether the first image in a JPEG file is there to its end.

    Others may follow it, as in the files of phones: a film (motion photo), a smaller image (MPF). A thumbnail
    within its header is no image of its own.
    """
    if data.endswith(JPEG_END) and data.rfind(JPEG_SCAN) > 0:
        return True
    at, scans = len(JPEG_START), 0
    while marker := _JPEG_MARKER.search(data, at):
        at = marker.end()
        if marker[0] in (JPEG_START, JPEG_END):
            return marker[0] == JPEG_END and scans > 0
        scans += marker[0] == JPEG_SCAN
        at += int.from_bytes(data[at : at + 2])
    return False
