"""One person: a face's shape, its skin, brows, hair and clothes, how it moves and where it furrows."""

from dataclasses import dataclass

import cv2
import numpy as np

from g2rl.synthetic import actions, paint
from g2rl.synthetic.head import PARTS, Head
from g2rl.synthetic.paint import FACE, FACE_SHAPE, HEIGHT, PATCHES, WIDTH, noise, polygon, spot, strokes
from g2rl.synthetic.raster import vertex_normals

# Identity targets that break the face, move it away, or change what an AU shows.
_AVOID = (
    "head-trans", "id/neck", "id/ears", "mouth-trans-in", "mouth-trans-out", "nose-trans-in",
    "nose-trans-out", "head-age", "jaw-drop", "eye-scale", "mouth-angles", "head-fat", "eyebrows",
    "mouth-scale-depth", "mouth-dimples",
)  # fmt: skip
_SKIN = np.array(
    [[0.80, 0.56, 0.46], [0.70, 0.46, 0.35], [0.56, 0.35, 0.25], [0.40, 0.24, 0.165], [0.27, 0.155, 0.105]]
) ** 1.35  # fmt: skip
_HAIR = np.array(
    [[0.016, 0.012, 0.010], [0.035, 0.020, 0.013], [0.075, 0.042, 0.022], [0.26, 0.165, 0.075],
     [0.16, 0.055, 0.02]]
)  # fmt: skip
_IRIS = np.array([[0.07, 0.035, 0.015], [0.14, 0.08, 0.035], [0.10, 0.17, 0.25], [0.11, 0.16, 0.09]])
_GREY = 0.36
_PIVOT = np.array([0.0, 6.15, 0.15], np.float32)  # the head turns about the neck's top
_INTEROCULAR = 0.62  # decimetres; sizes are drawn towards it, so that faces are about equally large


@dataclass(frozen=True)
class Person:
    """Everything of a person that does not change in time; lengths in decimetres, colours linear RGB.

    The drawn mesh has corners: a vertex once for each surface (`PARTS`) it belongs to.

    Attributes:
        base: (V, 3) the neutral face.
        actions: (14, V, 3) what each AU of `actions.AUS` adds at intensity 5; blink: (V, 3) closed lids.
        follow: (V, 1) in [0, 1], how much a vertex goes with the head's pose (1) or stays with the body (0).
        triangles: (T, 3) over vertices, for the normals.
        source: (C,) the vertex of each corner; uv: (C, 2) its pixel in the atlas.
        head, body: (·, 3) triangles over corners, of what moves with the head and what stays.
        lash_vertices: the vertices of the lashes; lashes: (·, 3) triangles over these.
        eye_corners: corners on the eyeballs, whose pixels move with the gaze.
        texture: (*ATLAS, 4) float32 colour and gloss.
        relief: (*ATLAS, 3) float32 slope across, slope along, depth of what does not move (strands, pores).
        furrows: (14, *FACE_SHAPE) depth of each AU's furrows at intensity 5; crease: (*FACE_SHAPE,) at rest.
        subsurface: (3,) how far light bleeds past the terminator in each colour.
        lash_strength: opacity of the lashes.
    """

    base: np.ndarray
    actions: np.ndarray
    blink: np.ndarray
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
        """(V, 3) the face at AU activations (14,) in [0, 1], lids closed by ``blink`` in [0, 1]."""
        moved = self.base + np.tensordot(activation.astype(np.float32), self.actions, 1)
        return moved + np.float32(blink) * self.blink if blink > 0 else moved

    def posed(
        self,
        vertices: np.ndarray,
        yaw: float,
        pitch: float,
        roll: float,
        shift: np.ndarray,
    ):
        """Turn the head by radians (yaw to its left, pitch down, roll to its left) and shift it (3,)."""
        cy, sy, cp, sp, cr, sr = (f(a) for a in (yaw, pitch, roll) for f in (np.cos, np.sin))
        turn = np.array([[cr, -sr, 0], [sr, cr, 0], [0, 0, 1]]) @ np.array(
            [[1, 0, 0], [0, cp, -sp], [0, sp, cp]]
        )
        turn = (turn @ np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])).astype(np.float32)
        there = (vertices - _PIVOT) @ turn.T + _PIVOT + np.asarray(shift, np.float32)
        return vertices + self.follow * (there - vertices)


