"""Landmarks of a real photograph, of moving, cut, crowded and faceless sequences."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.transform import SimilarityTransform

from g2rl.faces import dlib_faces
from g2rl.faces.alignment import alignment_matrix
from g2rl.faces.boxes import expected_box
from g2rl.faces.landmarks import detect_landmarks
from g2rl.faces.mean_shape import MEAN_SHAPE
from g2rl.faces.tracker import FaceTracker
from g2rl.faces.warp import transform_points, warp
from g2rl.io.video import open_source
from tests.media import Frames, placed

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


@settings(deadline=None)
@given(st.floats(20, 900), st.floats(-0.6, 0.6), st.floats(-300, 900), st.floats(-300, 900))
def test_expected_box_of_a_moved_mean_face(side, angle, x, y):
    motion = SimilarityTransform(scale=side, rotation=angle, translation=(x, y))
    left, top, right, bottom = expected_box(motion(MEAN_SHAPE))
    np.testing.assert_allclose([right - left, bottom - top], side)
    np.testing.assert_allclose([(left + right) / 2, (top + bottom) / 2], motion([[0.5, 0.5]])[0], atol=1e-6)


def middle(result):
    return (result.box[:, :2] + result.box[:, 2:]) / 2


def test_photograph_is_landmarked_and_aligned(tmp_path, photograph):
    cv2.imwrite(str(tmp_path / "0007.png"), photograph[..., ::-1])
    result = detect_landmarks(open_source(tmp_path))
    assert result.frame.tolist() == [7]
    assert result.found.all()
    assert result.score[0] > 0.5
    points = result.landmarks[0]
    for point, where in SEEN.items():
        assert np.linalg.norm(points[point] - where) < 0.05 * FACE_WIDTH, point

    matrix = alignment_matrix(points)
    aligned = warp(photograph, matrix)
    seen = transform_points(matrix, np.array(list(SEEN.values())))
    # The same points on the template, and the image there: dark pupils, bright teeth.
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
        _, _, fresh = FaceTracker(dlib_faces)(frame)
        eyes = np.linalg.norm(fresh[36] - fresh[45])
        assert np.linalg.norm(points - fresh, axis=1).mean() < 0.04 * eyes


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


@pytest.mark.slow
def test_pages_of_2_mb_change_no_byte(tmp_path, photograph):
    """The rule asks glibc for them: see workflow/rules/landmarks.smk."""
    cv2.imwrite(str(tmp_path / "0001.png"), photograph[..., ::-1])
    for setting in (0, 1):
        environment = os.environ | {"GLIBC_TUNABLES": f"glibc.malloc.hugetlb={setting}"}
        out = tmp_path / f"{setting}.h5"
        command = [sys.executable, "-m", "g2rl", "landmarks", str(tmp_path), "-o", str(out)]
        subprocess.run(command, env=environment, check=True)
    assert (tmp_path / "0.h5").read_bytes() == (tmp_path / "1.h5").read_bytes()
