"""One person: shape, looks, how the face moves and where it furrows, put together into the mesh to draw."""

from dataclasses import dataclass

import numpy as np

from g2rl.synthetic import actions, hair, paint, surface
from g2rl.synthetic.head import PARTS, Head
from g2rl.synthetic.looks import Looks, draw_looks
from g2rl.synthetic.paint import HEIGHT, WIDTH
from g2rl.synthetic.raster import vertex_normals
from g2rl.synthetic.shape import draw_shape, ears
from g2rl.synthetic.texture import Texture, paint_texture

_PIVOT = np.array([0.0, 6.15, 0.15], np.float32)  # the head turns about the neck's top
_UPPER_LIDS, _LOWER_LIDS = [37, 38, 43, 44], [41, 40, 47, 46]  # of dlib's landmarks
_CURTAIN = -1  # the part of the triangles of long hair


@dataclass(frozen=True)
class Person:
    """Everything of a person that does not change in time; lengths in decimetres, colours linear RGB.

    The drawn mesh has corners: a vertex once for each surface (`PARTS`) it belongs to.

    Attributes:
        base: (V, 3) the neutral face.
        aus: the A action units that the face shows.
        actions: (A, V, 3) what each of ``aus`` adds at intensity 5; blink: (V, 3) closed lids.
        left: (V, 1) in [0, 1], how much a vertex lies on the face's left side.
        follow: (V, 1) in [0, 1], how much a vertex goes with the head's pose (1) or stays with the body (0).
        triangles: (T, 3) over vertices, for the normals.
        source: (C,) the vertex of each corner; uv: (C, 2) its pixel in the atlas.
        head, body: (·, 3) triangles over corners, of what moves with the head and what stays.
        lash_vertices: the vertices of the lashes; lashes: (·, 3) triangles over these.
        eye_corners: corners on the eyeballs, whose pixels move with the gaze.
        texture: (*ATLAS, 4) float32 colour and gloss.
        relief: (*ATLAS, 3) float32 slope across, slope along, depth of what does not move (strands, pores).
        furrows: (A, *FACE_SHAPE) depth of each AU's furrows at intensity 5; crease: (*FACE_SHAPE,) at rest.
        subsurface: (3,) how far light bleeds past the terminator in each colour.
        lash_strength: opacity of the lashes.
    """

    aus: tuple[int, ...]
    looks: Looks
    base: np.ndarray
    actions: np.ndarray
    blink: np.ndarray
    left: np.ndarray
    follow: np.ndarray
    triangles: np.ndarray
    source: np.ndarray
    uv: np.ndarray
    head: np.ndarray
    body: np.ndarray
    lash_vertices: np.ndarray
    lashes: np.ndarray
    eye_corners: np.ndarray
    texture: np.ndarray
    relief: np.ndarray
    furrows: np.ndarray
    crease: np.ndarray
    subsurface: np.ndarray
    lash_strength: float

    def mesh(self, activation: np.ndarray, blink: float = 0.0) -> np.ndarray:
        """(V, 3) the face at AU activations (A,) in [0, 1], or (2, A) of its left and its right side; lids
        closed by ``blink`` in [0, 1]."""
        if activation.ndim == 2:
            left, right = (mix(side, self.actions) for side in activation)
            moved = self.base + (self.left * left + (1 - self.left) * right)
        else:
            moved = self.base + mix(activation, self.actions)
        return moved + np.float32(blink) * self.blink if blink > 0 else moved

    def posed(
        self, vertices: np.ndarray, yaw: float, pitch: float, roll: float, shift: np.ndarray
    ) -> np.ndarray:
        """Turn the head by radians (yaw to its left, pitch down, roll to its left) and shift it (3,)."""
        return vertices + self.follow * (turned(vertices, yaw, pitch, roll, shift) - vertices)


def turned(points: np.ndarray, yaw: float, pitch: float, roll: float, shift: np.ndarray) -> np.ndarray:
    """(N, 3) points of a head turned by radians (yaw to its left, pitch down, roll to its left) and shifted
    by (3,)."""
    cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
    turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ np.array([[1, 0, 0], [0, cp, -sp], [0, sp, cp]])
    turn = (turn @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])).astype(np.float32)
    x, y, z = (points - _PIVOT).T
    rotated = np.stack([a * x + b * y + c * z for a, b, c in turn], axis=1)  # no matrix product: see ``mix``
    return rotated + _PIVOT + np.asarray(shift, np.float32)


def mix(weights: np.ndarray, parts: np.ndarray) -> np.ndarray:
    """Σ weights (A,) · parts (A, …), float32, term by term.

    Not a matrix product: its last bits depend on the processor, and so would rendered files.
    """
    total = np.zeros_like(parts[0])
    for weight, part in zip(weights.astype(np.float32), parts, strict=True):
        if weight:
            total += weight * part
    return total