def make_person(head: Head, rng: np.random.Generator, female: bool) -> Person:
    """Draw a person from ``rng``: the same generator state makes the same person."""
    ancestry = rng.dirichlet([0.4] * 3)  # caucasian, african, asian
    old = float(np.clip(rng.beta(1.2, 2.4), 0, 0.75))
    base = _shape(head, rng, female, ancestry, old)
    moves = actions.offsets(head)
    side = np.clip(3 * head.vertices[:, :1], -1, 1)
    gain = rng.uniform(0.85, 1.15, len(actions.AUS))
    tilt = rng.normal(0, 0.06, len(actions.AUS))  # one side moves a little more
    moves = moves * gain[:, None, None] * (1 + tilt[:, None, None] * side)

    tone = float(np.clip(ancestry @ [0.4, 3.2, 1.0] + rng.normal(0, 0.45), 0, 4))
    skin = np.array([np.interp(tone, range(5), _SKIN[:, c]) for c in range(3)]) * (1 + rng.normal(0, 0.03, 3))
    pick = rng.choice(5, p=[0.2, 0.25, 0.3, 0.15, 0.1] if ancestry[0] > 0.5 else [0.7, 0.3, 0, 0, 0])
    hair_colour = _HAIR[pick] * rng.uniform(0.8, 1.2)
    if old > 0.5:
        hair_colour += (_GREY - hair_colour) * np.clip((old - 0.5) * rng.uniform(1.5, 3.5), 0, 0.85)
    style = rng.choice(
        ["short", "long", "tied", "cropped", "bald"],
        p=[0.25, 0.45, 0.3, 0, 0] if female else [0.6, 0.1, 0.0, 0.22, 0.08],
    )
    texture, relief, scalp, cloth = _paint(rng, female, old, tone, skin, hair_colour, style, ancestry)

    # Hair and clothes stand off the skin.
    elevation = head.vertices[:, 1]
    angle = _angle(head.vertices)
    x, y = paint.to_pixels(angle, np.clip(elevation, paint.BOTTOM + 0.05, paint.TOP - 0.02))
    there = np.round(y).astype(int).clip(0, HEIGHT - 1), np.round(x).astype(int) % WIDTH
    ear = _ears(head)
    on_skin = np.zeros(len(base), np.float32)
    on_skin[head.vertices_of("skin")] = 1
    thickness = {
        "short": rng.uniform(0.07, 0.15),
        "long": rng.uniform(0.07, 0.11),
        "tied": 0.05,
    }.get(style, 0.02)
    if style != "bald":
        crown = 0.6 + 0.4 * np.clip((elevation - 7.6) / 0.6, 0, 1)
        stand = scalp[there] * thickness * crown * (1 - ear)
    else:
        stand = np.zeros(len(base))
    stand = (stand + 0.05 * cloth[there]) * on_skin
    if style == "long":  # ears lie flat under the hair
        base[:, 0] -= np.sign(head.vertices[:, 0]) * ear * on_skin * 0.12
    base = base + stand[:, None].astype(np.float32) * vertex_normals(base, head.triangles)

    corner, corner_part, triangles = _split(head, angle, ear)
    uv = _unwrap(head, corner, corner_part, angle)
    if style == "long":
        curtain, curtain_triangles, curtain_uv = _curtain(rng, base, angle, elevation)
    else:
        curtain, curtain_triangles, curtain_uv = (
            np.zeros((0, 3)),
            np.zeros((0, 3), int),
            np.zeros((0, 2)),
        )
    count = len(base)
    part = np.append(head.part, np.full(len(curtain_triangles), -1))
    triangles = np.concatenate([triangles, curtain_triangles + len(corner)])
    uv = np.concatenate([uv, curtain_uv]).astype(np.float32)
    source = np.concatenate([corner, count + np.arange(len(curtain))])
    full = np.concatenate([base, curtain]).astype(np.float32)
    lash = part == PARTS.index("lashes")
    follow = _follow(np.concatenate([head.vertices, curtain]), count)
    both = np.concatenate(
        [triangles[part == -1], triangles[part == -1][:, ::-1]]
    )  # hair seen from inside too
    goes = follow[source, 0][triangles]
    head_triangles = np.concatenate([triangles[(goes.max(axis=1) > 0) & ~lash & (part != -1)], both])

    lash_vertices, lashes = np.unique(source[triangles[lash]], return_inverse=True)
    pad = ((0, 0), (0, len(curtain)), (0, 0))
    furrow_gain = rng.uniform(0.75, 1.1) * (0.85 + 0.4 * old)
    furrows = actions.furrows(rng) * (furrow_gain * gain[:, None, None]).astype(np.float32)
    rest = old * rng.uniform(0.05, 0.3, len(actions.AUS)).astype(np.float32)
    rest[[actions.AUS.index(au) for au in (4, 9, 14, 15, 17, 20)]] *= 0.35  # else the neutral face frowns
    return Person(
        base=full,
        actions=np.pad(moves.astype(np.float32), pad),
        blink=np.pad(head.target("fu/eyeBlink@"), pad[1:]),
        follow=follow,
        triangles=np.concatenate([head.triangles, curtain_triangles + count]).astype(np.int32),
        source=source,
        uv=uv,
        head=np.ascontiguousarray(head_triangles, np.int32),
        body=np.ascontiguousarray(triangles[(goes.min(axis=1) == 0) & (part != -1)], np.int32),
        lash_vertices=lash_vertices,
        lashes=np.ascontiguousarray(lashes.reshape(-1, 3), np.int32),
        eye_corners=np.flatnonzero(np.isin(corner_part, [1, 2])),
        texture=texture,
        relief=relief,
        furrows=furrows,
        crease=np.tensordot(rest, furrows, 1),
        subsurface=(np.array([0.30, 0.17, 0.13]) * (1 - 0.12 * tone)).astype(np.float32),
        lash_strength=float(rng.uniform(0.45, 0.85) if female else rng.uniform(0.15, 0.45)),
    )


