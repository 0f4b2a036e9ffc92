"""Several rendered people: numbers that stay theirs, their heads' pose, and how far they are trusted."""

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from g2rl.faces import dlib_faces
from g2rl.faces.alignment import alignment_matrix
from g2rl.faces.confidence import LEAST, confidence
from g2rl.faces.pose import head_pose
from g2rl.faces.several import SEARCH, FacesTracker, find_faces
from g2rl.faces.warp import warp
from g2rl.synthetic.actions import AUS
from g2rl.synthetic.dataset import subject_person
from g2rl.synthetic.head import cut_head, read_head
from g2rl.synthetic.lighting import Light
from g2rl.synthetic.scene import Camera, Pose, Scene

CAMERA = Camera(280, 300, 90.0, 140.0, 150.0)


@pytest.fixture(scope="module")
def head(tmp_path_factory):
    path = tmp_path_factory.mktemp("head") / "head.npz"
    cut_head(path)
    return read_head(path)


@pytest.fixture(scope="module")
def people(head):
    """Pictures of Ann and Bob, (300, 280, 3) uint8 RGB."""
    light, background = (
        Light(np.array([0.3, 0.4, 1.0]), np.ones(3), 0.5),
        np.full((300, 280, 3), 120, np.uint8),
    )
    return [
        Scene(subject_person(head, "disfa", name, 0), CAMERA, light, background).frame(
            np.zeros(len(AUS)), Pose()
        )[0][..., ::-1]
        for name in ("SN004", "SN005")
    ]


def place(*items):
    """A frame, with pictures at columns; the last is before the others."""
    frame = np.full((300, 800, 3), 120, np.uint8)
    for picture, x in items:
        person = np.any(picture != 120, axis=2)
        frame[:, x : x + 280][person] = picture[person]
    return frame


def follow(film):
    """Of each frame, {number: column of the box's middle}."""
    tracker = FacesTracker(dlib_faces)
    return [{face.face_id: (face.box[0] + face.box[2]) / 2 for face in tracker(frame)} for frame in film]


def test_people_who_cross_keep_their_numbers(people):
    ann, bob = people
    found = follow(place((bob, 500 - 20 * t), (ann, 20 * t)) for t in range(26))
    assert found[0].keys() == found[25].keys() == {0, 1}
    first = min(found[0], key=found[0].get)  # Ann comes from the left
    assert first == max(found[25], key=found[25].get)
    for t, here in enumerate(found):
        assert abs(here[first] - (20 * t + 140)) < 25  # she is in front, and always seen


def test_who_leaves_and_returns_elsewhere_is_known_again(people):
    ann, bob = people
    film = [place((ann, 0), (bob, 260))] * 2 + [place((ann, 0))] * 17 + [place((ann, 0), (bob, 500))] * SEARCH
    found = follow(film)
    bobs = max(found[0], key=found[0].get)
    assert found[0].keys() == found[-1].keys() == {0, 1}
    assert found[10].keys() == {1 - bobs}
    assert found[-1][bobs] == pytest.approx(640, abs=25)


def test_a_cut_to_another_person_in_the_same_place(people):
    ann, bob = people
    film = [place((ann, 200))] * 3 + [None] + [place((bob, 200))] * 3 + [place((ann, 200))] * 2
    assert [set(here) for here in follow(film)] == [{0}] * 3 + [set()] + [{1}] * 3 + [{0}] * 2


def test_faces_of_a_photo_are_numbered_by_size():
    photo = astronaut()
    small = cv2.resize(photo, None, fx=0.9, fy=0.9)
    faces = find_faces(
        dlib_faces, np.hstack([cv2.copyMakeBorder(small, 0, 512 - small.shape[0], 0, 0, 0), photo])
    )
    assert [face.face_id for face in faces] == [0, 1]
    assert faces[0].points[:, 0].mean() > small.shape[1] > faces[1].points[:, 0].mean()
    assert find_faces(dlib_faces, None) == []


@pytest.mark.parametrize("turn", [(0.4, 0, 0), (-0.4, 0, 0), (0, 0.25, 0), (0, -0.25, 0), (0, 0, 0.3)])
def test_the_pose_of_a_rendered_head(head, turn):
    """Against the rotation with which its mesh was drawn; where 0 is, is a matter of definition."""
    person, camera = subject_person(head, "disfa", "SN003", 0), Camera(640, 480, 90.0, 320.0, 240.0)

    def estimate(yaw, pitch, roll):
        mesh = person.posed(person.mesh(np.zeros(len(AUS))), yaw, pitch, roll, np.zeros(3))
        points, _ = camera.project(mesh)
        return np.array(head_pose(points[head.landmarks], camera.width, camera.height))

    pitch, yaw, roll = estimate(*turn) - estimate(0, 0, 0)
    expected = np.degrees(turn)
    np.testing.assert_allclose([-yaw, pitch, -roll], expected, atol=5)


def test_confidence_falls_with_what_makes_a_face_hard_to_see():
    photo = astronaut()

    def trust(image, size=64, score=None):
        face = find_faces(dlib_faces, photo)[0]
        shape = image.shape[1], image.shape[0]
        matrix = alignment_matrix(face.points)
        pose = head_pose(face.points, *shape)
        aligned = warp(image, matrix)
        return confidence(score or face.score, pose, aligned, matrix, size, face.points, shape)

    assert trust(photo) > 0.9
    blurred = [trust(cv2.GaussianBlur(photo, (0, 0), sigma)) for sigma in (4, 5, 7)]
    assert trust(photo) > blurred[0] > blurred[1] > blurred[2]
    assert blurred[2] < LEAST
    assert trust(photo, score=0.2) < LEAST
    assert trust(photo, size=256) < trust(photo)  # the network would see more than there is
    assert trust(photo[:, :230]) < LEAST  # the face is cut by the image's edge