def make_person(
    head: Head,
    rng: np.random.Generator,
    female: bool,
    aus: tuple[int, ...] = actions.AUS,
    varied: bool = False,
) -> Person:
    """Draw a person who shows ``aus`` from ``rng``: the same generator state makes the same person.

    Args:
        varied: people differ more, as in life: in the face at rest (`actions.draw_rest`), brows, eye sockets
            and beards.
    """
    ancestry = rng.dirichlet([0.4] * 3)
    old = float(np.clip(rng.beta(1.2, 2.4), 0, 0.75))
    base = draw_shape(rng, head, female, old, ancestry)
    side = np.clip(3 * head.vertices[:, :1], -1, 1)
    gain = rng.uniform(0.85, 1.15, len(aus))
    gain[[au == 45 for au in aus]] = 1  # a closed eye is closed in every face
    tilt = rng.normal(0, 0.06, len(aus))  # one side moves a little more
    moves = actions.offsets(head, aus) * gain[:, None, None] * (1 + tilt[:, None, None] * side)
    blink = head.target("fu/eyeBlink@")
    if varied:
        plain, base = base, base + mix(actions.draw_rest(rng, aus), moves.astype(np.float32))
        wider = _lid_gap(head, base) / _lid_gap(head, plain)  # wide eyes have further to close
        moves[[au == 45 for au in aus]] *= wider
        blink = blink * np.float32(wider)
    looks = draw_looks(rng, female, old, ancestry, varied)
    texture = paint_texture(rng, looks)
    angle = surface.angles(head.vertices)
    base = _dressed(rng, head, base, looks, texture, angle)
    mesh = _mesh(rng, head, base, looks, angle)
    furrow_gain = rng.uniform(0.75, 1.1) * (0.85 + 0.4 * old)
    furrows = actions.furrows(rng, aus) * (furrow_gain * gain[:, None, None]).astype(np.float32)
    crease = old * rng.uniform(0.05, 0.3, len(aus)).astype(np.float32)
    crease[[aus.index(au) for au in (4, 9, 14, 15, 17, 20)]] *= 0.35  # else the neutral face frowns
    hanging = ((0, len(mesh["base"]) - len(base)), (0, 0))  # long hair moves with no AU
    return Person(
        **mesh,
        aus=aus,
        looks=looks,
        left=np.pad((0.5 + 0.5 * side).astype(np.float32), hanging),
        actions=np.pad(moves.astype(np.float32), ((0, 0), *hanging)),
        blink=np.pad(blink, hanging),
        texture=texture.colour,
        relief=texture.relief,
        furrows=furrows,
        crease=mix(crease, furrows),
        subsurface=(np.array([0.30, 0.17, 0.13]) * (1 - 0.12 * looks.tone)).astype(np.float32),
        lash_strength=float(rng.uniform(0.45, 0.85) if female else rng.uniform(0.15, 0.45)),
    )


def _lid_gap(head: Head, vertices: np.ndarray) -> float:
    """Mean height of the gap between the lids of both eyes, decimetres."""
    points = vertices[head.landmarks]
    return float((points[_UPPER_LIDS, 1] - points[_LOWER_LIDS, 1]).mean().round(6))


def _dressed(
    rng: np.random.Generator, head: Head, base: np.ndarray, looks: Looks, texture: Texture, angle: np.ndarray
) -> np.ndarray:
    """(V, 3) the face with hair and clothes, which stand off the skin."""
    elevation = head.vertices[:, 1]
    x, y = paint.to_pixels(angle, np.clip(elevation, paint.BOTTOM + 0.05, paint.TOP - 0.02))
    pixel = np.round(y).astype(int).clip(0, HEIGHT - 1), np.round(x).astype(int) % WIDTH
    ear = ears(head)
    on_skin = np.zeros(len(base), np.float32)
    on_skin[head.vertices_of("skin")] = 1
    stand = hair.draw_stand(rng, looks.style, texture.scalp[pixel], elevation) * (1 - ear)
    stand = (stand + 0.05 * texture.cloth[pixel]) * on_skin
    if looks.style == "long":  # ears lie flat under the hair
        base[:, 0] -= np.sign(head.vertices[:, 0]) * ear * on_skin * 0.12
    return base + stand[:, None].astype(np.float32) * vertex_normals(base, head.triangles)


def _mesh(
    rng: np.random.Generator, head: Head, base: np.ndarray, looks: Looks, angle: np.ndarray
) -> dict[str, np.ndarray]:
    """The fields of `Person` that are of its mesh, with the surface of long hair added to it."""
    corner, corner_part, triangles = surface.split(head, angle, ears(head))
    uv = surface.unwrap(head, corner, corner_part, angle)
    added, added_triangles, added_uv = np.zeros((0, 3)), np.zeros((0, 3), int), np.zeros((0, 2))
    if looks.style == "long":
        added, added_triangles, added_uv = hair.curtain(rng, base, angle, head.vertices[:, 1])
    count = len(base)
    source = np.concatenate([corner, count + np.arange(len(added))])
    part = np.append(head.part, np.full(len(added_triangles), _CURTAIN))
    triangles = np.concatenate([triangles, added_triangles + len(corner)])
    follow = surface.follow(np.concatenate([head.vertices, added]), count)
    curtain, lash = part == _CURTAIN, part == PARTS.index("lashes")
    both_sides = np.concatenate([triangles[curtain], triangles[curtain][:, ::-1]])  # seen from inside too
    goes = follow[source, 0][triangles]
    moving = triangles[(goes.max(axis=1) > 0) & ~lash & ~curtain]
    lash_vertices, lashes = np.unique(source[triangles[lash]], return_inverse=True)
    return {
        "base": np.concatenate([base, added]).astype(np.float32),
        "follow": follow,
        "triangles": np.concatenate([head.triangles, added_triangles + count]).astype(np.int32),
        "source": source,
        "uv": np.concatenate([uv, added_uv]).astype(np.float32),
        "head": np.ascontiguousarray(np.concatenate([moving, both_sides]), np.int32),
        "body": np.ascontiguousarray(triangles[(goes.min(axis=1) == 0) & ~curtain], np.int32),
        "lash_vertices": lash_vertices,
        "lashes": np.ascontiguousarray(lashes.reshape(-1, 3), np.int32),
        "eye_corners": np.flatnonzero(np.isin(corner_part, [1, 2])),
    }
