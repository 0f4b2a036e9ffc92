"""TODO: one line."""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.findings import make_finding
from g2rl.datasets.integrity.findings_file import Finding
from g2rl.datasets.integrity.presence import _similar
from g2rl.datasets.integrity.wording import frame_ranges, name_spans, relative_name, size_text
from g2rl.datasets.labels import Labels, other_frames
from g2rl.errors import InputError, LabelError
from g2rl.faces import video

# -------------------------------------------------------------------------------------- one sequence


@dataclass
class Seen:
    """What one sequence's check found and what the comparison between sequences needs."""

    sequence: str
    subject: str
    root: Path
    findings: list[Finding] = field(default_factory=list)
    media: str = ""
    size: tuple[int, int] | None = None
    fingerprint: str = ""
    coded: int = 0
    usable: int = 0
    aus: tuple[int, ...] = ()
    highest: dict[int, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, file: Path, found: str, expected: str) -> None:
        inside = relative_name(self.root, file)
        self.findings.append(make_finding(code, self.subject, self.sequence, inside, found, expected))


def examine_sequence(
    layout: Layout,
    root: Path,
    published: dict[str, tuple[int, int] | None],
    decode: bool,
    named: tuple[str, str],
) -> Seen:
    """Check one sequence, given as its name and subject."""
    sequence, subject = named
    seen = Seen(sequence, subject, root)
    try:
        labels = _examine_labels(layout, seen, published.get(sequence))
        media = layout.media(root, sequence)
        seen.media = relative_name(root, media)
        # Frames that not one AU is coded in are none that anybody misses.
        coded = labels.frame[(labels.intensity >= 0).any(axis=1)] if labels else np.empty(0, np.int32)
        seen.coded = len(coded)
        if media.is_dir():
            readable = _examine_folder(seen, media, coded, decode)
        else:
            readable = _examine_video(layout, seen, media)
        if readable is not None and labels is not None:
            _compare(layout, seen, media, labels.frame, coded, *readable)
    except OSError as error:
        seen.add("not-readable", Path(error.filename or root), str(error.strerror), "a file that can be read")
    return seen


def _examine_labels(layout: Layout, seen: Seen, published: tuple[int, int] | None) -> Labels | None:
    """Check every label file of a sequence; its labels, of the files that are in order, if there are any."""
    good: dict[Path, Labels] = {}
    paths = layout.label_paths(seen.root, seen.sequence)
    for path in paths:
        try:
            good[path] = layout.read_file(path)
        except LabelError as error:
            found = error.found
            if error.kind == "file missing":
                found = (
                    _similar(path, seen.sequence) if path.parent.is_dir() else f"no folder {path.parent.name}"
                )
            code = "label-" + error.kind.removeprefix("file ").replace(" ", "-")
            code = {"label-missing": "label-file-missing"}.get(code, code)
            line = f"line {error.line}: " if error.line else ""
            seen.add(code, path, f"{line}{found}", error.expected)
    if not good:
        return None
    # The frames that most files have are taken for the right ones.
    votes = Counter(labels.frame.tobytes() for labels in good.values())
    model = next(path for path in good if good[path].frame.tobytes() == votes.most_common(1)[0][0])
    frame = good[model].frame
    for path, labels in list(good.items()):
        if not np.array_equal(labels.frame, frame):
            error = other_frames(path, labels.frame, model, frame)
            seen.add("label-other-frames", path, error.found, error.expected)
            del good[path]

    for path, labels in good.items():
        aus = labels.aus or (layout.aus[paths.index(path)],)
        seen.aus += aus
        for column, au in enumerate(aus):
            codes = labels.intensity[:, column]
            seen.highest[au] = int(codes.max())
            if codes.max() < 0:
                seen.add(
                    "not-coded", path, f"AU{au:02d} coded in none of {len(codes)} frames", "codes 0 to 5"
                )
            # Short, rare activity may agree by chance; a dozen changes at the same frames do not.
            if np.count_nonzero(np.diff(codes)) >= 12:
                digest = hashlib.sha256(frame.tobytes() + codes.tobytes()).hexdigest()
                seen.codes[f"{relative_name(seen.root, path)} AU{au:02d}"] = digest
    if published is not None:
        first, last = int(frame[0]), int(frame[-1])
        if (first, last) != published:
            seen.add(
                "coded-range", model, f"coded frames {first} to {last}", f"{published[0]} to {published[1]}"
            )
        inside = np.setdiff1d(np.arange(first, last + 1), frame) if last - first < 10**6 else frame
        if len(inside):
            seen.add("label-gap", model, f"no code for {frame_ranges(inside)}", "every frame between coded")
    intensity = np.concatenate([labels.intensity for labels in good.values()], axis=1)
    return Labels(frame, intensity, seen.aus)


