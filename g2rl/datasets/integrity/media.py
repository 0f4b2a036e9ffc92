"""The check of one sequence's media: an image folder or a video, and the frames of it that decode."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.motion import MotionMeter
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.integrity.wording import frame_ranges, name_spans, size_text
from g2rl.errors import InputError
from g2rl.io.images import JPEG_END, JPEG_START, frame_number, is_frame_file, is_whole_jpeg, read_image
from g2rl.io.video_file import VideoFile

FINGERPRINT_BYTES = 1 << 16  # of each end of a file


@dataclass(frozen=True)
class Frames:
    """The frame numbers of a sequence's media, and those of them that cannot be decoded."""

    numbers: set[int]
    damaged: list[int]


def examine_folder(seen: Seen, folder: Path, coded: np.ndarray, decode: bool) -> Frames | None:
    """Check an image folder; of the files, those of the ``coded`` frames are opened.

    Returns:
        None where frames cannot be known by their numbers.
    """
    files, in_order = _numbered_files(seen, folder)
    if not files:
        seen.add("folder-empty", folder, _content(folder), "images like 0001.jpg")
        return None
    if in_order and _is_padding_mixed(files):
        seen.add("padding-mixed", folder, f"names {name_spans(files)}", "one way of padding")
    images = {number: folder / files[number] for number in coded.tolist() if number in files}
    damaged = _examine_images(seen, images, decode)
    return Frames(set(files), damaged) if in_order else None


def _examine_images(seen: Seen, images: dict[int, Path], decode: bool) -> list[int]:
    """Open the image of each frame; returns the frames whose image is damaged."""
    faults = {number: image_fault(path, decode) for number, path in images.items()}
    damaged = [number for number, fault in faults.items() if fault]
    if damaged:
        found = f"{faults[damaged[0]]} ({frame_ranges(damaged)})"
        seen.add("frame-unreadable", images[damaged[0]], found, "an image")
    readable = [images[number] for number, fault in faults.items() if not fault]
    if readable:
        _examine_size(seen, readable[0], readable[-1])
    return damaged


def _content(folder: Path) -> str:
    entries = sorted(os.listdir(folder))
    return f"no image, but {', '.join(entries[:3])}" if entries else "an empty folder"


def _numbered_files(seen: Seen, folder: Path) -> tuple[dict[int, str], bool]:
    """The image file of each frame number, and whether every image is one frame's."""
    files: dict[int, str] = {}
    in_order = True
    for name in sorted(filter(is_frame_file, os.listdir(folder))):
        number = frame_number(name)
        if number is None:
            seen.add("frame-unnumbered", folder / name, "no number in the name", "a name like 0001.jpg")
            in_order = False
        elif number in files:
            seen.add("frame-twice", folder / name, f"frame {number}, as {files[number]}", "each frame once")
            in_order = False
        else:
            files[number] = name
    return files, in_order


def _is_padding_mixed(files: dict[int, str]) -> bool:
    """Whether file names that are a number are padded with zeros to more than one length."""
    digits = [
        (len(stem), len(str(number))) for number, name in files.items() if (stem := Path(name).stem).isdigit()
    ]
    padded = {length for length, needed in digits if length > needed}
    return len(padded) > 1 or any(length < max(padded, default=0) for length, _ in digits)


def _examine_size(seen: Seen, first: Path, last: Path) -> None:
    """Note size and fingerprint of a sequence's frames by its first and last readable image."""
    seen.fingerprint = _fingerprint(first)
    sizes = [_size(path) for path in (first, last)]
    seen.size = sizes[0]
    if sizes[0] != sizes[1]:
        seen.add("size-differs", last, size_text(sizes[1]), f"{size_text(sizes[0])} as {first.name}")


def examine_video(layout: Layout, seen: Seen, path: Path) -> Frames | None:
    """Check a video, decoding it to its end; None if it does not open."""
    try:
        source = VideoFile(path)
    except InputError as error:
        seen.add("video-unreadable", path, str(error).removeprefix(f"{path}: "), "a video")
        return None
    seen.size, seen.fingerprint = source.size, _fingerprint(path)
    if layout.frame_rate and abs(source.frame_rate - layout.frame_rate) > 0.05:
        seen.add("frame-rate", path, f"{source.frame_rate:g} frames/s", f"{layout.frame_rate:g}")
    decodable, meter = [], MotionMeter()
    for number, image in source.grey():
        meter.add(number, image)
        if image is not None:
            decodable.append(number)
    seen.motion = meter.by_number()
    damaged = sorted(set(source.numbers) - set(decodable))
    if damaged:
        found = f"{len(decodable)} of {len(source.numbers)} frames decode, not {frame_ranges(damaged)}"
        seen.add("video-cut", path, found, "all of them")
    return Frames(set(source.numbers) | set(decodable), damaged)


def image_fault(path: Path, decode: bool) -> str:
    """What is wrong with an image file, or nothing: by its start and end, with ``decode`` by all of it."""
    try:
        fault = _fault_at_ends(path)
    except FileNotFoundError:
        return "a link to nowhere"
    except IsADirectoryError:
        return "a folder"
    return fault or ("an image that does not decode" if decode and _size(path) is None else "")


def _fault_at_ends(path: Path) -> str:
    with open(path, "rb", buffering=0) as stream:
        size = os.fstat(stream.fileno()).st_size
        if not size:
            return "an empty file"
        start = stream.read(2)
        if start == JPEG_START:
            stream.seek(max(0, size - 64))
            is_whole = JPEG_END in stream.read(64) or is_whole_jpeg(path.read_bytes())
            return "" if is_whole else "a JPEG without its end"
    if path.suffix.lower() in (".jpg", ".jpeg"):
        return f"no JPEG, it starts with {start!r}"
    return "no image" if _size(path) is None else ""


def _size(path: Path) -> tuple[int, int] | None:
    """Width and height of an image file that decodes."""
    image = read_image(path, grey=True)
    return None if image is None else (image.shape[1], image.shape[0])


def _fingerprint(path: Path) -> str:
    """A digest of a file's size, start and end: equal for copies of the same file."""
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        digest.update(stream.read(FINGERPRINT_BYTES))
        stream.seek(max(0, size - FINGERPRINT_BYTES))
        digest.update(stream.read(FINGERPRINT_BYTES))
    return digest.hexdigest()
