"""Hair: brows and beard, the painted scalp, and long hair that hangs around the head."""

import cv2
import numpy as np

from g2rl.synthetic import paint
from g2rl.synthetic.looks import Looks
from g2rl.synthetic.paint import FACE, FACE_SHAPE, HEIGHT, PATCHES, WIDTH, noise, sigmoid, spot
from g2rl.synthetic.shape import smoothstep

_COVER = {"bald": 0.10, "cropped": 0.72}  # how much of the scalp shows; all of it under other styles
_STRAND_DEPTH = 0.30


def brows(rng: np.random.Generator, female: bool, varied: bool = False) -> np.ndarray:
    """(*FACE_SHAPE,) float32 in [0, 1]: short strokes, upright at the nose, lying flat at the temple.

    Varied ones may be thick, low, short or joined.
    """
    if varied:
        full = rng.random() < 0.6
        thick = rng.uniform(0.016, (0.045 if female else 0.07) if full else 0.03)
        lift, arch = rng.normal(0, 0.018), rng.normal(0, 0.014)
        number = int(rng.uniform(180, 360) * thick / 0.027)
        joined = full and rng.random() < 0.08
        start, end = rng.uniform(0, 0.03) if joined else rng.uniform(0.07, 0.125), rng.uniform(0.44, 0.5)
    else:
        thick = rng.uniform(0.016, 0.030 if female else 0.038)
        lift, arch = rng.normal(0.01, 0.01), rng.normal(0, 0.012)
        number = int(rng.uniform(180, 360))
        start, end = 0.105, 0.475
    q, across = rng.random((2, number)), rng.standard_normal((2, number))
    image = np.zeros(FACE_SHAPE, np.uint8)
    for s, side in enumerate((1, -1)):
        u = start + q[s] * (end - start)
        v = 7.455 + lift + np.interp(q[s], [0, 0.3, 0.65, 1], [0.008, 0.022, 0.04 + arch, 0.0])
        v = v + across[s] * thick * 0.45 * (1 - 0.6 * q[s])
        lean = np.interp(q[s], [0, 0.3, 1], [1.2, 0.6, -0.25]) + rng.normal(0, 0.2, number)
        long = rng.uniform(0.02, 0.045, number)
        x0, y0 = paint.to_pixels(side * u, v)
        x1, y1 = paint.to_pixels(side * (u + long * np.cos(lean)), v + long * np.sin(lean) * 0.8)
        left, top = FACE[1].start, FACE[0].start
        ends = np.stack([x0 - left, y0 - top, x1 - left, y1 - top], 1)
        for a, b, c, d in np.round(16 * ends).astype(int).tolist():
            cv2.line(image, (a, b), (c, d), 255, 1, cv2.LINE_AA, 4)
    return np.clip(cv2.GaussianBlur(image.astype(np.float32) / 255, (0, 0), 0.9) * 1.3, 0, 1)


def beard(rng: np.random.Generator, lips: np.ndarray, fine: np.ndarray, varied: bool = False) -> np.ndarray:
    """(*FACE_SHAPE,) float32 in [0, 0.9]: stubble or a beard around the ``lips``, of ``fine`` noise."""
    v, u = paint.FACE_ELEVATION[:, None], np.abs(paint.FACE_ANGLE)[None]
    line = np.interp(u, [0, 0.1, 0.3, 0.5, 0.8, 1.1, 1.2], [6.5, 6.5, 6.60, 6.68, 6.90, 7.05, 7.0])
    area = sigmoid((line - v) / 0.03) / (1 + np.exp(np.clip((6.22 - v) / 0.04, -30, 30)))
    moustache = spot(0.1, 6.765, 0.085, 0.03)
    bare = np.clip(1.5 * lips, 0, 1)
    if varied:
        density = rng.choice([0.12, 0.25, 0.55, 0.95], p=[0.35, 0.25, 0.2, 0.2])
        if density > 0.9:  # over the upper lip too
            moustache, bare = 1.2 * spot(0.11, 6.755, 0.11, 0.045), np.clip(0.9 * lips, 0, 1)
    else:
        density = rng.choice([0.12, 0.25, 0.55], p=[0.5, 0.35, 0.15])
    area = np.clip(area + moustache, 0, 1) * (1 - bare)
    return np.clip((area * density * np.clip(0.85 + 0.25 * fine, 0, 1.3)).astype(np.float32), 0, 0.9)


def paint_scalp(
    rng: np.random.Generator, looks: Looks, texture: np.ndarray, height: np.ndarray
) -> np.ndarray:
    """Paint the scalp's hair, vertical strands inside a hairline, into the atlas.

    Returns:
        (HEIGHT, WIDTH) in [0, 1], where hair stands off the skin.
    """
    shape = (HEIGHT, WIDTH)
    strands = 0.6 * noise(rng, shape, 1.1, 22) + 0.55 * noise(rng, shape, 3.2, 40)
    edge = paint.ELEVATION[:, None] - _hairline(rng, looks).astype(np.float32) + np.float32(0.022) * strands
    scalp = sigmoid(edge / np.float32(0.02))
    cover = _COVER.get(looks.style, 1.0)
    shine = np.clip(1 + _STRAND_DEPTH * strands, 0.25, 2.2)[..., None].astype(np.float32)
    layer = (scalp * cover)[..., None]
    texture[:HEIGHT, :, :3] += layer * (looks.hair.astype(np.float32) * shine - texture[:HEIGHT, :, :3])
    texture[:HEIGHT, :, 3] += scalp * cover * (0.55 - texture[:HEIGHT, :, 3])
    height[:HEIGHT] += _STRAND_DEPTH * strands * scalp * cover
    return scalp * (cover > 0.5)


