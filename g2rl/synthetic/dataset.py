"""One sequence of an embedded dataset: recorded, labelled and written as BP4D or DISFA lie on a disk."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from g2rl.datasets.registry import get_layout
from g2rl.errors import InputError, os_errors_as_input_errors
from g2rl.io.atomic import WRITTEN, atomic_path, partial_files, write_text
from g2rl.io.progress import progress
from g2rl.synthetic import actions
from g2rl.synthetic.head import Head, read_head, write_arrays
from g2rl.synthetic.person import Person, make_person
from g2rl.synthetic.scene import Camera, Pose, Scene, draw_background, draw_light

BP4D_AUS = (6, 10, 12, 14, 17)
NOT_CODED = 9  # BP4D's
SHARPNESS = 140  # pixels drawn for a decimetre: faces are aligned at about 115
UNCODED_SHARE = 0.5  # how strongly units move that a dataset does not code


@dataclass(frozen=True)
class Recording:
    """What one sequence shows, frame by frame, before any picture is drawn.

    Attributes:
        activation: (N, 14) of `actions.AUS`, in [0, 1].
        poses: one a frame.
        hidden: what hides the face in each frame: "", "board", "away" or "absent".
    """

    activation: np.ndarray
    poses: list[Pose]
    hidden: list[str]


def render_sequence(
    head: Path,
    layout: str,
    root: Path,
    sequence: str,
    subject: str,
    frames: int,
    seed: int,
) -> None:
    """Render one sequence's media and label files below ``root``, and its ground truth.

    The person follows from (seed, layout, subject), all else from (seed, layout, sequence): the same
    arguments give the same bytes. The truth, ``root/truth/SEQUENCE.npz``, lies outside the layout:
    ``frame`` (N) int32 numbers, ``face`` (N) bool whether a face is meant to be seen, ``points`` (N, 68, 2)
    float32 pixels of the mesh where dlib's 68 landmarks lie, ``box`` (N, 4) float32 their left, top, right
    and bottom, ``activation`` (N, 14) float32 of `actions.AUS` in [0, 1].

    Args:
        head: what `cut_head` wrote.
        layout: "bp4d" or "disfa".
        sequence: such as F001_T1, or SN001.
        subject: such as F001 (F: female, M: male), or SN001.
        frames: to render, at least 1.

    Raises:
        InputError: ``layout`` is no layout that can be rendered, ``head`` is no head.
    """
    if layout not in ("bp4d", "disfa"):
        raise InputError(f"layout {layout!r} cannot be rendered: expected bp4d or disfa")
    if frames < 1:
        raise InputError(f"{sequence}: {frames} frames to render: expected at least 1")
    cv2.setNumThreads(1)
    place, root = get_layout(layout), Path(root)
    mesh = read_head(head)
    rng = generator(seed, layout, sequence, "sequence")
    person = subject_person(mesh, layout, subject, seed)
    coded = place.aus
    recording = draw_recording(rng, frames, coded)
    width, height = (1040, 1392) if layout == "bp4d" else (1024, 768)
    scale = rng.uniform(205, 240) if layout == "bp4d" else rng.uniform(152, 178)
    camera = Camera(
        width,
        height,
        scale,
        width * rng.normal(0.5, 0.02),
        height * (0.47 if layout == "bp4d" else 0.50),
    )
    light, background = draw_light(rng), draw_background(rng, width, height)
    scene = Scene(person, camera, light, background, sharpness=min(1.0, SHARPNESS / scale))
    pictures = _pictures(rng, scene, recording, background)
    points = np.full((frames, 68, 2), np.nan, np.float32)

    def shown() -> Iterator[np.ndarray]:
        for k, (picture, vertices) in enumerate(progress(pictures, sequence, frames)):
            if vertices is not None:
                points[k] = vertices[mesh.landmarks]
            yield picture

    labels = actions.labels(recording.activation)[:, [actions.AUS.index(au) for au in coded]]
    if layout == "bp4d":
        numbers = _write_bp4d(rng, place.media(root, sequence), shown(), frames)
        labels, rows = (
            _bp4d_codes(rng, labels, recording.hidden),
            slice(2, frames - 2) if frames > 10 else slice(None),
        )
    else:
        numbers, rows = np.arange(1, frames + 1), slice(None)
        _write_avi(place.media(root, sequence), shown(), (width, height))
    for column, path in enumerate(place.label_paths(root, sequence)):
        lines = zip(numbers[rows], labels[rows, column], strict=True)
        write_text(path, "".join(f"{number},{label}\n" for number, label in lines))
    face = np.array([not hidden for hidden in recording.hidden])
    low, high = points.min(axis=1), points.max(axis=1)
    write_arrays(
        root / "truth" / f"{sequence}.npz",
        {
            "frame": numbers.astype(np.int32),
            "face": face,
            "points": points,
            "box": np.concatenate([low, high], axis=1),
            "activation": recording.activation.astype(np.float32),
        },
    )


def generator(seed: int, *names: str) -> np.random.Generator:
    """A random generator that depends on a seed and on names, alike on every machine and in every process."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], "<u4").tolist()])


def subject_person(head: Head, layout: str, subject: str, seed: int) -> Person:
    """The person whom a subject's name stands for."""
    rng = generator(seed, layout, subject, "person")
    female = bool(rng.random() < 0.5)
    if layout == "bp4d":
        female = subject.startswith("F")
    return make_person(head, rng, female)