def _shape(
    head: Head, rng: np.random.Generator, female: bool, ancestry: np.ndarray, old: float
) -> np.ndarray:
    """(V, 3) float32 neutral face, the eyes' middle at height 7.28."""
    sex = float(np.clip(1 - abs(rng.normal(0, 0.12)), 0.6, 1))
    sexes = {"female": sex if female else 1 - sex, "male": 1 - sex if female else sex}
    muscle, weight = rng.dirichlet([1, 3, 1]), rng.dirichlet([1, 3, 1.2])
    mix: dict[str, float] = {}
    for sex_name, a in sexes.items():
        for age, b in (("young", 1 - old), ("old", old)):
            for name, c in zip(("caucasian", "african", "asian"), ancestry, strict=True):
                mix[f"ma/{name}-{sex_name}-{age}"] = a * b * c
            for muscle_name, c in zip(("min", "average", "max"), muscle, strict=True):
                for weight_name, d in zip(("min", "average", "max"), weight, strict=True):
                    mix[f"ma/universal-{sex_name}-{age}-{muscle_name}muscle-{weight_name}weight"] = (
                        a * b * c * d
                    )
    pairs: dict[str, list[str]] = {}
    for name in head.names:
        one_side = any(s in name for s in ("/r-", "-right-"))
        if name.startswith("id/") and not one_side and not any(word in name for word in _AVOID):
            pairs.setdefault(name.rsplit("-", 1)[0], []).append(name)
    for stem, names in sorted(pairs.items()):
        use, weight_, choice, tilt = (
            rng.random(),
            abs(rng.normal(0, 0.33)),
            rng.integers(len(names)),
            rng.normal(),
        )
        if use < 0.45:
            continue
        weight_ = min(weight_, 0.75) * (0.6 if stem.startswith("id/head") else 1.0)
        if any(word in stem for word in ("eye-height", "eyefold", "eye-trans", "eye-push", "eye-corner")):
            weight_ *= 0.5
        name = names[choice]
        mix[name] = weight_
        twin = name.replace("/l-", "/r-")
        if twin != name:
            mix[twin] = weight_ * (1 + 0.08 * tilt)
    mix["fu/browInnerUp"] = rng.uniform(0.05, 0.25)  # MakeHuman's neutral brows look stern
    base = head.vertices.copy()
    for name, weight_ in mix.items():
        if name in head.index and weight_:
            base += np.float32(weight_) * head.targets[head.index[name]]
    # MakeHuman's teeth fill the mouth to its corners: let lips that stretch stay in front of them.
    teeth = head.vertices_of("teeth")
    base[teeth] = base[teeth] * np.float32([0.86, 1, 1]) - np.float32([0, 0, 0.05])
    left, right = (base[head.vertices_of(f"{side}_eye")].mean(axis=0) for side in ("left", "right"))
    size = np.float32((_INTEROCULAR / np.linalg.norm(left - right)) ** 0.6)
    middle = ((left + right) / 2).astype(np.float32)
    base = (base - middle) * size + np.float32([0, 7.28, 1.25])
    # Arms stand off in the mesh's rest pose: let them hang.
    for side in (1, -1):
        out = side * head.vertices[:, 0]
        bend = -0.6 * side * _step((out - 1.35) / 0.7) * (head.vertices[:, 1] < 6)
        pivot = np.float32([side * 1.5, 5.55])
        x, y = base[:, 0] - pivot[0], base[:, 1] - pivot[1]
        base[:, 0] = pivot[0] + np.cos(bend) * x - np.sin(bend) * y
        base[:, 1] = pivot[1] + np.sin(bend) * x + np.cos(bend) * y
    return base.astype(np.float32)


