"""One rendered sequence, written as its layout is on a disk: media, labels and ground truth."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from g2rl.datasets import bp4d
from g2rl.datasets.code_table import write_table_codes
from g2rl.datasets.labels import Labels, write_codes
from g2rl.datasets.registry import get_layout
from g2rl.errors import InputError
from g2rl.io.progress import progress
from g2rl.synthetic import actions, people
from g2rl.synthetic.head import Head, read_head, write_arrays
from g2rl.synthetic.lighting import draw_background, draw_light
from g2rl.synthetic.media import write_jpegs, write_photos, write_video
from g2rl.synthetic.person import Person, make_person
from g2rl.synthetic.recording import Recording, draw_recording
from g2rl.synthetic.scene import Camera, Scene

SHARPNESS = 140  # pixels drawn per decimetre: faces are aligned at about 115
MARGIN = 2  # frames before and after the coded ones in a folder of BP4D's


@dataclass(frozen=True)
class Studio:
    """How the sequences of a layout are recorded.

    Attributes:
        width, height: of the images, pixels.
        scale: pixels per decimetre, from the least to the most.
        middle: where the face's height is in the image, as a share of ``height``.
    """

    width: int
    height: int
    scale: tuple[float, float]
    middle: float

    def draw_camera(self, rng: np.random.Generator) -> Camera:
        scale, across = rng.uniform(*self.scale), rng.normal(0.5, 0.02)
        return Camera(self.width, self.height, scale, self.width * across, self.height * self.middle)


STUDIOS = {"bp4d": Studio(1040, 1392, (205, 240), 0.47), "disfa": Studio(1024, 768, (152, 178), 0.50)}


def render_sequence(
    head: Path,
    layout: str,
    root: Path,
    sequence: str,
    subject: str,
    frames: int,
    seed: int,
    sparse: bool = False,
    varied: bool = False,
) -> list[Path]:
    """Render one sequence's media and label files below ``root``, and its ground truth.

    The person follows from (seed, layout, subject), all else from (seed, layout, sequence): the same
    arguments give the same bytes. The truth, ``root/truth/SEQUENCE.npz``, lies outside the layout:
    ``frame`` (N) int32 numbers, ``face`` (N) bool whether a face is meant to be seen, ``points`` (N, 68, 2)
    float32 pixels of the mesh where dlib's 68 landmarks lie, ``box`` (N, 4) float32 their left, top, right
    and bottom, ``activation`` (N, 14) float32 of `actions.AUS` in [0, 1].

    Args:
        head: what `cut_head` wrote.
        layout: "bp4d", "disfa" or "people" (see `g2rl.synthetic.people`).
        sequence: such as F001_T1, or SN001.
        subject: such as F001 (F: female, M: male), or SN001.
        frames: to render, at least 1.
        sparse: labels as rare as DISFA's.
        varied: see `make_person`.

    Returns:
        what it wrote: media, label files, truth.

    Raises:
        InputError: ``layout`` cannot be rendered, ``frames`` is below 1, ``head`` is no head.
    """
    if layout not in (*STUDIOS, "people"):
        raise InputError(f"layout {layout!r} cannot be rendered: expected bp4d, disfa or people")
    if frames < 1:
        raise InputError(f"{sequence}: {frames} frames to render: expected at least 1")
    cv2.setNumThreads(1)
    if layout == "people":
        return _render_people(read_head(head), Path(root), sequence, frames, seed, varied)
    place, root, studio = get_layout(layout), Path(root), STUDIOS[layout]
    mesh = read_head(head)
    rng = generator(seed, layout, sequence, "sequence")
    person = subject_person(mesh, layout, subject, seed, varied=varied)
    recording = draw_recording(rng, frames, place.aus, sparse)
    camera = studio.draw_camera(rng)
    light, background = draw_light(rng), draw_background(rng, studio.width, studio.height)
    scene = Scene(person, camera, light, background, sharpness=min(1.0, SHARPNESS / camera.scale))
    points = np.full((frames, 68, 2), np.nan, np.float32)

    def images() -> Iterator[np.ndarray]:
        drawn = _images(rng, scene, recording, background)
        for k, (image, vertices) in enumerate(progress(drawn, sequence, frames)):
            if vertices is not None:
                points[k] = vertices[mesh.landmarks]
            yield image

    media = place.media(root, sequence)
    codes = actions.labels(recording.activation)[:, [actions.AUS.index(au) for au in place.aus]]
    if layout == "bp4d":
        numbers = write_jpegs(rng, media, images(), frames) + np.arange(frames)
        codes = _bp4d_codes(rng, codes, recording.hidden)
        coded = slice(MARGIN, frames - MARGIN) if frames > 10 else slice(None)
    else:
        write_video(media, images(), (studio.width, studio.height))
        numbers, coded = np.arange(1, frames + 1), slice(None)
    labels, truth = place.label_paths(root, sequence), place.ground_truth(root, sequence)
    for column, path in enumerate(labels):
        write_codes(path, numbers[coded], codes[coded, column])
    write_arrays(
        truth,
        {
            "frame": numbers.astype(np.int32),
            "face": np.array([not hidden for hidden in recording.hidden]),
            "points": points,
            "box": np.concatenate([points.min(axis=1), points.max(axis=1)], axis=1),
            "activation": recording.activation.astype(np.float32),
        },
    )
    return [media, *labels, truth]


def _render_people(head: Head, root: Path, sequence: str, frames: int, seed: int, varied: bool) -> list[Path]:
    """A group of people. The truth holds also ``yaw``, ``pitch`` in degrees and `people.TRAITS`, all (N)."""
    place = get_layout("people")
    media, (codes,), truth = (
        place.media(root, sequence),
        place.label_paths(root, sequence),
        place.ground_truth(root, sequence),
    )
    known: list[people.Photo] = []

    def jpegs() -> Iterator[bytes]:
        rng = generator(seed, "people", sequence)
        for photo in progress(people.photos(head, rng, frames, varied), sequence, frames):
            known.append(replace(photo, jpeg=b""))
            yield photo.jpeg

    write_photos(media, jpegs())
    number = np.arange(1, frames + 1, dtype=np.int32)
    intensity = np.stack([photo.codes for photo in known])
    write_table_codes(codes, Labels(number, intensity, place.aus))
    traits = np.array([photo.traits for photo in known], np.float32)
    write_arrays(
        truth,
        {
            "frame": number,
            "points": np.stack([photo.points for photo in known]),
            "activation": np.stack([photo.activation for photo in known]),
            "yaw": np.degrees([photo.yaw for photo in known]).astype(np.float32),
            "pitch": np.degrees([photo.pitch for photo in known]).astype(np.float32),
            **dict(zip(people.TRAITS, traits.T, strict=True)),
        },
    )
    return [media, codes, truth]


def generator(seed: int, *names: str) -> np.random.Generator:
    """A random generator that depends on a seed and on names, alike on every machine and in every process."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return np.random.default_rng([seed, *np.frombuffer(digest[:16], "<u4").tolist()])


