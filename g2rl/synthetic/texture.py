"""A person's texture: skin, lips, eyes, teeth and clothes, painted into the atlas, and its relief."""

from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.synthetic import hair, paint
from g2rl.synthetic.looks import Looks
from g2rl.synthetic.paint import (
    FACE,
    FACE_SHAPE,
    HEIGHT,
    PATCHES,
    WIDTH,
    noise,
    polygon,
    sigmoid,
    spot,
    strokes,
)

_IRIS = np.array([[0.07, 0.035, 0.015], [0.14, 0.08, 0.035], [0.10, 0.17, 0.25], [0.11, 0.16, 0.09]])
_MATT = 0.28  # gloss of skin
_LIPS = [
    (-0.235, 6.605), (-0.12, 6.665), (-0.04, 6.70), (0, 6.69), (0.04, 6.70), (0.12, 6.665),
    (0.235, 6.605), (0.16, 6.535), (0.07, 6.505), (0, 6.50), (-0.07, 6.505), (-0.16, 6.535),
]  # fmt: skip
_LIDS = [(0.16, 7.245), (0.22, 7.305), (0.30, 7.325), (0.38, 7.305), (0.44, 7.26)]


@dataclass(frozen=True)
class Texture:
    """The painted atlas.

    Attributes:
        colour: (*ATLAS, 4) float32 linear RGB and gloss.
        relief: (*ATLAS, 3) float32 slope across, slope along, depth of what does not move (strands, pores).
        scalp, cloth: (HEIGHT, WIDTH) in [0, 1], where hair and clothes stand off the skin.
    """

    colour: np.ndarray
    relief: np.ndarray
    scalp: np.ndarray
    cloth: np.ndarray


def paint_texture(rng: np.random.Generator, looks: Looks) -> Texture:
    """Paint a person's atlas."""
    colour = np.empty((*paint.ATLAS, 4), np.float32)
    colour[..., :3] = looks.skin
    colour[..., 3] = _MATT
    height = np.zeros(paint.ATLAS, np.float32)  # what casts the fixed relief
    _paint_face(rng, looks, colour, height)
    scalp = hair.paint_scalp(rng, looks, colour, height)
    hair.paint_hanging(rng, looks, colour, height)
    cloth = _paint_clothes(rng, colour)
    _paint_eye(rng, looks, _patch(colour, "eye"))
    _paint_mouth_and_ears(looks, colour)
    blurred = cv2.GaussianBlur(height, (0, 0), 0.6)
    relief = np.zeros((*paint.ATLAS, 3), np.float32)
    relief[..., 0] = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    relief[..., 1] = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    np.clip(colour, 0.004, 1, out=colour)
    return Texture(colour, relief, scalp, cloth)


def _blend(face: np.ndarray, layer: np.ndarray, colour: np.ndarray) -> None:
    """Lay a colour over the face, in place, as opaque as ``layer``."""
    face += layer[..., None] * (np.asarray(colour, np.float32) - face)


def _paint_face(rng: np.random.Generator, looks: Looks, colour: np.ndarray, height: np.ndarray) -> None:
    """Paint the moving part of the skin, with lips, lids, brows and beard."""
    face = colour[(*FACE, slice(0, 3))].copy()
    fine, pores = noise(rng, FACE_SHAPE, 1.1), noise(rng, FACE_SHAPE, 2.2)
    blotches, coarse = noise(rng, FACE_SHAPE, 12), noise(rng, FACE_SHAPE, 4)
    flush = 0.6 * spot(0.42, 6.98, 0.16, 0.12) + 0.7 * spot(0, 6.9, 0.12, 0.08) + 0.12 * blotches
    flush = np.clip(flush * rng.uniform(0.3, 0.9), -0.3, 1.5)[..., None]
    face *= np.exp(np.log(np.array([1.0, 0.82, 0.80], np.float32)) * flush)  # not **: see `surface.angles`
    face *= (1 + 0.035 * blotches + 0.018 * coarse + 0.014 * fine)[..., None]
    face *= 1 - rng.uniform(0.04, 0.2) * spot(0.29, 7.17, 0.13, 0.035)[..., None] * np.array(
        [0.8, 1, 0.9], np.float32
    )
    _paint_marks(rng, looks.tone, face)
    lips = polygon(_LIPS, 2.0)
    _paint_lips(rng, looks, face, lips)
    # A dark line where the lids meet the eye.
    _blend(face, strokes([_LIDS], 2, 1.2) * (0.55 if looks.female else 0.35), looks.hair * 0.5)
    _paint_brows(rng, looks, face)
    if not looks.female and rng.random() < 0.65:
        _blend(face, hair.beard(rng, lips, fine, looks.varied), looks.hair)
    gloss = np.full(FACE_SHAPE, _MATT, np.float32)
    gloss += 0.05 * coarse + 0.20 * spot(0, 7.75, 0.3, 0.15) + 0.28 * spot(0, 7.0, 0.06, 0.15) + 0.25 * lips
    colour[(*FACE, slice(0, 3))] = face
    colour[(*FACE, 3)] = gloss
    height[FACE] += 0.075 * fine + 0.06 * pores


def _paint_brows(rng: np.random.Generator, looks: Looks, face: np.ndarray) -> None:
    """Brows; of varied people they may be fair, and the sockets shaded."""
    brows, opacity, lightest = hair.brows(rng, looks.female, looks.varied), (0.7, 0.95), 0.13
    colour = looks.hair
    if looks.varied:
        face *= 1 - rng.uniform(0, 0.4) * spot(0.29, 7.39, 0.14, 0.03)[..., None]
        opacity, lightest = (0.7, 1.0), rng.uniform(0.03, 0.15)
        if rng.random() < 0.2:
            opacity, lightest = (0.2, 0.6), np.inf
            colour = 0.5 * (looks.hair + looks.skin * rng.uniform(0.6, 1.1))
    _blend(face, brows * rng.uniform(*opacity), colour * min(1, lightest / colour.max()))