def paint_hanging(rng: np.random.Generator, looks: Looks, texture: np.ndarray, height: np.ndarray) -> None:
    """Paint the patch of the hair that hangs (`curtain`) into the atlas."""
    x0, y0, width, tall = PATCHES["hair"]
    strands = 0.6 * noise(rng, (tall, width), 1.0, 40) + 0.5 * noise(rng, (tall, width), 4, 60)
    patch = (slice(y0, y0 + tall), slice(x0, x0 + width))
    ends = np.linspace(1.0, 0.8, tall)[:, None]
    shine = np.clip(1 + _STRAND_DEPTH * strands, 0.25, 2.2)
    texture[patch][..., :3] = looks.hair * (shine * ends)[..., None]
    texture[patch][..., 3] = 0.55
    height[patch] = _STRAND_DEPTH * strands


def draw_stand(rng: np.random.Generator, style: str, scalp: np.ndarray, elevation: np.ndarray) -> np.ndarray:
    """How far hair stands off the skin, decimetres: where the ``scalp`` has it, more at the crown."""
    short, long = rng.uniform(0.07, 0.15), rng.uniform(0.07, 0.11)
    thickness = {"short": short, "long": long, "tied": 0.05, "bald": 0.0}.get(style, 0.02)
    return scalp * thickness * (0.6 + 0.4 * np.clip((elevation - 7.6) / 0.6, 0, 1))


def curtain(
    rng: np.random.Generator, base: np.ndarray, angle: np.ndarray, elevation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Long hair: a surface that hangs around the head, open in front.

    Args:
        base: (V, 3) the face, whose skin lies inside; angle, elevation: (V,) its places on the cylinder.

    Returns:
        (W, 3) vertices, (T, 3) triangles over them, (W, 2) their atlas pixels.
    """
    rows, columns = 24, 64
    opening = rng.uniform(0.88, 1.0)
    length = rng.uniform(5.55, 6.55)
    theta = np.linspace(opening, 2 * np.pi - opening, columns)
    level = np.linspace(8.1, length, rows)
    radius = _head_radius(base[(elevation > 6.8) & (np.abs(base[:, 0]) < 1.0)], theta, level)
    drop = np.clip((7.6 - level) / 1.6, 0, 1.3)[:, None]
    emerge = smoothstep((8.1 - level) / 0.5)[:, None]  # from inside the cap
    wave = 0.02 * np.sin(level[:, None] * rng.uniform(5, 9) + 3 * theta) * drop
    flare = rng.uniform(0.0, 0.14) * np.sin(np.pi * np.clip(drop / 1.3, 0, 1))
    radius = radius - 0.14 + emerge * rng.uniform(0.17, 0.21) + flare + wave
    # The front edge lies on the temples and the cheeks.
    edge = np.minimum(theta - opening, 2 * np.pi - opening - theta)[None]
    radius -= 0.14 * np.exp(-((edge / 0.16) ** 2))
    sway = (theta - np.pi)[None] * 0.04 * drop
    y = level[:, None] + np.zeros(columns)
    grid = np.stack([radius * np.sin(theta + sway), y, paint.AXIS + radius * np.cos(theta + sway)], axis=2)
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate(
        [np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)]
    )
    x0, y0, width, height = PATCHES["hair"]
    u = np.broadcast_to(np.linspace(x0 + 4, x0 + width - 5, columns), (rows, columns))
    v = np.broadcast_to(np.linspace(y0 + 4, y0 + height - 5, rows)[:, None], (rows, columns))
    return grid.reshape(-1, 3), triangles, np.stack([u, v], axis=2).reshape(-1, 2)


def _hairline(rng: np.random.Generator, looks: Looks) -> np.ndarray:
    """(1, WIDTH) elevation where the hair of the scalp begins, around the head."""
    top = 8.0 + rng.normal(0, 0.05) + (0.14 if looks.style == "bald" else 0.0)
    temple = rng.uniform(-0.05, 0.05)
    sideburn = 7.02 if looks.style != "tied" else 7.25
    line = np.interp(
        np.abs(paint.ANGLE)[None],
        [0, 0.35, 0.62, 0.80, 0.95, 1.15, 1.3, 1.7, np.pi],
        [top, top - 0.02, top - 0.12, 7.62 + temple, 7.40 + temple, sideburn, 7.35, 6.7, 6.3],
    )
    if looks.style == "short" and rng.random() < (0.6 if looks.female else 0.35):  # a fringe
        deep, lean = rng.uniform(0.12, 0.24), rng.uniform(-0.15, 0.15)
        line = line - deep * np.exp(-(((paint.ANGLE[None] - lean) / 0.62) ** 4))
    return line


def _head_radius(place: np.ndarray, theta: np.ndarray, level: np.ndarray) -> np.ndarray:
    """(levels, angles) how far the skin at (·, 3) ``place`` reaches from the axis, smoothed."""
    around = np.mod(np.arctan2(place[:, 0], place[:, 2] - paint.AXIS), 2 * np.pi)
    out = np.hypot(place[:, 0], place[:, 2] - paint.AXIS)
    gap = np.abs(np.angle(np.exp(1j * (around[None] - theta[:, None]))))
    radius = np.zeros((len(level), len(theta)))
    for i, y in enumerate(level):
        # Below the temples hair hangs straight down, outside the ears.
        near = np.abs(place[:, 1] - y) < 0.12 if y > 7.6 else (place[:, 1] > 6.95) & (place[:, 1] < 7.7)
        radius[i] = np.where((gap < 0.16) & near[None], out[None], 0).max(axis=1)
    return cv2.GaussianBlur(radius, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
