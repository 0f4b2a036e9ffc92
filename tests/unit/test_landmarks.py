"""Landmarks of a real photograph, of moving, cut, crowded and faceless sequences; and their file."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.data import astronaut
from skimage.transform import SimilarityTransform

from g2rl.errors import InputError
from g2rl.faces import dlib_one_level
from g2rl.faces.alignment import similarity, transform_points, warp
from g2rl.faces.dlib_models import load_models, model_path
from g2rl.faces.landmarks import detect_landmarks
from g2rl.faces.landmarks_file import read_landmarks, write_landmarks
from g2rl.faces.mean_shape import MEAN_SHAPE
from g2rl.faces.tracker import FaceTracker, expected_box
from g2rl.io.video import FrameSource, open_source

# Read off the photograph with a ruler: {point: (x, y)}.
SEEN = {
    36: (193, 101),
    39: (211, 103),
    42: (237, 105),
    45: (257, 105),
    33: (223, 132),
    48: (203, 140),
    54: (246, 139),
    8: (221, 178),
}
FACE_WIDTH = 88


class Frames(FrameSource):
    """A sequence that lies in memory; None is a frame that cannot be decoded."""

    def __init__(self, pictures):
        self.path = "memory"
        self.pictures = pictures
        self.numbers = range(1, len(pictures) + 1)

    def _frames(self, grey, wanted):
        for number, picture in zip(self.numbers, self.pictures, strict=True):
            if wanted is None or number in wanted:
                yield number, picture


@pytest.fixture(scope="module")
def photograph():
    return astronaut()


@pytest.fixture(scope="module")
def grey(photograph):
    return cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)


def placed(grey, positions, shape=(480, 640)):
    """A plain frame with the astronaut's head at each (x, y, scale)."""
    frame = np.full(shape, 150, np.uint8)
    for x, y, scale in positions:
        head = cv2.resize(grey[20:220, 130:310], None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        frame[y : y + head.shape[0], x : x + head.shape[1]] = head
    return frame


def middle(result):
    return (result.box[:, :2] + result.box[:, 2:]) / 2


def test_mean_shape_is_the_predictors_own():
    """The model file begins with it, in dlib's packed numbers: a byte of length and sign, then the digits."""
    with open(model_path(), "rb") as file:

        def whole():
            head = file.read(1)[0]
            size = int.from_bytes(file.read(head & 15), "little")
            return -size if head & 128 else size

        assert (whole(), whole(), whole()) == (1, -136, -1)  # version, rows, columns
        points = np.array([whole() * 2.0 ** whole() for _ in range(136)]).reshape(68, 2)
    np.testing.assert_allclose(MEAN_SHAPE, points, atol=3e-4)
    assert np.all(MEAN_SHAPE[[36, 48, 8], 0] + MEAN_SHAPE[[45, 54, 8], 0] == pytest.approx(1, abs=2e-4))


@settings(deadline=None)
@given(st.floats(20, 900), st.floats(-0.6, 0.6), st.floats(-300, 900), st.floats(-300, 900))
def test_expected_box_of_a_moved_mean_face(side, angle, x, y):
    motion = SimilarityTransform(scale=side, rotation=angle, translation=(x, y))
    left, top, right, bottom = expected_box(motion(MEAN_SHAPE))
    np.testing.assert_allclose([right - left, bottom - top], side)
    np.testing.assert_allclose([(left + right) / 2, (top + bottom) / 2], motion([[0.5, 0.5]])[0], atol=1e-6)


def test_photograph_is_landmarked_and_aligned(tmp_path, photograph):
    cv2.imwrite(str(tmp_path / "0007.png"), photograph[..., ::-1])
    result = detect_landmarks(open_source(tmp_path))
    assert result.frame.tolist() == [7]
    assert result.found.all()
    assert result.score[0] > 0.5
    points = result.landmarks[0]
    for point, where in SEEN.items():
        assert np.linalg.norm(points[point] - where) < 0.05 * FACE_WIDTH, point

    matrix = similarity(points)
    aligned = warp(photograph, matrix)
    seen = transform_points(matrix, np.array(list(SEEN.values())))
    # The same points on the template, and the picture there: dark pupils, bright teeth.
    np.testing.assert_allclose(seen[:4, 1], 88, atol=5)
    np.testing.assert_allclose(seen[:4, 0], [77, 106, 150, 180], atol=5)
    eyes = transform_points(matrix, [(203, 101), (247, 103)]).round().astype(int)
    teeth = transform_points(matrix, [(222, 145)])[0].round().astype(int)
    for x, y in eyes:
        assert aligned[y - 3 : y + 4, x - 3 : x + 4].mean() < 90
    assert aligned[teeth[1] - 2 : teeth[1] + 3, teeth[0] - 4 : teeth[0] + 5].mean() > 180


def test_region_of_interest_finds_what_the_whole_frame_does(grey):
    """A turning, swelling, moving head, then a cut: every frame found, its points those of a fresh look."""
    frames = []
    for t in range(12):
        scale = 1.7 + 0.7 * np.sin(t / 2)
        turn = cv2.getRotationMatrix2D((222, 128), 10 * np.sin(t / 2), scale)
        turn[:, 2] += (140 if t < 7 else 380) + 6 * t - 222, 240 - 128
        frames.append(cv2.warpAffine(grey, turn, (640, 480), borderMode=cv2.BORDER_REPLICATE))
    result = detect_landmarks(Frames(frames))
    assert result.found.all()
    for frame, points in zip(frames, result.landmarks, strict=True):
        _, _, fresh = FaceTracker()(frame)
        eyes = np.linalg.norm(fresh[36] - fresh[45])
        assert np.linalg.norm(points - fresh, axis=1).mean() < 0.04 * eyes


@pytest.mark.parametrize(("scale", "width"), [(0.7, 73), (0.8, 73), (1.0, 105), (1.4, 125), (1.7, 150)])
def test_the_detector_of_one_level_sees_faces_of_its_window_alone(grey, scale, width):
    """And them as the whole detector does."""
    models = load_models()
    head = placed(grey, [(8, 8, scale)], (480, 480))
    boxes, scores, _ = models.detector.run(head, 0, 0.0)
    assert [box.width() for box in boxes] == [width]
    seen, same, _ = models.one_level.run(head, 0, 0.0)
    assert (list(seen), list(same)) == (
        (list(boxes), list(scores)) if width < dlib_one_level.WINDOW else ([], [])
    )


def test_another_detector_than_dlibs_is_named(monkeypatch):
    monkeypatch.setattr(dlib_one_level, "PYRAMID", b"none")
    with pytest.raises(InputError, match=r"dlib 20\.0\.1: .* 0 times, expected once: pip"):
        dlib_one_level.for_one_level(load_models().detector)


def test_frames_without_a_face(grey):
    face, none = placed(grey, [(100, 100, 1.2)]), placed(grey, [])
    result = detect_landmarks(Frames([none, face, face, None, face, none, none, face]))
    assert result.found.tolist() == [False, True, True, False, True, False, False, True]
    assert np.array_equal(np.isnan(result.score), ~result.found)
    assert np.array_equal(np.isnan(result.landmarks).all((1, 2)), ~result.found)
    assert np.isfinite(result.landmarks[result.found]).all()
    np.testing.assert_allclose(result.landmarks[[2, 4, 7]] - result.landmarks[1], 0, atol=6)


def test_of_two_faces_the_subject_is_followed(grey):
    small, large = (40, 100, 1.0), (350, 80, 1.4)
    both = placed(grey, [small, large])
    alone = placed(grey, [small])
    none = placed(grey, [])
    first = detect_landmarks(Frames([both, both]))
    assert (middle(first)[:, 0] > 320).all(), "the largest, when nothing came before"
    followed = detect_landmarks(Frames([alone, both, none, both]))
    assert (middle(followed)[followed.found, 0] < 320).all(), "the nearest to the last, also after a gap"
    assert followed.found.tolist() == [True, True, False, True]


def test_file_keeps_everything_and_is_the_same_every_time(tmp_path, grey):
    result = detect_landmarks(Frames([placed(grey, [(100, 100, 1.2)]), None]))
    write_landmarks(tmp_path / "a.h5", result)
    write_landmarks(tmp_path / "b.h5", result)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    back = read_landmarks(tmp_path / "a.h5")
    for name in ("frame", "found", "score", "box", "landmarks"):
        np.testing.assert_array_equal(getattr(back, name), getattr(result, name))
        assert getattr(back, name).dtype == getattr(result, name).dtype


def test_damaged_file_is_named(tmp_path, grey):
    result = detect_landmarks(Frames([None, None]))
    path = tmp_path / "SN001.h5"
    write_landmarks(path, replace(result, score=result.score[:1]))
    with pytest.raises(InputError, match=r"SN001\.h5: score"):
        read_landmarks(path)


def test_missing_or_foreign_model_is_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "face_recognition_models"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (package / "models" / "shape_predictor_68_face_landmarks.dat").write_bytes(b"short")
    with pytest.raises(InputError, match="5 bytes"):
        model_path()
