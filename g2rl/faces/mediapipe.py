"""Faces and dlib's 68 landmarks by MediaPipe's networks: also turned, covered and small faces."""

from collections.abc import Iterable

import cv2
import numpy as np

from g2rl.faces.boxes import expected_box, overlap, width
from g2rl.faces.detectors import Face
from g2rl.faces.mediapipe_models import POSITIONS, SIDE, detect, predict_mesh
from g2rl.faces.warp import transform_points, warp

Square = tuple[float, float, float]  # side, left, top

COLOUR = True
DETECTED = 0.6  # least score of the detector: with MediaPipe's own 0.5 letters may be taken for faces
LEAST = 0.5  # least score of the mesh
SAME = 0.3  # faces that overlap by more (intersection over union) are one
MARGIN = 1.5  # side of the mesh's input over the longer side of the face
FOREHEAD = 0.22  # height of the mesh above the brows, over the height of the 68 points
TILE = 0.6  # side of the parts of an image that are searched for small faces, over its longer side
# Each of dlib's 68 landmarks is the middle between two points of the mesh, the nearest ones on drawn people,
# chosen for one side of the face and mirrored.
POINTS = np.array(
    [
        # jaw
        *[(127, 127), (234, 234), (234, 58), (214, 137), (58, 212), (149, 138), (136, 148), (152, 149)],
        *[(377, 148), (152, 378), (365, 377), (378, 367), (288, 432), (434, 366), (454, 288), (454, 454)],
        *[(356, 356)],
        # brows
        *[(70, 224), (104, 225), (66, 66), (65, 107), (9, 55)],
        *[(9, 285), (295, 336), (296, 296), (333, 445), (300, 444)],
        # nose
        *[(122, 417), (196, 351), (419, 45), (275, 44)],
        *[(97, 129), (166, 164), (164, 2), (392, 164), (326, 358)],
        # eyes
        *[(163, 163), (159, 145), (23, 221), (112, 112), (144, 128), (160, 120)],
        *[(341, 341), (253, 441), (386, 374), (390, 390), (387, 349), (373, 357)],
        # lips
        *[(146, 146), (73, 39), (37, 0), (0, 0), (267, 0), (303, 269), (375, 375)],
        *[(405, 405), (313, 315), (18, 16), (83, 85), (181, 181)],
        *[(146, 179), (38, 38), (12, 12), (268, 268), (375, 403), (316, 317), (14, 15), (86, 87)],
    ]
)


def find_largest(image: np.ndarray) -> Face | None:
    """The largest face in an image (H, W, 3) uint8 RGB; its parts are searched only if it shows none."""
    return next(iter(_find(image, _whole(image)) or find_all(image)), None)


def find_all(image: np.ndarray) -> list[Face]:
    """Every face in an image (H, W, 3) uint8 RGB, the largest first.

    From a fortieth of the image's longer side to the whole of it; upright, or turned by up to 30°.
    """
    height, wide = image.shape[:2]
    tile = TILE * max(height, wide)
    tiles = [(tile, x, y) for y in _starts(height, tile) for x in _starts(wide, tile)]
    return _find(image, [*_whole(image), *tiles])


def find_near(image: np.ndarray, points: np.ndarray) -> Face | None:
    """The face near the place of its 68 points (68, 2) in the frame before."""
    across = points[45] - points[36]
    turn = np.array([across, (-across[1], across[0])]) / np.linalg.norm(across)
    turned = points @ turn.T
    low, high = turned.min(0), turned.max(0)
    low[1] -= FOREHEAD * (high[1] - low[1])
    face = _predict(image, _to_crop((low + high) / 2 @ turn, across, (high - low).max()))
    return face if face.score > LEAST else None


def _whole(image: np.ndarray) -> list[Square]:
    """Squares around a whole image: the detector finds faces of up to half of a square."""
    side = float(max(image.shape[:2]))
    return [(2 * side, 0.0, 0.0), (side, 0.0, 0.0)]


def _starts(length: float, tile: float) -> list[float]:
    """Where tiles begin that cover a side of an image."""
    return [0.0] if length <= tile else [0.0, length - tile]


def _find(image: np.ndarray, squares: Iterable[Square]) -> list[Face]:
    """Every face that fits into one of the squares."""
    scores, places = (
        np.concatenate(each) for each in zip(*(_search(image, s) for s in squares), strict=True)
    )
    corners = np.hstack([places[:, 0] - places[:, 1] / 2, places[:, 1]])
    faces: list[Face] = []
    for k in np.ravel(cv2.dnn.NMSBoxes(corners.tolist(), scores.tolist(), DETECTED, SAME)).astype(int):
        centre, size, right, left = places[k, :4]
        first = _predict(image, _to_crop(centre, left - right, size.max()))
        face = find_near(image, first.points)
        if face and not any(overlap(face.box, known.box) > SAME for known in faces):
            faces.append(face)
    return sorted(faces, key=lambda face: width(face.box), reverse=True)


def _search(image: np.ndarray, square: Square) -> tuple[np.ndarray, np.ndarray]:
    """Scores and places (see ``detect``) of what may be faces in a square, in pixels of the image."""
    side, left, top = square
    scale = SIDE / side
    shift = (scale - 1) / 2
    matrix = np.array([[scale, 0, shift - scale * left], [0, scale, shift - scale * top]])
    scores, places = detect(warp(image, matrix, SIDE))
    sure = scores > DETECTED
    places = places[sure]
    places[:, 1] /= scale
    places[:, POSITIONS] = transform_points(cv2.invertAffineTransform(matrix), places[:, POSITIONS])
    return scores[sure], places


def _to_crop(centre: np.ndarray, across: np.ndarray, side: float) -> np.ndarray:
    """(2, 3): from the image to the mesh's input, an upright face of this size in its middle.

    Args:
        centre: (2,) x, y.
        across: (2,) from the eye on the left of the image to the one on the right.
    """
    cos, sin = across / np.linalg.norm(across)
    turn = np.array([[cos, sin], [-sin, cos]]) * (SIDE / (MARGIN * side))
    return np.column_stack([turn, (SIDE - 1) / 2 - turn @ centre])


def _predict(image: np.ndarray, to_crop: np.ndarray) -> Face:
    score, mesh = predict_mesh(warp(image, to_crop, SIDE))
    points = transform_points(cv2.invertAffineTransform(to_crop), mesh[POINTS].mean(1))
    return Face(score, expected_box(points), points)
