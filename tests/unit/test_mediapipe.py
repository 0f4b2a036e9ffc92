"""Faces and landmarks by MediaPipe's networks on drawn faces, whose true points are known."""

import cv2
import numpy as np
import pytest
from scipy.spatial.distance import cdist

from g2rl.faces import mediapipe
from g2rl.faces.mean_shape import MEAN_SHAPE
from g2rl.faces.mediapipe import POINTS, find_all, find_near
from g2rl.faces.several import FacesTracker
from g2rl.synthetic.dataset import subject_person
from g2rl.synthetic.head import read_head
from g2rl.synthetic.lighting import Light
from g2rl.synthetic.scene import Camera, Pose, Scene

NO_ACTION = np.zeros(14)
MIRRORED = cdist(MEAN_SHAPE * (-1, 1) + (1, 0), MEAN_SHAPE).argmin(1)  # each point's on the other side


@pytest.fixture(scope="module")
def draw(head):
    """A function: pose → (480, 640, 3) RGB and the true (68, 2) points."""
    mesh = read_head(head)
    light = Light(np.array([0.3, 0.4, 1.0]), np.ones(3), 0.5)
    background = np.full((480, 640, 3), 120, np.uint8)
    scene = Scene(
        subject_person(mesh, "bp4d", "F003", 7), Camera(640, 480, 100.0, 320, 240), light, background
    )

    def frame(**pose):
        image, vertices = scene.frame(NO_ACTION, Pose(**pose))
        return image[..., ::-1].copy(), vertices[mesh.landmarks].astype(float)

    return frame


def error(points, truth):
    """Mean distance of the points inside the face, in distances between the outer eye corners."""
    return np.linalg.norm(points - truth, axis=1)[17:].mean() / np.linalg.norm(truth[36] - truth[45])


@pytest.mark.parametrize(
    ("pose", "most"),
    [({}, 0.06), ({"yaw": 0.6}, 0.1), ({"yaw": -0.6}, 0.1), ({"pitch": 0.3}, 0.08), ({"roll": 0.5}, 0.06)],
)
def test_points_of_a_drawn_face(draw, pose, most):
    image, truth = draw(**pose)
    (face,) = find_all(image)
    assert face.score > 0.9
    assert error(face.points, truth) < most
    tracked = find_near(image, face.points + 0.1 * np.ptp(face.points, axis=0))
    assert error(tracked.points, truth) < most


def test_small_and_half_covered_faces(draw):
    image, truth = draw()
    small = cv2.resize(image, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    crowd = np.full((720, 1280, 3), 90, np.uint8)
    crowd[500 : 500 + small.shape[0], 1000 : 1000 + small.shape[1]] = small
    (face,) = find_all(crowd)
    assert error(face.points - (1000, 500), truth * 0.3) < 0.1

    image[int(truth[33, 1]) :] = (40, 60, 50)  # all below the nose
    (face,) = find_all(image)
    assert error(face.points[:48], truth[:48]) < 0.1


def test_no_face_in_noise_or_in_a_plain_image():
    noise = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    assert find_all(noise) == []
    assert find_all(cv2.GaussianBlur(noise, (0, 0), 6)) == []
    assert find_all(np.zeros((20, 30, 3), np.uint8)) == []
    assert find_near(noise, MEAN_SHAPE * 100 + 50) is None


def test_the_table_of_points_is_symmetric(draw):
    """A mirrored face has the mirrored points, as near as the network sees both sides alike."""
    assert POINTS.shape == (68, 2)
    image, _ = draw()
    (face,), (other,) = find_all(image), find_all(image[:, ::-1].copy())
    back = np.column_stack([639 - other.points[:, 0], other.points[:, 1]])[MIRRORED]
    assert error(back, face.points) < 0.03


def test_two_moving_faces_keep_their_numbers(draw):
    image, truth = draw()
    small = cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    tracker = FacesTracker(mediapipe)
    for shift in range(0, 40, 10):
        frame = np.full((480, 1280, 3), 120, np.uint8)
        frame[:, 640 - shift : 1280 - shift] = image
        frame[100:340, shift : 320 + shift] = small
        near, far = tracker(frame)
        assert (near.face_id, far.face_id) == (0, 1)
        assert error(near.points - (640 - shift, 0), truth) < 0.06
        assert error(far.points - (shift, 100), truth / 2) < 0.06