def _examine_folder(
    seen: Seen, folder: Path, coded: np.ndarray, decode: bool
) -> tuple[set[int], list[int]] | None:
    """Check an image folder: the frame numbers there, and those of the coded ones that cannot be decoded."""
    files: dict[int, str] = {}
    in_order = True
    for name in sorted(filter(video.is_frame_file, os.listdir(folder))):
        number = video.frame_number(name)
        if number is None:
            seen.add("frame-unnumbered", folder / name, "no number in the name", "a name like 0001.jpg")
            in_order = False
        elif number in files:
            seen.add("frame-twice", folder / name, f"frame {number}, as {files[number]}", "each frame once")
            in_order = False
        else:
            files[number] = name
    if not files:
        entries = sorted(os.listdir(folder))
        found = f"no image, but {', '.join(entries[:3])}" if entries else "an empty folder"
        seen.add("folder-empty", folder, found, "images like 0001.jpg")
        return None
    digits = [
        (len(stem), len(str(number))) for number, name in files.items() if (stem := Path(name).stem).isdigit()
    ]
    padded = {length for length, needed in digits if length > needed}
    if in_order and (len(padded) > 1 or any(length < max(padded, default=0) for length, _ in digits)):
        seen.add("padding-mixed", folder, f"names {name_spans(files)}", "one way of padding")

    wanted = [number for number in coded.tolist() if number in files]
    damaged = [number for number in wanted if _image_fault(folder / files[number], decode)]
    if damaged:
        first = folder / files[damaged[0]]
        seen.add(
            "frame-unreadable", first, f"{_image_fault(first, decode)} ({frame_ranges(damaged)})", "an image"
        )
    readable = [number for number in wanted if number not in set(damaged)]
    if readable:
        first, last = (folder / files[number] for number in (readable[0], readable[-1]))
        seen.fingerprint = _fingerprint(first)
        sizes = [image.shape[1::-1] if image is not None else None for image in map(_grey, (first, last))]
        seen.size = sizes[0]
        if sizes[0] != sizes[1]:
            seen.add("size-differs", last, size_text(sizes[1]), f"{size_text(sizes[0])} as {first.name}")
    return (set(files), damaged) if in_order else None


def _examine_video(layout: Layout, seen: Seen, path: Path) -> tuple[set[int], list[int]] | None:
    """Check a video: the frame numbers it declares, and those that cannot be decoded."""
    try:
        source = video.VideoFile(path)
    except InputError as error:
        seen.add("video-unreadable", path, str(error).removeprefix(f"{path}: "), "a video")
        return None
    seen.size, seen.fingerprint = source.size, _fingerprint(path)
    if layout.frame_rate and abs(source.frame_rate - layout.frame_rate) > 0.05:
        seen.add("frame-rate", path, f"{source.frame_rate:g} frames/s", f"{layout.frame_rate:g}")
    decodable = source.decodable()
    damaged = sorted(set(source.numbers) - set(decodable))
    if damaged:
        found = f"{len(decodable)} of {len(source.numbers)} frames decode, not {frame_ranges(damaged)}"
        seen.add("video-cut", path, found, "all of them")
    return set(source.numbers) | set(decodable), damaged


def _compare(
    layout: Layout,
    seen: Seen,
    media: Path,
    labelled: np.ndarray,
    coded: np.ndarray,
    numbers: set[int],
    damaged: list[int],
) -> None:
    """Check a sequence's frames against its codes."""
    missing = [number for number in coded.tolist() if number not in numbers]
    seen.usable = len(set(coded.tolist()) & numbers - set(damaged))
    if len(coded) and len(missing) == len(coded):
        span = f"frames {min(numbers)} to {max(numbers)}"
        seen.add("frames-other", media, span, f"the coded ones, {coded[0]} to {coded[-1]}")
    elif missing:
        found = f"{len(missing)} of {len(coded)} coded frames not there: {frame_ranges(missing)}"
        seen.add("frame-missing", media, found, "each coded frame")
    if layout.codes_every_frame:
        bare = sorted(numbers - set(labelled.tolist()))
        if bare:
            seen.add("frame-uncoded", media, f"no code for {frame_ranges(bare)}", "each frame coded")


def _image_fault(path: Path, decode: bool) -> str:
    """What is wrong with an image file, or nothing: by its start and end, with ``decode`` by all of it."""
    try:
        with open(path, "rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            if not size:
                return "an empty file"
            start = stream.read(2)
            if start == b"\xff\xd8":
                stream.seek(max(0, size - 64))
                whole = b"\xff\xd9" in stream.read(64) or video.is_whole_jpeg(path.read_bytes())
                if not whole:
                    return "a JPEG without its end"
            elif path.suffix.lower() in (".jpg", ".jpeg"):
                return f"no JPEG, it starts with {start!r}"
            elif _grey(path) is None:
                return "no image"
    except FileNotFoundError:
        return "a link to nowhere"
    except IsADirectoryError:
        return "a folder"
    return "an image that does not decode" if decode and _grey(path) is None else ""


def _grey(path: Path) -> np.ndarray | None:
    return video.read_image(path, grey=True)


def _fingerprint(path: Path) -> str:
    """A digest of a file's size, start and end: enough to tell a copy of the same file."""
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        digest.update(stream.read(1 << 16))
        stream.seek(max(0, size - (1 << 16)))
        digest.update(stream.read(1 << 16))
    return digest.hexdigest()