def _paint_marks(rng: np.random.Generator, tone: float, face: np.ndarray) -> None:
    """Freckles of light skin, and moles."""
    if rng.random() < 0.3 and tone < 1.5:
        freckles = cv2.GaussianBlur((noise(rng, FACE_SHAPE, 1.6) > 2.0).astype(np.float32), (0, 0), 0.9)
        face *= 1 - 0.4 * (freckles * spot(0.3, 7.0, 0.3, 0.15))[..., None] * np.array(
            [0.6, 1, 1], np.float32
        )
    for _ in range(rng.choice([0, 1, 2], p=[0.55, 0.3, 0.15])):
        mole = spot(rng.uniform(-0.7, 0.7), rng.uniform(6.3, 7.8), 0.011, 0.011, mirrored=False)
        face *= 1 - 0.6 * mole[..., None]


def _paint_lips(rng: np.random.Generator, looks: Looks, face: np.ndarray, lips: np.ndarray) -> None:
    made_up = looks.female and rng.random() < 0.45
    rouge = np.array([0.42, 0.11, 0.12]) * rng.uniform(0.7, 1.3) * (1 - 0.1 * looks.tone)
    colour = rouge if made_up else looks.skin * [0.95, 0.62, 0.62] * rng.uniform(0.8, 1.0)
    _blend(face, lips * rng.uniform(0.5, 0.85), colour)
    face *= 1 + 0.05 * (noise(rng, FACE_SHAPE, 1.6, 5) * lips)[..., None]


def _paint_clothes(rng: np.random.Generator, texture: np.ndarray) -> np.ndarray:
    """Paint clothes below a collar; return (HEIGHT, WIDTH) in [0, 1] where they are."""
    neck = rng.uniform(5.78, 6.0)
    dip = rng.choice([0.12, 0.35])
    collar = neck - dip * np.exp(-((paint.ANGLE[None] / rng.uniform(0.4, 0.7)) ** 2))
    above = (paint.ELEVATION[:, None] - collar).astype(np.float32)
    cloth = sigmoid(-above / np.float32(0.008))
    hue = np.clip(1 + 0.22 * rng.normal(0, 1, 3), 0.4, 1.7)
    colour = rng.uniform(0.02, 0.34) * hue / hue.max()
    weave = 1 + np.float32(0.015) * noise(rng, (HEIGHT, WIDTH), 2)
    weave -= np.float32(0.35) * np.exp(-np.square((above + np.float32(0.03)) / np.float32(0.012)))
    here = texture[:HEIGHT, :, :3]
    here += cloth[..., None] * (weave[..., None] * colour.astype(np.float32) - here)
    texture[:HEIGHT, :, 3] *= 1 - cloth
    return cloth


def _patch(texture: np.ndarray, name: str) -> np.ndarray:
    x, y, width, height = PATCHES[name]
    return texture[y : y + height, x : x + width]


def _paint_eye(rng: np.random.Generator, looks: Looks, eye: np.ndarray) -> None:
    """The white, the iris and the pupil of an eyeball seen from the front."""
    size = eye.shape[0]
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2) / (0.38 * size)
    r, turn = np.hypot(x, y), np.arctan2(y, x)
    colour = _IRIS[rng.choice(4, p=[0.3, 0.3, 0.25, 0.15]) if looks.ancestry[0] > 0.5 else 0]
    iris, pupil = np.clip((0.47 - r) / 0.04, 0, 1), np.clip((0.19 - r) / 0.03, 0, 1)
    ring = 1 - 0.6 * np.exp(-(((r - 0.45) / 0.05) ** 2))
    fibres = 1 + 0.22 * np.cos(21 * turn + 2 * np.sin(5 * turn)) * np.clip(r / 0.3, 0, 1)
    white = np.array([0.60, 0.555, 0.53], np.float32) * np.clip(1.15 - 0.35 * r, 0.5, 1)[..., None]
    inner = colour * (fibres * (0.6 + 0.9 * r))[..., None]
    eye[..., :3] = (white + iris[..., None] * (inner - white)) * ring[..., None]
    eye[..., :3] *= (1 - 0.99 * pupil)[..., None]
    eye[..., 3] = 1.0


def _paint_mouth_and_ears(looks: Looks, texture: np.ndarray) -> None:
    teeth = _patch(texture, "teeth")
    x = np.linspace(-1, 1, teeth.shape[1])[None]
    gap = 1 - 0.4 * np.exp(-((((x * 4.5) % 1 - 0.5) / 0.10) ** 2)) * (np.abs(x) < 0.98)
    teeth[..., :3] = np.array([0.56, 0.52, 0.44], np.float32) * (gap * (1 - 0.75 * x**2))[..., None]
    teeth[..., 3] = 0.6
    for name, colour, gloss in (
        ("tongue", np.array([0.30, 0.085, 0.08]), 0.4),
        ("mouth", np.array([0.10, 0.02, 0.018]), 0.2),
        ("inside", 0.25 * looks.skin + np.array([0.10, 0.035, 0.03]), 0.2),
        ("ear", looks.skin * [1.0, 0.87, 0.85], 0.25),
    ):
        _patch(texture, name)[..., :3] = colour
        _patch(texture, name)[..., 3] = gloss
