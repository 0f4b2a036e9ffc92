"""Open a video file or an image folder."""

import logging
import os
from collections.abc import Container
from pathlib import Path

from g2rl.errors import InputError
from g2rl.io.frame_source import FrameSource, NoFrames
from g2rl.io.image_folder import ImageFolder

logger = logging.getLogger(__name__)

VIDEO_SUFFIXES = frozenset(
    {".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".gif", ".h264", ".hevc", ".ivf"}
    | {".m2ts", ".m2v", ".m4v", ".mjpeg", ".mjpg", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".mts", ".mxf"}
    | {".ogv", ".qt", ".ts", ".vob", ".webm", ".wmv", ".y4m"}
)


def open_source(path: str | os.PathLike, known_faults: Container[Path] = ()) -> FrameSource:
    """Open a video file or a folder of numbered images.

    Args:
        known_faults: paths with a known error: where one of them does not open, it has no frames.

    Raises:
        InputError: nothing lies there; the folder holds no image, an image without a number, or two images
            of one number; the file is no video that can be opened.
    """
    path = Path(path)
    try:
        return _open(path)
    except InputError as error:
        if path not in known_faults:
            raise
        logger.warning("%s: the sequence has no frame", error)
        return NoFrames(path)


def _open(path: Path) -> FrameSource:
    try:
        if path.is_dir():
            return ImageFolder(path)
        if path.is_file():
            from g2rl.io.video_file import VideoFile  # here: image folders do without FFmpeg

            return VideoFile(path)
    except PermissionError as error:
        raise InputError(f"{error.filename or path}: may not be read: check its permissions") from None
    raise InputError(
        f"{path}: no such video or image folder: check the path, or the root and the sequence's name"
    )
