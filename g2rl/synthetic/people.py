"""People rendered for transfer to real faces: many of them, few images of each, as varied as photos are."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.datasets.people import People
from g2rl.synthetic import actions
from g2rl.synthetic.camera_faults import through_camera
from g2rl.synthetic.head import Head
from g2rl.synthetic.lighting import Light, draw_background
from g2rl.synthetic.occluders import Occlusion, draw_occlusion
from g2rl.synthetic.person import make_person
from g2rl.synthetic.scene import Camera, Pose, Scene

AUS = People.aus
IMAGES_EACH = 16  # of a person, under four lights
_LIGHTS = 4
_SIDE = 320  # of what is drawn, pixels
_CROP = 1.9  # side of an image, in those of the square around the face's landmarks
_SYMMETRIC = (1, 4, 9, 17, 23, 25, 26)  # AUs that hardly anyone shows on one side alone
_COLUMN = [actions.MORE_AUS.index(au) for au in AUS]
# Landmarks around which an AU shows: where most of them are covered the AU is not coded.
_BROWS, _EYES, _MOUTH = [*range(17, 27)], [*range(36, 48)], [*range(48, 68)]
_NOSE, _CHIN = [29, 30, *range(31, 36)], [*range(6, 11), 57]
_REGION = dict.fromkeys((1, 2, 4), _BROWS) | dict.fromkeys((5, 6, 7, 45), _EYES)
_REGION |= {9: _NOSE, 10: _NOSE, 17: _CHIN}  # all others: the mouth
_COVERED = 0.6


@dataclass(frozen=True)
class Photo:
    """One image of a person and what is known of it.

    Attributes:
        jpeg: the file's bytes.
        codes: (K,) int8 intensities 0 to 5 of `AUS`, −1 where the AU is hidden.
        activation: (K,) float32 in [0, 1] of the stronger side, hidden or not; of AU25 by `lips_apart`.
        points: (68, 2) float32 pixels of the mesh where dlib's landmarks lie.
        yaw, pitch: radians.
        traits: what a fairness table groups by; see `TRAITS`.
    """

    jpeg: bytes
    codes: np.ndarray
    activation: np.ndarray
    points: np.ndarray
    yaw: float
    pitch: float
    traits: tuple[float, ...]


TRAITS = ("female", "old", "tone", "ambient", "covered", "sharpness")


def photos(head: Head, rng: np.random.Generator, count: int, varied: bool = False) -> Iterator[Photo]:
    """``count`` photos, `IMAGES_EACH` of each person, drawn from ``rng``; ``varied``: see `make_person`."""
    for start in range(0, count, IMAGES_EACH):
        yield from _person(head, rng, min(IMAGES_EACH, count - start), varied)


def _person(head: Head, rng: np.random.Generator, count: int, varied: bool) -> Iterator[Photo]:
    person = make_person(head, rng, bool(rng.random() < 0.5), actions.MORE_AUS, varied)
    glasses = rng.random() < 0.25
    for k in range(count):
        if k % (IMAGES_EACH // _LIGHTS) == 0:
            light, camera = _draw_light(rng), _draw_camera(rng)
            scene = Scene(person, camera, light, draw_background(rng, _SIDE, _SIDE))
        sides = draw_activation(rng)
        pose = _draw_pose(rng)
        image, vertices = scene.frame(sides, pose)
        points = vertices[head.landmarks]
        occlusion = draw_occlusion(rng, image, points, person, camera, pose, glasses)
        occlusion, points = _crop(rng, occlusion, points)
        jpeg, sharpness = through_camera(rng, occlusion.image)
        activation = sides.max(axis=0)[_COLUMN].astype(np.float32)
        activation[AUS.index(25)] = lips_apart(person.mesh(sides)[head.landmarks])
        looks = person.looks
        traits = (looks.female, looks.old, looks.tone, light.ambient, float(occlusion.mask.mean()), sharpness)
        yield Photo(
            jpeg,
            codes(activation, points, occlusion),
            activation,
            points,
            pose.yaw,
            pose.pitch,
            tuple(map(float, traits)),
        )


def _crop(rng: np.random.Generator, whole: Occlusion, points: np.ndarray) -> tuple[Occlusion, np.ndarray]:
    """The square around a face, not quite in its middle, and the landmarks in it."""
    low, high = points.min(axis=0), points.max(axis=0)
    side = round(_CROP * float((high - low).max()))
    left, top = np.round((low + high) / 2 - side / 2 + rng.normal(0, 0.04, 2) * side).astype(int)
    to_square = np.array([[1, 0, -left], [0, 1, -top]], float)
    image, mask = (
        cv2.warpAffine(plane, to_square, (side, side), borderMode=cv2.BORDER_REPLICATE)
        for plane in (whole.image, whole.mask)
    )
    return Occlusion(image, mask), points - np.array([left, top], np.float32)


def lips_apart(points: np.ndarray) -> float:
    """Activation of AU25, in [0, 1], of the mesh's landmarks (68, 3): parted lips, whatever parts them.

    The height of the gap between the lips in lengths of the nose: 0 up to 0.04, which lips at rest reach, and
    1 from 0.45, wide open. The power makes small gaps, as of speech, count.
    """
    gap = (points[[61, 62, 63], 1] - points[[67, 66, 65], 1]).mean() / np.linalg.norm(points[27] - points[33])
    return float(np.clip((gap - 0.04) / 0.41, 0, 1) ** 0.7)


def codes(activation: np.ndarray, points: np.ndarray, occlusion: Occlusion) -> np.ndarray:
    """(K,) int8 intensities of `AUS` from activations (K,), −1 of those that something hides."""
    x, y = np.clip(points.round().astype(int), 0, np.array(occlusion.mask.shape[::-1]) - 1).T
    hidden = occlusion.mask[y, x] > 0.5
    found = actions.labels(activation)
    found[[hidden[_REGION.get(au, _MOUTH)].mean() > _COVERED for au in AUS]] = -1
    return found


def draw_activation(rng: np.random.Generator) -> np.ndarray:
    """(2, A) activations of `actions.MORE_AUS` in [0, 1], of the left and of the right side.

    An eighth of faces are neutral; of the others half show what goes together in life, half a few AUs in any
    combination, so that each can be told from those it often comes with.
    """
    whole = np.zeros(len(actions.MORE_AUS))
    at = {au: k for k, au in enumerate(actions.MORE_AUS)}
    kind = rng.random()
    if kind > 0.56:
        whole[: len(actions.AUS)] = actions.tracks(rng, 1)[0]
        whole[at[7]] = np.clip(0.6 * whole[at[6]] + 0.5 * whole[at[9]] + rng.normal(-0.05, 0.2), 0, 1)
        if rng.random() < 0.15:
            whole[at[23]] = rng.uniform(0.1, 1)
    elif kind > 0.12:
        some = [at[au] for au in rng.choice(AUS, rng.integers(1, 6), replace=False)]
        whole[some] = rng.uniform(0.05, 1, len(some))
    if rng.random() < 0.25:  # speech and play
        some = [at[au] for au in rng.choice(actions.UNCODED, rng.integers(1, 3), replace=False)]
        whole[some] = rng.uniform(0.1, 0.9, len(some))
    whole[at[25]] = max(whole[at[25]], 0.6 * whole[at[26]])  # a jaw that drops parts the lips
    if rng.random() < 0.3:
        whole *= rng.uniform(0.2, 0.8)
    whole[at[45]] = rng.uniform(0.7, 1) if rng.random() < 0.1 else 0.5 * max(0, rng.normal(0, 0.25))
    whole[at[5]] *= 1 - whole[at[45]]
    if whole[at[25]] + whole[at[26]] > 0.4:  # lips that part are not tight
        whole[at[23]] *= 0.3
    lean = rng.normal(0, 0.1, len(whole))
    one_sided = rng.random(len(whole)) < 0.06
    lean[one_sided] = rng.choice([-1, 1], one_sided.sum()) * rng.uniform(0.6, 1, one_sided.sum())
    lean[[at[au] for au in _SYMMETRIC]] *= 0.2
    # The stronger side keeps the intensity, as FACS codes it.
    sides = np.stack([whole * (1 - np.clip(lean, 0, 1)), whole * (1 + np.clip(lean, -1, 0))])
    lids = 1 - 0.35 * np.maximum(sides[:, at[6]], sides[:, at[7]])  # they are partly closed already
    sides[:, at[45]] *= lids
    return sides


def _draw_pose(rng: np.random.Generator) -> Pose:
    wide = rng.random() < 0.4
    yaw = rng.uniform(-0.7, 0.7) if wide else rng.normal(0, 0.15)
    pitch = np.clip(rng.normal(0.02, 0.22 if wide else 0.12), -0.5, 0.5)
    roll = np.clip(rng.normal(0, 0.12), -0.4, 0.4)
    gaze = (rng.normal(0, 0.2), rng.normal(0, 0.13))
    return Pose(yaw, pitch, roll, tuple(rng.normal(0, (0.1, 0.06, 0.1))), gaze)


def _draw_camera(rng: np.random.Generator) -> Camera:
    scale, distance = np.exp(rng.uniform(np.log([55, 5]), np.log([115, 20])))
    x, y = rng.normal(0.5, 0.03, 2) * _SIDE
    return Camera(_SIDE, _SIDE, float(scale), float(x), float(y), float(distance))


def _draw_light(rng: np.random.Generator) -> Light:
    direction = np.array([rng.normal(0, 0.8), rng.uniform(-0.4, 1.2), rng.uniform(0.35, 1.2)])
    colour = 1 + rng.normal(0, 0.07, 3) + np.array([0.08, 0, -0.08]) * rng.normal()
    return Light(direction, rng.uniform(0.5, 1.6) * colour / colour.mean(), rng.uniform(0.15, 0.75))
