"""The inputs of ``g2rl predict``: videos, films as image folders, and photos."""

import glob
import logging
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.errors import InputError
from g2rl.io.frame_source import FrameSource
from g2rl.io.images import are_numbered, is_frame_file, read_image
from g2rl.io.video import VIDEO_SUFFIXES, open_source

OTHER_IMAGES = frozenset(
    {".arw", ".avif", ".cr2", ".cr3", ".dng", ".heic", ".heif", ".jp2", ".jxl", ".nef", ".psd", ".svg"}
)
# How cameras and telephones name photos; what is numbered otherwise is a film.
CAMERA_NAME = re.compile(
    r"(dsc|dscf|dscn|dcim|gopr|img|imgp|mvimg|p|pict?|photo|pxl|sam|screenshot|wp|bild|foto)[-_ ]?", re.I
)
log = logging.getLogger(__name__)
SIZES_READ = 8  # images of a folder whose sizes are compared
STARTS = {b"\xff\xd8": 0, b"\x89PNG": 0, b"BM": 0, b"II*\0": 0, b"MM\0*": 0, b"WEBP": 8}


@dataclass(frozen=True)
class Input:
    """One table's worth of input.

    Attributes:
        path: the video, the photo or the image folder.
        kind: ``video``; ``frames``, a folder of numbered images; ``photos``.
        files: the video, or the images in order.
    """

    path: Path
    kind: str
    files: tuple[Path, ...]

    def open(self) -> FrameSource:
        """The frames; of photos, each under its place in ``files``, from 1.

        Raises:
            InputError: it is no video, or no folder of numbered images.
        """
        if self.kind == "photos":
            return Photos(self.path, self.files)
        return open_source(self.path)


class Photos(FrameSource):
    """Photos that have nothing to do with each other."""

    def __init__(self, path: Path, files: Sequence[Path]) -> None:
        self.path = path
        self.numbers = range(1, len(files) + 1)
        self._files = files

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        for number, file in enumerate(self._files, 1):
            if wanted is None or number in wanted:
                yield number, read_image(file, grey)


def find_inputs(patterns: Sequence[Path], images: str = "auto") -> tuple[list[Input], list[str]]:
    """What is to be predicted, each once, and a line on everything that cannot be.

    A folder is each of its videos, and its images: a film if they are numbered frames, else photos. Its
    subfolders are not searched.

    Args:
        patterns: videos, photos, folders, or glob patterns of them.
        images: what the images of a folder are: ``frames``, ``photos``, or as they look: ``auto``.
    """
    inputs: dict[Path, Input] = {}
    faults = []
    for pattern in patterns:
        for path in _matches(pattern):
            try:
                found, left = _inputs_of(path, images)
            except InputError as error:
                faults.append(str(error))
            except PermissionError as error:
                faults.append(f"{error.filename or path}: may not be read: check its permissions")
            else:
                inputs |= {each.path.resolve(): each for each in found if each.path.resolve() not in inputs}
                faults += left
    return list(inputs.values()), faults


def _matches(pattern: Path) -> list[Path]:
    """The files that a glob pattern matches; a path that exists, or matches nothing, as it is."""
    if os.path.exists(pattern) or not glob.has_magic(str(pattern)):
        return [pattern]
    return [Path(match) for match in sorted(glob.glob(str(pattern)))] or [pattern]


def _inputs_of(path: Path, images: str) -> tuple[list[Input], list[str]]:
    if path.is_dir():
        return _inputs_of_folder(path, images)
    if not path.exists():
        kind = "file matches" if glob.has_magic(str(path)) else "such video, photo or folder"
        raise InputError(f"{path}: no {kind}: check the path")
    photo = _is_photo(path)
    if fault := _fault(path, photo):
        raise InputError(fault)
    return [Input(path, "photos" if photo else "video", (path,))], []


def _inputs_of_folder(folder: Path, images: str) -> tuple[list[Input], list[str]]:
    files = _visible_files(folder)
    found = [Input(path, "video", (path,)) for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    faults = [fault for path in files if (fault := _fault(path, photo=False))]
    stills = tuple(path for path in files if is_frame_file(path.name))
    if stills:
        kind = _kind_of_images(folder, stills, images)
        if kind == "photos":
            stills, damaged = _readable_photos(stills)
            faults += damaged
        if stills:
            found.append(Input(folder, kind, stills))
    if not found and not faults:
        raise InputError(
            f"{folder}: no image or video in this folder: name the folder that holds them, or a pattern"
        )
    return found, faults


def _visible_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))


def _kind_of_images(folder: Path, stills: Sequence[Path], images: str) -> str:
    """Whether the images of a folder are ``frames`` or ``photos``: as asked for, else as they look."""
    kind = images
    if images == "auto":
        kind = "frames" if is_film(stills) else "photos"
    other = "photos" if kind == "frames" else "frames"
    log.info("%s: %d images taken as %s (--images %s otherwise)", folder, len(stills), kind, other)
    return kind


def _readable_photos(photos: Sequence[Path]) -> tuple[tuple[Path, ...], list[str]]:
    """The photos that can be decoded, and a line on each of the others."""
    faults = {path: fault for path in photos if (fault := _fault(path, photo=True))}
    return tuple(path for path in photos if path not in faults), list(faults.values())


def _fault(path: Path, photo: bool) -> str:
    """Why an image file cannot be read; nothing if it can, or is no image.

    Args:
        photo: whether to decode it.
    """
    suffix = path.suffix.lower()
    if suffix in OTHER_IMAGES:
        return f"{path}: images of the format {suffix[1:].upper()} are not read: convert it to JPEG or PNG"
    if photo and read_image(path, grey=True) is None:
        size = path.stat().st_size
        return f"{path}: not a readable image ({size} bytes): cut short, damaged or too large: copy it again"
    return ""


def _is_photo(path: Path) -> bool:
    """By name or content."""
    if path.suffix.lower() in VIDEO_SUFFIXES:
        return False
    with open(path, "rb") as stream:
        start = stream.read(16)
    return is_frame_file(path.name) or any(start[at:].startswith(sign) for sign, at in STARTS.items())


def is_film(files: Sequence[Path]) -> bool:
    """Whether images are the numbered frames of a film: two or more names alike but for the number, unlike a
    camera's; and images of one size."""
    if len(files) < 2 or not are_numbered(path.name for path in files):
        return False
    around = {tuple(re.split(r"\d+(?=\D*$)", path.stem, maxsplit=1, flags=re.ASCII)) for path in files}
    if len(around) > 1 or CAMERA_NAME.fullmatch(around.pop()[0]):
        return False
    some = {files[round(at)] for at in np.linspace(0, len(files) - 1, min(len(files), SIZES_READ))}
    sizes = {image.shape for path in some if (image := read_image(path, grey=True)) is not None}
    return len(sizes) <= 1
