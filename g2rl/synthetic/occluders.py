"""What hides parts of a face: glasses, a mask, a hand, a microphone, strands of hair."""

from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.synthetic.person import Person, turned
from g2rl.synthetic.scene import Camera, Pose


@dataclass(frozen=True)
class Occlusion:
    """An image (H, W, 3) uint8 BGR with what hides the face, and (H, W) float32 in [0, 1] where it does."""

    image: np.ndarray
    mask: np.ndarray


def draw_occlusion(
    rng: np.random.Generator,
    image: np.ndarray,
    points: np.ndarray,
    person: Person,
    camera: Camera,
    pose: Pose,
    glasses: bool,
) -> Occlusion:
    """Put on what a person wears or holds; most often nothing.

    Args:
        image: (H, W, 3) uint8 BGR.
        points: (68, 2) pixels of the face's landmarks.
        glasses: whether the person wears them.
    """
    canvas = image.astype(np.float32)
    mask = np.zeros(image.shape[:2], np.float32)
    if glasses:
        _put_glasses(rng, canvas, mask, person, camera, pose)
    kind = rng.random()
    if kind < 0.06:
        _put_hair(rng, canvas, mask, points, person)
    elif kind < 0.12:
        _put_hand(rng, canvas, mask, points, person)
    elif kind < 0.16:
        _put_microphone(rng, canvas, mask, points)
    elif kind < 0.19:
        _put_mask(rng, canvas, mask, points)
    elif kind < 0.22:
        _put_blob(rng, canvas, mask, points)
    return Occlusion(cv2.convertScaleAbs(canvas), mask)


def _lay(canvas: np.ndarray, mask: np.ndarray, layer: np.ndarray, colour: np.ndarray) -> None:
    """Lay a colour, (3,) or (H, W, 3) BGR 0–255, over the canvas, as opaque as ``layer`` (H, W)."""
    canvas += layer[..., None] * (np.asarray(colour, np.float32) - canvas)
    np.maximum(mask, layer, out=mask)


def _shape(mask: np.ndarray) -> np.ndarray:
    return np.zeros(mask.shape, np.uint8)


def _soft(shape: np.ndarray, sigma: float = 0.8) -> np.ndarray:
    return cv2.GaussianBlur(shape.astype(np.float32) / 255, (0, 0), sigma)


def _fixed(points: np.ndarray) -> np.ndarray:
    """Points in the fixed-point form of OpenCV's drawing, with 4 bits after the point."""
    return np.round(np.asarray(points, np.float64) * 16).astype(np.int32)


def _eye_distance(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[36:42].mean(axis=0) - points[42:48].mean(axis=0)))


def _skin(rng: np.random.Generator, person: Person) -> np.ndarray:
    """(3,) BGR 0–255 of the person's skin as it shows in a middling light."""
    return 255 * np.sqrt(np.clip(person.looks.skin[::-1] * rng.uniform(0.5, 1.1), 0.01, 1))


def _put_glasses(
    rng: np.random.Generator,
    canvas: np.ndarray,
    mask: np.ndarray,
    person: Person,
    camera: Camera,
    pose: Pose,
) -> None:
    eyes = person.base[person.source[person.eye_corners]]
    centres = [eyes[eyes[:, 0] * side > 0].mean(axis=0) for side in (1, -1)]
    width, height = rng.uniform(0.2, 0.27), rng.uniform(0.14, 0.22)
    turn = np.linspace(0, 2 * np.pi, 33)
    square = rng.uniform(2, 4)
    x = np.sign(np.cos(turn)) * np.abs(np.cos(turn)) ** (2 / square)
    y = np.sign(np.sin(turn)) * np.abs(np.sin(turn)) ** (2 / square)
    front = max(centre[2] for centre in centres) + rng.uniform(0.27, 0.33)
    drop = rng.uniform(0, 0.06)

    def pixels(points: np.ndarray) -> np.ndarray:
        there = turned(points.astype(np.float32), pose.yaw, pose.pitch, pose.roll, np.array(pose.shift))
        return camera.project(there)[0]

    shape, lens = _shape(mask), _shape(mask)
    thick = max(1, round(camera.scale * rng.uniform(0.012, 0.035)))
    inner = []
    above_middle = np.array([0, 0.06, 0])
    for side, centre in zip((1, -1), centres, strict=True):
        across = centre[0] + side * 0.02 + width * x
        back = 0.35 * np.clip(np.abs(across) - 0.3, 0, None) ** 2 + 0.08 * np.clip(
            np.abs(across) - 0.2, 0, None
        )
        rim = np.stack([across, centre[1] - drop + height * y, front - back], axis=1)
        drawn = _fixed(pixels(rim))
        cv2.fillPoly(lens, [drawn], 255, cv2.LINE_AA, 4)
        cv2.polylines(shape, [drawn], True, 255, thick, cv2.LINE_AA, 4)
        nearest, farthest = (rim[k(side * rim[:, 0])] for k in (np.argmin, np.argmax))
        inner.append(nearest + above_middle)
        if side * pose.yaw < 0.15:  # the temple on the side that is turned to the camera
            hinge = farthest + above_middle
            ear = np.array([side * 0.78, hinge[1] + 0.02, 0.35])
            cv2.polylines(shape, [_fixed(pixels(np.stack([hinge, ear])))], False, 255, thick, cv2.LINE_AA, 4)
    cv2.polylines(shape, [_fixed(pixels(np.stack(inner)))], False, 255, thick, cv2.LINE_AA, 4)
    dark = rng.random() < 0.12
    glass = _soft(lens) * (rng.uniform(0.75, 0.97) if dark else rng.uniform(0.0, 0.12))
    above, below = rng.uniform(0, 255, 2)
    glare = np.linspace(above, below, mask.shape[0], dtype=np.float32)[:, None, None]
    tint = rng.uniform(5, 50, 3) if dark else glare * np.ones(3, np.float32)
    _lay(canvas, mask, glass, np.broadcast_to(tint, canvas.shape))
    _lay(canvas, mask, 0.95 * _soft(shape, 0.6), rng.uniform(0, 90) * rng.uniform(0.6, 1, 3))


