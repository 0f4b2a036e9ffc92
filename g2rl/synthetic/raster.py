"""Triangles to pixels: OpenCV's z-buffer rasteriser behind our own projection."""

import cv2
import numpy as np

_SETTINGS = cv2.TriangleRasterizeSettings()
_SETTINGS.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
_SETTINGS.setCullingMode(cv2.RASTERIZE_CULLING_CW)
_OPEN = cv2.TriangleRasterizeSettings()
_OPEN.setShadingType(cv2.RASTERIZE_SHADING_SHADED)
_OPEN.setCullingMode(cv2.RASTERIZE_CULLING_NONE)
FAR = 100.0
_WORLD = np.eye(4, dtype=np.float32)


def rasterize(
    points: np.ndarray,
    depth: np.ndarray,
    triangles: np.ndarray,
    attributes: list[np.ndarray],
    size: tuple[int, int],
    behind: np.ndarray | None = None,
) -> tuple[list[np.ndarray], np.ndarray]:
    """Draw triangles, nearest first, interpolating vertex attributes with perspective.

    Args:
        points: (V, 2) pixel coordinates, (0, 0) the centre of the top left pixel.
        depth: (V,) distances from the camera plane, > 0.1.
        triangles: (T, 3) int32; those seen from behind are not drawn, unless ``behind`` is given.
        attributes: arrays (V, 3) float32 in [0, 1].
        size: (height, width) of the image.
        behind: (height, width) depths already drawn; then both sides of a triangle are drawn.

    Returns:
        One (height, width, 3) float32 image per attribute, 0 where nothing is, and the (height, width)
        float32 depths, `FAR` where nothing is.
    """
    height, width = size
    # The rasteriser has one camera, with the axis in the image's middle: at a field of view of 90 degrees
    # these vertices land on `points` in it.
    half = height / 2
    vertices = np.empty((len(points), 3), np.float32)
    vertices[:, 0] = (points[:, 0] - (width - 1) / 2) * depth / half
    vertices[:, 1] = ((height - 1) / 2 - points[:, 1]) * depth / half
    vertices[:, 2] = -depth
    images = []
    for values in attributes:
        nearest = np.full((height, width), FAR, np.float32) if behind is None else behind.copy()
        image = np.zeros((height, width, 3), np.float32)
        cv2.triangleRasterize(
            vertices, triangles, values, image, nearest, _WORLD, np.pi / 2, 0.1, FAR,
            _SETTINGS if behind is None else _OPEN,
        )  # fmt: skip
        images.append(image)
    return images, nearest


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """(V, 3) float32 unit normals: the area-weighted mean of the triangles' around each vertex."""
    x, y, z = np.ascontiguousarray(vertices.T)
    a, b, c = np.ascontiguousarray(triangles.T)
    (x1, y1, z1), (x2, y2, z2) = ((x[k] - x[a], y[k] - y[a], z[k] - z[a]) for k in (b, c))
    corners = np.concatenate([a, b, c])
    face = (y1 * z2 - z1 * y2, z1 * x2 - x1 * z2, x1 * y2 - y1 * x2)
    normals = np.stack([np.bincount(corners, np.tile(side, 3), len(vertices)) for side in face], axis=1)
    length = np.sqrt(np.einsum("ij,ij->i", normals, normals))
    return (normals / np.maximum(length, 1e-9)[:, None]).astype(np.float32)
