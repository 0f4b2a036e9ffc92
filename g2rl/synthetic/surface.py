"""The drawn surface: where the mesh is cut into corners, and the corners' pixels in the atlas."""

import numpy as np

from g2rl.synthetic import paint
from g2rl.synthetic.head import PARTS, Head
from g2rl.synthetic.paint import PATCHES
from g2rl.synthetic.shape import smoothstep

EAR = len(PARTS)  # a part beside those of the head
BEYOND_SEAM = len(PARTS) + 1  # the skin on the far side of the cylinder's seam


def angles(vertices: np.ndarray) -> np.ndarray:
    """(V,) float32 radians around the cylinder's axis: 0 looks forwards.

    In double precision: in single the last bit depends on the processor.
    """
    x, z = vertices[:, 0].astype(float), vertices[:, 2].astype(float)
    return np.arctan2(x, z - paint.AXIS).astype(np.float32)


def follow(vertices: np.ndarray, count: int) -> np.ndarray:
    """(V, 1) float32: 0 at the collar, 1 from the jaw up; hair (beyond ``count``) hangs with the head."""
    chin = np.clip(vertices[:, 2] - 0.7, 0, 0.7)
    shoulder = np.clip(np.abs(vertices[:, 0]) - 0.5, 0, None)
    level = vertices[:, 1] + 0.5 * chin - 0.8 * shoulder * (vertices[:, 1] < 6.3)
    level[count:] = vertices[count:, 1] + 0.5
    return smoothstep((level - 5.8) / 0.75)[:, None].astype(np.float32)


def split(head: Head, angle: np.ndarray, ear: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corners: each vertex once per part, and once more beyond the cylinder's seam.

    Returns:
        (C,) the vertex and (C,) the part of each corner (`PARTS`, `EAR` or `BEYOND_SEAM`), and the (T, 3)
        triangles over corners.
    """
    part = head.part.astype(int)
    part[(part == 0) & (ear[head.triangles].min(axis=1) > 0.6)] = EAR
    kind = np.repeat(part[:, None], 3, axis=1)
    around = angle[head.triangles]
    seam = (part == 0) & (around.max(axis=1) - around.min(axis=1) > np.pi)
    kind[seam[:, None] & (around < 0)] = BEYOND_SEAM
    kinds = BEYOND_SEAM + 1
    key, triangles = np.unique(head.triangles * kinds + kind, return_inverse=True)
    return key // kinds, key % kinds, triangles.reshape(-1, 3)


def unwrap(head: Head, corner: np.ndarray, part: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """(C, 2) float64 atlas pixels of the corners."""
    vertices = head.vertices[corner]
    x, y = paint.to_pixels(
        angle[corner] + 2 * np.pi * (part == BEYOND_SEAM),
        np.clip(vertices[:, 1], paint.BOTTOM + 0.02, paint.TOP),
    )
    uv = np.stack([x, y], axis=1)
    for name in ("teeth", "tongue", "mouth", "inside", "ear"):
        here = part == (EAR if name == "ear" else PARTS.index(name))
        x0, y0, width, height = PATCHES[name]
        place = vertices[here]
        low, high = place.min(axis=0), place.max(axis=0)
        across = np.abs(place[:, 0]) if name != "teeth" else place[:, 0] - low[0]
        reach = max(np.abs(low[0]), high[0]) if name != "teeth" else high[0] - low[0]
        uv[here, 0] = x0 + 3 + (width - 7) * across / reach
        uv[here, 1] = y0 + 3 + (height - 7) * (high[1] - place[:, 1]) / (high[1] - low[1])
    x0, y0, width, height = PATCHES["eye"]
    for side in ("left", "right"):
        here = part == PARTS.index(f"{side}_eye")
        # The ball, seen from the front, fills the patch; the gaze shifts the pixels.
        used = head.vertices_of(f"{side}_eye")
        facing = _directions(head.vertices[used])[np.searchsorted(used, corner[here])]
        uv[here, 0] = x0 + width / 2 + facing[:, 0] * width * 0.38
        uv[here, 1] = y0 + height / 2 - facing[:, 1] * height * 0.38
    uv[part == PARTS.index("lashes")] = paint.to_pixels(0.0, 8.4)
    return uv


def _directions(ball: np.ndarray) -> np.ndarray:
    """Unit vectors from an eyeball's centre to its vertices."""
    centre = (ball.min(axis=0) + ball.max(axis=0)) / 2
    return (ball - centre) / np.linalg.norm(ball - centre, axis=1, keepdims=True)
