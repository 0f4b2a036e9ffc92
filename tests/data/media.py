"""Kinds of videos and photos that people bring, made by FFmpeg at test time, and what is expected of each.

    python -m tests.data.media         # the table docs/evidence/inputs.md again

The clip carries its frames' numbers, so that a frame shown under another's number is noticed.
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np

W, H, N, RATE = 96, 80, 20, 20
ALL = tuple(range(1, N + 1))
PREFIX = "the first ones, then none"  # of a cut video whose container declares all frames
SOME = "the first ones"  # of a cut video that declares nothing
TABLE = Path(__file__).resolve().parents[2] / "docs/evidence/inputs.md"
Transform = Callable[[np.ndarray], np.ndarray]


@cache
def image(number: int) -> np.ndarray:
    """Frame ``number`` (1–20) of the clip, (80,96,3) RGB: smooth colours, and its number in five squares."""
    y, x = np.mgrid[:H, :W]
    red, green = 110 + 60 * np.sin(x / 17 + number / 5), 120 + 50 * np.cos(y / 19 + number / 7)
    shades = [red, green, 100 + x / 3 + y / 4]
    frame = np.stack(shades, axis=-1).clip(0, 255).astype(np.uint8)
    for bit in range(5):
        frame[24:40, 8 + bit * 16 : 24 + bit * 16] = 230 if number >> bit & 1 else 20
    return frame


def same(frame: np.ndarray) -> np.ndarray:
    return frame


def grey(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB)


def scaled(width: int, height: int) -> Transform:
    return lambda frame: cv2.resize(frame, (width, height), interpolation=cv2.INTER_CUBIC)


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: what it is.
        file: its name.
        make: writes it, given its path and the clip as a lossless video.
        frames: the numbers of the frames that are to be shown, None for one that cannot be decoded; or PREFIX
            or SOME.
        shown: what becomes of a frame of the clip.
        psnr: decibels that every frame must reach; the loss is the codec's.
        error: where the file is refused, a part of the line that says so.
        times: seconds of the frames, where they are not those of 20 frames per second.
    """

    name: str
    file: str
    make: Callable[[Path, Path], None]
    frames: Sequence[int | None] | str = ALL
    shown: Transform = same
    psnr: float = 30
    error: str = ""
    times: Sequence[float] = ()


def ffmpeg(*arguments: object) -> None:
    words = [imageio_ffmpeg.get_ffmpeg_exe(), *["-nostdin", "-v", "error", "-y", "-threads", "1"]]
    done = subprocess.run([*words, *map(str, arguments)], capture_output=True, text=True)
    assert not done.returncode, f"{arguments}: {done.stderr}"


def write_clip(path: Path) -> Path:
    """The clip without loss, FFV1 in Matroska."""
    raw = path.with_suffix(".rgb")
    raw.write_bytes(b"".join(image(number).tobytes() for number in ALL))
    form = f"-f rawvideo -pix_fmt rgb24 -s {W}x{H} -r {RATE}".split()
    ffmpeg(*form, "-i", raw, *["-c:v", "ffv1", "-pix_fmt", "bgr0"], path)
    return path


def judge(kind: Kind, frames: list[tuple[int, np.ndarray | None]]) -> tuple[bool, str]:
    """Whether what was decoded is what was expected, and a few words on it."""
    images = [frame for _, frame in frames]
    decoded = [frame for frame in images if frame is not None]
    words = f"{len(decoded)} of {len(frames)} rows"
    right = _right_rows(kind, images, len(decoded))
    if not decoded:
        return right, words
    wanted = [number for number in (ALL if isinstance(kind.frames, str) else kind.frames) if number]
    expected = [kind.shown(image(number)) for number in wanted[: len(decoded)]]
    if decoded[0].shape != expected[0].shape:
        return False, f"{words}, {decoded[0].shape[1]}×{decoded[0].shape[0]} pixels"
    worst = min(cv2.PSNR(frame, other) for frame, other in zip(decoded, expected, strict=False))
    return right and worst >= kind.psnr, f"{words}, {min(worst, 99):.0f} dB"


def _right_rows(kind: Kind, images: list, decoded: int) -> bool:
    if isinstance(kind.frames, str):
        whole = len(images) == (N if kind.frames == PREFIX else decoded)
        return whole and 3 <= decoded < N and all(frame is not None for frame in images[:decoded])
    return [frame is None for frame in images] == [number is None for number in kind.frames]


def open_input(path: Path):
    """As ``g2rl predict`` opens it."""
    from g2rl.errors import InputError
    from g2rl.inference.inputs import find_inputs

    inputs, faults = find_inputs([path])
    if faults:
        raise InputError(faults[0])
    return inputs[0].open()


def observe(kind: Kind, folder: Path, clip: Path) -> tuple[bool, str]:
    """Make a kind's file and decode it: whether that is as expected, and a few words on it."""
    path = folder / kind.file
    kind.make(path, clip)
    try:
        source = open_input(path)
        frames = list(source.rgb())
    except Exception as error:
        line = str(error).replace(f"{folder}/", "")
        known = type(error).__name__ == "InputError" and "\n" not in line
        return known and bool(kind.error) and kind.error in line, line
    if kind.error:
        return False, judge(kind, frames)[1]
    right, words = judge(kind, frames)
    if right and kind.times:
        right = np.allclose([source.timestamp(number) for number in source.numbers], kind.times, atol=2e-3)
    return right, words


def main() -> None:
    """Write the table."""
    from tests.data.photos import PHOTOS
    from tests.data.videos import VIDEOS

    kinds = (*VIDEOS, *PHOTOS)
    with tempfile.TemporaryDirectory() as name:
        clip = write_clip(Path(name) / "clip.mkv")
        rows = [(kind, *observe(kind, Path(name), clip)) for kind in kinds]
    TABLE.write_text(table(rows), encoding="utf-8")


def table(rows: Sequence[tuple[Kind, bool, str]]) -> str:
    """The table in Markdown."""
    lines = [
        "# Kinds of videos and photos",
        "",
        "Each kind is made at test time (`tests/data/videos.py`, `tests/data/photos.py`) from a clip of 20",
        "numbered frames of 96×80 pixels, and decoded as `g2rl predict` does. dB: PSNR of the worst frame",
        "against the clip; the loss is the codec's. ✗: not as expected. `tests/unit/test_media_corpus.py`",
        "checks every row, `python -m tests.data.media` writes this page.",
        "",
        "[Intensities of copies](copies.md) of one clip show that what is read is read well enough.",
        "",
        "| kind | expected | found |",
        "|---|---|---|",
    ]
    for kind, right, words in rows:
        cells = kind.name, kind.error or expected_rows(kind), "✗ " * (not right) + words
        lines.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    wrong = sum(not right for _, right, _ in rows)
    return "\n".join([*lines, "", f"{len(rows)} kinds; not as expected: {wrong}.", ""])


def expected_rows(kind: Kind) -> str:
    if isinstance(kind.frames, str):
        return kind.frames
    return (
        f"{sum(number is not None for number in kind.frames)} of {len(kind.frames)} rows, ≥ {kind.psnr:g} dB"
    )


if __name__ == "__main__":
    main()