def _put_mask(rng: np.random.Generator, canvas: np.ndarray, mask: np.ndarray, points: np.ndarray) -> None:
    top = points[29] + rng.uniform(-0.4, 0.6) * (points[30] - points[29])
    outline = np.concatenate([points[2:15], [(points[14] + top) / 2, top, (points[2] + top) / 2]])
    middle = points[[30, 57, 8]].mean(axis=0)
    outline = middle + rng.uniform(1.0, 1.08) * (outline - middle)
    shape = _shape(mask)
    cv2.fillPoly(shape, [_fixed(outline)], 255, cv2.LINE_AA, 4)
    colour = np.array([rng.uniform(120, 250), rng.uniform(120, 240), rng.uniform(80, 240)])
    if rng.random() < 0.3:
        colour = np.full(3, rng.uniform(10, 60))
    y = np.linspace(0, rng.uniform(20, 60), mask.shape[0], dtype=np.float32)[:, None]
    folds = (
        1
        + 0.08 * np.sin(y)
        + 0.2 * (np.linspace(-1, 1, mask.shape[1], dtype=np.float32) * rng.normal())[None]
    )
    _lay(canvas, mask, _soft(shape, 1.0), np.clip(colour * folds[..., None], 0, 255))


def _put_hand(
    rng: np.random.Generator, canvas: np.ndarray, mask: np.ndarray, points: np.ndarray, person: Person
) -> None:
    unit = _eye_distance(points)
    skin = _skin(rng, person)
    target = points[rng.choice([8, 57, 48, 54, 33, 4, 12, 2, 14])]
    angle = rng.uniform(0.1, 0.9) * np.pi  # from below
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    for k in range(int(rng.integers(2, 5))):
        tip = target + across * unit * (0.27 * (k - 1.5)) + along * unit * rng.uniform(-0.15, 0.15)
        shape = _shape(mask)
        thick = max(3, round(unit * rng.uniform(0.22, 0.28)))
        knuckle = tip + along * unit * 0.9 + across * unit * rng.normal(0, 0.06)
        wrist = tip + along * unit * 4
        cv2.polylines(shape, [_fixed(np.stack([tip, knuckle, wrist]))], False, 255, thick, cv2.LINE_AA, 4)
        soft = _soft(shape, 0.8)
        # Rounded: darker to the edges.
        body = np.clip(_soft(shape, thick * 0.3) * 1.25, 0, 1)
        _lay(canvas, mask, soft, skin * (0.45 + 0.6 * body[..., None]) * rng.uniform(0.92, 1.05))


def _put_microphone(
    rng: np.random.Generator, canvas: np.ndarray, mask: np.ndarray, points: np.ndarray
) -> None:
    unit = _eye_distance(points)
    middle = points[[57, 8]].mean(axis=0) + rng.normal(0, 0.35, 2) * unit
    down = np.array([rng.normal(0, 0.4), 1.0])
    shape = _shape(mask)
    handle = np.stack([middle, middle + down * unit * 5])
    cv2.polylines(shape, [_fixed(handle)], False, 255, max(2, round(unit * 0.3)), cv2.LINE_AA, 4)
    radius = unit * rng.uniform(0.3, 0.55)
    cv2.circle(shape, tuple(_fixed(middle)), int(radius * 16), 255, -1, cv2.LINE_AA, 4)
    grain = 1 + 0.25 * rng.standard_normal((*mask.shape, 1), np.float32)
    _lay(canvas, mask, _soft(shape), np.clip(rng.uniform(10, 120) * grain * np.ones(3), 0, 255))


def _put_hair(
    rng: np.random.Generator, canvas: np.ndarray, mask: np.ndarray, points: np.ndarray, person: Person
) -> None:
    unit = _eye_distance(points)
    up = points[27] - points[8]
    up /= np.linalg.norm(up) + 1e-6
    across = np.array([-up[1], up[0]])
    shape = _shape(mask)
    side, spread = rng.uniform(-1.2, 1.2), rng.uniform(0.2, 0.8)
    for _ in range(int(rng.integers(20, 90))):
        at = side + spread * rng.normal()
        root = points[27] + up * unit * rng.uniform(1.2, 1.8) + across * unit * at
        end = (
            points[27]
            + up * unit * rng.uniform(-0.3, 0.6)
            + across * unit * (at + rng.normal(0.2 * side, 0.2))
        )
        middle = (root + end) / 2 + across * unit * rng.normal(0, 0.12)
        cv2.polylines(shape, [_fixed(np.stack([root, middle, end]))], False, 255, 1, cv2.LINE_AA, 4)
    hair = 255 * np.sqrt(np.clip(person.looks.hair[::-1] * rng.uniform(0.6, 1.6), 0.002, 1))
    _lay(canvas, mask, np.clip(1.5 * _soft(shape, 0.6), 0, 0.95), hair)


def _put_blob(rng: np.random.Generator, canvas: np.ndarray, mask: np.ndarray, points: np.ndarray) -> None:
    unit = _eye_distance(points)
    shape = _shape(mask)
    corners = points[rng.integers(0, 68)] + rng.normal(0, 0.6, (6, 2)) * unit
    cv2.fillConvexPoly(shape, cv2.convexHull(_fixed(corners)), 255, cv2.LINE_AA, 4)
    _lay(canvas, mask, _soft(shape, rng.uniform(0.5, 2)), rng.uniform(0, 255, 3))