def subject_person(
    head: Head,
    layout: str,
    subject: str,
    seed: int,
    aus: tuple[int, ...] = actions.AUS,
    varied: bool = False,
) -> Person:
    """The person whom a subject's name stands for, who shows ``aus``; ``varied``: see `make_person`."""
    rng = generator(seed, layout, subject, "person")
    female = bool(rng.random() < 0.5)
    if layout == "bp4d":
        female = subject.startswith("F")
    return make_person(head, rng, female, aus, varied)


def _images(
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
            image = board
        elif hidden == "absent":
            image = background
        else:
            image, points = scene.frame(activation, pose)
        y, x = rng.integers(0, 256, 2)
        here = (slice(y, y + height), slice(x, x + width))
        image = cv2.subtract(cv2.add(image, brighter[here]), darker[here])
        yield image, None if hidden else points


def _bp4d_codes(rng: np.random.Generator, labels: np.ndarray, hidden: list[str]) -> np.ndarray:
    """Labels with code 9 where a coder would have seen no face, and now and then for a single AU."""
    codes = labels.copy()
    codes[[bool(what) for what in hidden]] = bp4d.UNCODED
    if len(codes) >= 12 and rng.random() < 0.4:
        start, length = rng.integers(2, len(codes) - 5), rng.integers(1, 4)
        codes[start : start + length, rng.integers(codes.shape[1])] = bp4d.UNCODED
    return codes