def draw_recording(rng: np.random.Generator, frames: int, coded: tuple[int, ...]) -> Recording:
    """What a subject does during a sequence, in which ``coded`` units are labelled."""
    activation = actions.tracks(rng, frames)
    activation[:, [k for k, au in enumerate(actions.AUS) if au not in coded]] *= UNCODED_SHARE

    def walk(deviation: float, steadiness: float = 9.0, middle: float = 0.0) -> np.ndarray:
        return middle + deviation * actions.smooth_noise(rng, 1, frames, steadiness)[:, 0]

    yaw = walk(0.09, middle=rng.normal(0, 0.05))
    pitch = walk(0.05, middle=rng.normal(0, 0.03))
    roll = walk(0.045)
    shift = np.stack([walk(0.14), walk(0.06), walk(0.15)], axis=1)
    gaze = np.stack([walk(0.14, 3.0), walk(0.08, 3.0)], axis=1)
    blink = np.zeros(frames)
    for middle in rng.uniform(0, frames, rng.poisson(frames / 40)):
        blink = np.maximum(blink, np.clip(1 - abs(np.arange(frames) - middle) / 1.6, 0, 1))
    poses = [
        Pose(yaw[t], pitch[t], roll[t], tuple(shift[t]), tuple(gaze[t]), 0.95 * blink[t])
        for t in range(frames)
    ]
    hidden = [""] * frames
    if frames >= 12 and rng.random() < 0.4:
        start, length = rng.integers(3, frames - 6), rng.integers(1, 4)
        what = str(rng.choice(["board", "away", "absent"]))
        hidden[start : start + length] = [what] * length
        if what == "away":
            turn = rng.choice([-1, 1]) * rng.uniform(1.9, 2.6)
            poses = [
                Pose(turn, 0.1, roll[t], tuple(shift[t])) if hidden[t] else pose
                for t, pose in enumerate(poses)
            ]
    return Recording(activation, poses, hidden)


def _pictures(
    rng: np.random.Generator, scene: Scene, recording: Recording, background: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
    """Each frame (height, width, 3) uint8 BGR with the sensor's noise, and the mesh's pixels if it shows."""
    height, width = background.shape[:2]
    deviation = rng.uniform(1.0, 3.0)
    # One patch of grain, tiled, and shifted at random in each frame.
    patch = rng.standard_normal((256, 256, 3), np.float32) * np.float32(0.6 * deviation)
    patch += rng.standard_normal((256, 256, 1), np.float32) * np.float32(0.8 * deviation)
    patch = np.rint(patch)
    tiles = (height // 256 + 2, width // 256 + 2, 1)
    brighter, darker = (np.tile(np.maximum(side, 0).astype(np.uint8), tiles) for side in (patch, -patch))
    board = draw_background(rng, width, height)
    for activation, pose, hidden in zip(recording.activation, recording.poses, recording.hidden, strict=True):
        points = None
        if hidden == "board":
            picture = board
        elif hidden == "absent":
            picture = background
        else:
            picture, points = scene.frame(activation, pose)
        y, x = rng.integers(0, 256, 2)
        here = (slice(y, y + height), slice(x, x + width))
        picture = cv2.subtract(cv2.add(picture, brighter[here]), darker[here])
        yield picture, None if hidden else points


def _bp4d_codes(rng: np.random.Generator, labels: np.ndarray, hidden: list[str]) -> np.ndarray:
    """Labels with code 9 where a coder would have seen no face, and now and then for a single unit."""
    codes = labels.copy()
    codes[[bool(what) for what in hidden]] = NOT_CODED
    if len(codes) >= 12 and rng.random() < 0.4:
        start, length = rng.integers(2, len(codes) - 5), rng.integers(1, 4)
        codes[start : start + length, rng.integers(codes.shape[1])] = NOT_CODED
    return codes


def _write_bp4d(
    rng: np.random.Generator, folder: Path, pictures: Iterator[np.ndarray], frames: int
) -> np.ndarray:
    """Write a folder of JPEGs, replacing the old one when all are written; return the frames' numbers."""
    first = int(rng.integers(1, 2400))
    padding = int(rng.choice([0, 3, 4]))
    quality = int(rng.integers(78, 93))
    numbers = np.arange(first, first + frames)
    lost = int(rng.integers(4, frames - 4)) if frames > 12 and rng.random() < 0.2 else -1
    with os_errors_as_input_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        for left in partial_files(folder):
            shutil.rmtree(left)
        temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.part-", dir=folder.parent))
        try:
            for k, picture in enumerate(pictures):
                if k != lost:  # a frame that the recording lacks, though it is coded
                    name = f"{numbers[k]:0{padding}d}.jpg"
                    jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
                    (temporary / name).write_bytes(jpeg)  # cv2.imwrite does not say when a disk is full
            temporary.chmod(0o755)
            if folder.exists():
                shutil.rmtree(folder)
            os.replace(temporary, folder)
            WRITTEN.append(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
    return numbers


def _write_avi(path: Path, pictures: Iterator[np.ndarray], size: tuple[int, int]) -> None:
    """Write a video of 20 frames/s; like DISFA's, its codec predicts frames from one another."""
    with atomic_path(path) as temporary:
        writer = cv2.VideoWriter(str(temporary), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"XVID"), 20.0, size)
        if not writer.isOpened():
            raise RuntimeError(
                "this OpenCV has no FFmpeg with an MPEG-4 encoder: install opencv-python-headless"
            )
        written = 0
        for written, picture in enumerate(pictures, 1):  # noqa: B007
            writer.write(picture)
        writer.release()
        reader = cv2.VideoCapture(str(temporary), cv2.CAP_FFMPEG)
        whole = sum(1 for _ in iter(reader.grab, False)) == written
        reader.release()
        if not whole:  # the writer does not say when a disk is full
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