def _step(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def _angle(vertices: np.ndarray) -> np.ndarray:
    return np.arctan2(vertices[:, 0], vertices[:, 2] - paint.AXIS)


def _ears(head: Head) -> np.ndarray:
    """(V,) float32 in [0, 1]: how much a vertex belongs to an ear, read off the targets that scale ears."""
    names = [name for name in head.names if "ear-scale-incr" in name or "ear-wing-incr" in name]
    moved = sum(np.linalg.norm(head.target(name), axis=1) for name in names)
    return np.clip(moved / (0.25 * moved.max()), 0, 1).astype(np.float32)


def _follow(vertices: np.ndarray, count: int) -> np.ndarray:
    """(V, 1) float32: 0 at the collar, 1 from the jaw up; hair (beyond ``count``) hangs with the head."""
    chin, shoulder = (
        np.clip(vertices[:, 2] - 0.7, 0, 0.7),
        np.clip(np.abs(vertices[:, 0]) - 0.5, 0, None),
    )
    level = vertices[:, 1] + 0.5 * chin - 0.8 * shoulder * (vertices[:, 1] < 6.3)
    level[count:] = vertices[count:, 1] + 0.5
    return _step((level - 5.8) / 0.75)[:, None].astype(np.float32)


def _split(head: Head, angle: np.ndarray, ear: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners: each vertex once a part, and once more beyond the cylinder's seam.

    Returns the vertex and the part (`PARTS`; len(PARTS) = ear, len(PARTS) + 1 = skin beyond the seam) of each
    corner, and the (T, 3) triangles over corners.
    """
    part = head.part.astype(int)
    part[(part == 0) & (ear[head.triangles].min(axis=1) > 0.6)] = len(PARTS)
    kind = np.repeat(part[:, None], 3, axis=1)
    around = angle[head.triangles]
    seam = (part == 0) & (around.max(axis=1) - around.min(axis=1) > np.pi)
    kind[seam[:, None] & (around < 0)] = len(PARTS) + 1
    key, triangles = np.unique(head.triangles * (len(PARTS) + 2) + kind, return_inverse=True)
    return key // (len(PARTS) + 2), key % (len(PARTS) + 2), triangles.reshape(-1, 3)


def eye_directions(head: Head) -> dict[str, np.ndarray]:
    """Unit vectors from each eyeball's centre to its vertices, by side."""
    out = {}
    for side in ("left", "right"):
        ball = head.vertices[head.vertices_of(f"{side}_eye")]
        centre = (ball.min(axis=0) + ball.max(axis=0)) / 2
        out[side] = (ball - centre) / np.linalg.norm(ball - centre, axis=1, keepdims=True)
    return out


def _unwrap(head: Head, corner: np.ndarray, part: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """(C, 2) float32 atlas pixels of the corners."""
    vertices = head.vertices[corner]
    beyond = part == len(PARTS) + 1
    x, y = paint.to_pixels(
        angle[corner] + 2 * np.pi * beyond,
        np.clip(vertices[:, 1], paint.BOTTOM + 0.02, paint.TOP),
    )
    uv = np.stack([x, y], axis=1)
    for name in ("teeth", "tongue", "mouth", "inside", "ear"):
        here = part == (len(PARTS) if name == "ear" else PARTS.index(name))
        x0, y0, width, height = PATCHES[name]
        place = vertices[here]
        low, high = place.min(axis=0), place.max(axis=0)
        across = np.abs(place[:, 0]) if name != "teeth" else place[:, 0] - low[0]
        reach = max(np.abs(low[0]), high[0]) if name != "teeth" else high[0] - low[0]
        uv[here, 0] = x0 + 3 + (width - 7) * across / reach
        uv[here, 1] = y0 + 3 + (height - 7) * (high[1] - place[:, 1]) / (high[1] - low[1])
    x0, y0, width, height = PATCHES["eye"]
    for side, directions in eye_directions(head).items():
        here = part == PARTS.index(f"{side}_eye")
        # The ball, seen from the front, fills the patch; the gaze shifts the pixels.
        facing = directions[np.searchsorted(head.vertices_of(f"{side}_eye"), corner[here])]
        uv[here, 0] = x0 + width / 2 + facing[:, 0] * width * 0.38
        uv[here, 1] = y0 + height / 2 - facing[:, 1] * height * 0.38
    uv[part == PARTS.index("lashes")] = paint.to_pixels(0.0, 8.4)
    return uv


def _curtain(
    rng: np.random.Generator, base: np.ndarray, angle: np.ndarray, elevation: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Long hair: a surface that hangs around the head, open in front. Vertices, triangles, atlas pixels."""
    rows, columns = 24, 64
    open_ = rng.uniform(0.88, 1.0)
    length = rng.uniform(5.55, 6.55)
    theta = np.linspace(open_, 2 * np.pi - open_, columns)
    level = np.linspace(8.1, length, rows)
    place = base[(elevation > 6.8) & (np.abs(base[:, 0]) < 1.0)]
    around = np.mod(np.arctan2(place[:, 0], place[:, 2] - paint.AXIS), 2 * np.pi)
    out = np.hypot(place[:, 0], place[:, 2] - paint.AXIS)
    gap = np.abs(np.angle(np.exp(1j * (around[None] - theta[:, None]))))
    radius = np.zeros((rows, columns))
    for i, y in enumerate(level):
        # Below the temples hair hangs straight down, outside the ears.
        near = np.abs(place[:, 1] - y) < 0.12 if y > 7.6 else (place[:, 1] > 6.95) & (place[:, 1] < 7.7)
        radius[i] = np.where((gap < 0.16) & near[None], out[None], 0).max(axis=1)
    radius = cv2.GaussianBlur(radius, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
    drop = np.clip((7.6 - level) / 1.6, 0, 1.3)[:, None]
    emerge = _step((8.1 - level) / 0.5)[:, None]  # from inside the cap
    wave = 0.02 * np.sin(level[:, None] * rng.uniform(5, 9) + 3 * theta) * drop
    flare = rng.uniform(0.0, 0.14) * np.sin(np.pi * np.clip(drop / 1.3, 0, 1))
    radius = radius - 0.14 + emerge * rng.uniform(0.17, 0.21) + flare + wave
    # The front edge lies on the temples and the cheeks.
    edge = np.minimum(theta - open_, 2 * np.pi - open_ - theta)[None]
    radius -= 0.14 * np.exp(-((edge / 0.16) ** 2))
    sway = (theta - np.pi)[None] * 0.04 * drop
    y = level[:, None] + np.zeros(columns)
    grid = np.stack(
        [radius * np.sin(theta + sway), y, paint.AXIS + radius * np.cos(theta + sway)],
        axis=2,
    )
    index = np.arange(rows * columns).reshape(rows, columns)
    a, b, c, d = index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]
    triangles = np.concatenate(
        [np.stack([a, d, c], -1).reshape(-1, 3), np.stack([a, c, b], -1).reshape(-1, 3)]
    )
    x0, y0, width, height = PATCHES["hair"]
    u = np.broadcast_to(np.linspace(x0 + 4, x0 + width - 5, columns), (rows, columns))
    v = np.broadcast_to(np.linspace(y0 + 4, y0 + height - 5, rows)[:, None], (rows, columns))
    return grid.reshape(-1, 3), triangles, np.stack([u, v], axis=2).reshape(-1, 2)


def _paint(rng, female, old, tone, skin, hair_colour, style, ancestry):
    """The atlas: (texture, relief) of `Person`, and where scalp hair and clothes are, (HEIGHT, WIDTH)."""
    texture = np.empty((*paint.ATLAS, 4), np.float32)
    texture[..., :3] = skin
    texture[..., 3] = 0.28
    height = np.zeros(paint.ATLAS, np.float32)  # what casts the fixed relief

    face = texture[(*FACE, slice(0, 3))].copy()
    gloss = np.full(FACE_SHAPE, 0.28, np.float32)

    def blend(layer: np.ndarray, colour: np.ndarray) -> None:
        nonlocal face
        face += layer[..., None] * (np.asarray(colour, np.float32) - face)

    fine, pores = noise(rng, FACE_SHAPE, 1.1), noise(rng, FACE_SHAPE, 2.2)
    blotches, coarse = noise(rng, FACE_SHAPE, 12), noise(rng, FACE_SHAPE, 4)
    flush = 0.6 * spot(0.42, 6.98, 0.16, 0.12) + 0.7 * spot(0, 6.9, 0.12, 0.08) + 0.12 * blotches
    flush = np.clip(flush * rng.uniform(0.3, 0.9), -0.3, 1.5)[..., None]
    face *= np.array([1.0, 0.82, 0.80], np.float32) ** flush
    face *= (1 + 0.035 * blotches + 0.018 * coarse + 0.014 * fine)[..., None]
    face *= 1 - rng.uniform(0.04, 0.2) * spot(0.29, 7.17, 0.13, 0.035)[..., None] * np.float32([0.8, 1, 0.9])
    if rng.random() < 0.3 and tone < 1.5:  # freckles
        freckles = cv2.GaussianBlur((noise(rng, FACE_SHAPE, 1.6) > 2.0).astype(np.float32), (0, 0), 0.9)
        face *= 1 - 0.4 * (freckles * spot(0.3, 7.0, 0.3, 0.15))[..., None] * np.float32([0.6, 1, 1])
    for _ in range(rng.choice([0, 1, 2], p=[0.55, 0.3, 0.15])):
        mole = spot(rng.uniform(-0.7, 0.7), rng.uniform(6.3, 7.8), 0.011, 0.011, mirrored=False)
        face *= 1 - 0.6 * mole[..., None]
    lips = polygon(
        [(-0.235, 6.605), (-0.12, 6.665), (-0.04, 6.70), (0, 6.69), (0.04, 6.70), (0.12, 6.665),
         (0.235, 6.605), (0.16, 6.535), (0.07, 6.505), (0, 6.50), (-0.07, 6.505), (-0.16, 6.535)], 2.0,
    )  # fmt: skip
    made_up = female and rng.random() < 0.45
    rouge = np.array([0.42, 0.11, 0.12]) * rng.uniform(0.7, 1.3) * (1 - 0.1 * tone)
    lip_colour = rouge if made_up else skin * [0.95, 0.62, 0.62] * rng.uniform(0.8, 1.0)
    blend(lips * rng.uniform(0.5, 0.85), lip_colour)
    face *= 1 + 0.05 * (noise(rng, FACE_SHAPE, 1.6, 5) * lips)[..., None]
    # A dark line where the lids meet the eye.
    blend(strokes([[(0.16, 7.245), (0.22, 7.305), (0.30, 7.325), (0.38, 7.305), (0.44, 7.26)]], 2, 1.2)
          * (0.55 if female else 0.35), hair_colour * 0.5)  # fmt: skip

    # Brows: short strokes that fan from upright at the nose to lying flat at the temple.
    thick, lift, arch = (
        rng.uniform(0.016, 0.030 if female else 0.038),
        rng.normal(0.01, 0.01),
        rng.normal(0, 0.012),
    )
    number = int(rng.uniform(180, 360))
    q, across = rng.random((2, number)), rng.standard_normal((2, number))
    brows = np.zeros(FACE_SHAPE, np.uint8)
    for s, side in enumerate((1, -1)):
        u = 0.105 + q[s] * 0.37
        v = 7.455 + lift + np.interp(q[s], [0, 0.3, 0.65, 1], [0.008, 0.022, 0.04 + arch, 0.0])
        v = v + across[s] * thick * 0.45 * (1 - 0.6 * q[s])
        lean = np.interp(q[s], [0, 0.3, 1], [1.2, 0.6, -0.25]) + rng.normal(0, 0.2, number)
        long = rng.uniform(0.02, 0.045, number)
        x0, y0 = paint.to_pixels(side * u, v)
        x1, y1 = paint.to_pixels(side * (u + long * np.cos(lean)), v + long * np.sin(lean) * 0.8)
        ends = np.stack(
            [
                x0 - FACE[1].start,
                y0 - FACE[0].start,
                x1 - FACE[1].start,
                y1 - FACE[0].start,
            ],
            1,
        )
        for a, b, c, d in np.round(16 * ends).astype(int).tolist():
            cv2.line(brows, (a, b), (c, d), 255, 1, cv2.LINE_AA, 4)
    brows = np.clip(cv2.GaussianBlur(brows.astype(np.float32) / 255, (0, 0), 0.9) * 1.3, 0, 1)
    blend(brows * rng.uniform(0.7, 0.95), hair_colour * min(1, 0.13 / hair_colour.max()))

    if not female and rng.random() < 0.65:
        v, u = paint.FACE_ELEVATION[:, None], np.abs(paint.FACE_ANGLE)[None]
        line = np.interp(
            u,
            [0, 0.1, 0.3, 0.5, 0.8, 1.1, 1.2],
            [6.5, 6.5, 6.60, 6.68, 6.90, 7.05, 7.0],
        )
        beard = (
            1
            / (1 + np.exp(np.clip((v - line) / 0.03, -30, 30)))
            / (1 + np.exp(np.clip((6.22 - v) / 0.04, -30, 30)))
        )
        moustache = spot(0.1, 6.765, 0.085, 0.03)
        beard = np.clip(beard + moustache, 0, 1) * (1 - np.clip(1.5 * lips, 0, 1))
        density = rng.choice([0.12, 0.25, 0.55], p=[0.5, 0.35, 0.15])
        beard = (beard * density * np.clip(0.85 + 0.25 * fine, 0, 1.3)).astype(np.float32)
        blend(np.clip(beard, 0, 0.9), hair_colour)
    gloss += 0.05 * coarse + 0.20 * spot(0, 7.75, 0.3, 0.15) + 0.28 * spot(0, 7.0, 0.06, 0.15) + 0.25 * lips
    texture[(*FACE, slice(0, 3))] = face
    texture[(*FACE, 3)] = gloss
    height[FACE] += 0.075 * fine + 0.06 * pores

    # Scalp hair: inside a hairline, made of vertical strands.
    cylinder = (HEIGHT, WIDTH)
    u, v = np.abs(paint.ANGLE)[None], paint.ELEVATION[:, None]
    strands = 0.6 * noise(rng, cylinder, 1.1, 22) + 0.55 * noise(rng, cylinder, 3.2, 40)
    top = 8.0 + rng.normal(0, 0.05) + (0.14 if style == "bald" else 0.0)
    temple = rng.uniform(-0.05, 0.05)
    sideburn = 7.02 if style != "tied" else 7.25
    hairline = np.interp(
        u, [0, 0.35, 0.62, 0.80, 0.95, 1.15, 1.3, 1.7, np.pi],
        [top, top - 0.02, top - 0.12, 7.62 + temple, 7.40 + temple, sideburn, 7.35, 6.7, 6.3],
    )  # fmt: skip
    if style == "short" and rng.random() < (0.6 if female else 0.35):  # a fringe
        deep = rng.uniform(0.12, 0.24)
        lean = rng.uniform(-0.15, 0.15)
        hairline = hairline - deep * np.exp(-(((paint.ANGLE[None] - lean) / 0.62) ** 4))
    edge = v - hairline.astype(np.float32) + np.float32(0.022) * strands
    scalp = 1 / (1 + np.exp(-np.clip(edge / np.float32(0.02), -30, 30)))
    cover = {"bald": 0.10, "cropped": 0.72}.get(style, 1.0)
    shine = np.clip(1 + 0.30 * strands, 0.25, 2.2)[..., None].astype(np.float32)
    layer = (scalp * cover)[..., None]
    texture[:HEIGHT, :, :3] += layer * (hair_colour.astype(np.float32) * shine - texture[:HEIGHT, :, :3])
    texture[:HEIGHT, :, 3] += scalp * cover * (0.55 - texture[:HEIGHT, :, 3])
    height[:HEIGHT] += 0.30 * strands * scalp * cover
    x0, y0, width, tall = PATCHES["hair"]
    hanging = 0.6 * noise(rng, (tall, width), 1.0, 40) + 0.5 * noise(rng, (tall, width), 4, 60)
    patch = (slice(y0, y0 + tall), slice(x0, x0 + width))
    ends = np.linspace(1.0, 0.8, tall)[:, None]
    texture[patch][..., :3] = hair_colour * (np.clip(1 + 0.30 * hanging, 0.25, 2.2) * ends)[..., None]
    texture[patch][..., 3] = 0.55
    height[patch] = 0.30 * hanging

    neck = rng.uniform(5.78, 6.0)
    dip = rng.choice([0.12, 0.35])
    collar = neck - dip * np.exp(-((paint.ANGLE[None] / rng.uniform(0.4, 0.7)) ** 2))
    above = (v - collar).astype(np.float32)
    cloth = 1 / (1 + np.exp(np.clip(above / np.float32(0.008), -30, 30)))
    hue = np.clip(1 + 0.22 * rng.normal(0, 1, 3), 0.4, 1.7)
    cloth_colour = rng.uniform(0.02, 0.34) * hue / hue.max()
    weave = 1 + np.float32(0.015) * noise(rng, cylinder, 2)
    weave -= np.float32(0.35) * np.exp(-np.square((above + np.float32(0.03)) / np.float32(0.012)))
    texture[:HEIGHT, :, :3] += cloth[..., None] * (
        weave[..., None] * cloth_colour.astype(np.float32) - texture[:HEIGHT, :, :3]
    )
    texture[:HEIGHT, :, 3] *= 1 - cloth

    _paint_patches(rng, texture, skin, ancestry)
    blurred = cv2.GaussianBlur(height, (0, 0), 0.6)
    relief = np.zeros((*paint.ATLAS, 3), np.float32)
    relief[..., 0] = cv2.Sobel(blurred, cv2.CV_32F, 1, 0, ksize=3, scale=0.125)
    relief[..., 1] = cv2.Sobel(blurred, cv2.CV_32F, 0, 1, ksize=3, scale=0.125)
    np.clip(texture, 0.004, 1, out=texture)
    return texture, relief, scalp * (cover > 0.5), cloth


def _paint_patches(
    rng: np.random.Generator,
    texture: np.ndarray,
    skin: np.ndarray,
    ancestry: np.ndarray,
) -> None:
    """Eyes, teeth and what lies inside, into the atlas' patches."""

    def patch(name: str) -> np.ndarray:
        x, y, width, height = PATCHES[name]
        return texture[y : y + height, x : x + width]

    eye = patch("eye")
    size = eye.shape[0]
    y, x = (np.mgrid[:size, :size] - (size - 1) / 2) / (0.38 * size)
    r, turn = np.hypot(x, y), np.arctan2(y, x)
    colour = _IRIS[rng.choice(4, p=[0.3, 0.3, 0.25, 0.15]) if ancestry[0] > 0.5 else 0]
    iris, pupil = np.clip((0.47 - r) / 0.04, 0, 1), np.clip((0.19 - r) / 0.03, 0, 1)
    ring = 1 - 0.6 * np.exp(-(((r - 0.45) / 0.05) ** 2))
    fibres = 1 + 0.22 * np.cos(21 * turn + 2 * np.sin(5 * turn)) * np.clip(r / 0.3, 0, 1)
    white = np.float32([0.60, 0.555, 0.53]) * np.clip(1.15 - 0.35 * r, 0.5, 1)[..., None]
    inner = colour * (fibres * (0.6 + 0.9 * r))[..., None]
    eye[..., :3] = (white + iris[..., None] * (inner - white)) * ring[..., None]
    eye[..., :3] *= (1 - 0.99 * pupil)[..., None]
    eye[..., 3] = 1.0

    teeth = patch("teeth")
    x = np.linspace(-1, 1, teeth.shape[1])[None]
    gap = 1 - 0.4 * np.exp(-((((x * 4.5) % 1 - 0.5) / 0.10) ** 2)) * (np.abs(x) < 0.98)
    teeth[..., :3] = np.float32([0.56, 0.52, 0.44]) * (gap * (1 - 0.75 * x**2))[..., None]
    teeth[..., 3] = 0.6
    for name, colour, gloss in (
        ("tongue", np.array([0.30, 0.085, 0.08]), 0.4),
        ("mouth", np.array([0.10, 0.02, 0.018]), 0.2),
        ("inside", 0.25 * skin + np.array([0.10, 0.035, 0.03]), 0.2),
        ("ear", skin * [1.0, 0.87, 0.85], 0.25),
    ):
        patch(name)[..., :3] = colour
        patch(name)[..., 3] = gloss
