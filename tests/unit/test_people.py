"""People rendered for transfer: the codes are what is shown, the layout reads what is written."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from g2rl.datasets.people import People
from g2rl.faces.landmarks import detect_landmarks
from g2rl.inference.face_network import OWN_MODEL, open_network
from g2rl.io.video import open_source
from g2rl.synthetic import actions, people
from g2rl.synthetic.camera_faults import through_camera
from g2rl.synthetic.dataset import generator, render_sequence
from g2rl.synthetic.head import read_head
from g2rl.synthetic.occluders import Occlusion
from g2rl.synthetic.person import make_person

COUNT = 20


@pytest.fixture(scope="module")
def root(head, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("people")
    render_sequence(head, "people", root, "G0001", "G0001", COUNT, 3)
    return root


@pytest.fixture(scope="module")
def truth(root):
    with np.load(People().ground_truth(root, "G0001")) as archive:
        return dict(archive)


def test_the_layout_reads_what_was_rendered(root, truth):
    labels = People().read_labels(root, "G0001")
    assert labels.aus == People.aus
    assert labels.frame.tolist() == list(range(1, COUNT + 1))
    shown = labels.intensity >= 0
    np.testing.assert_array_equal(labels.intensity[shown], np.rint(5 * truth["activation"])[shown])
    assert shown.mean() > 0.8
    source = open_source(People().media(root, "G0001"))
    assert list(source.numbers) == labels.frame.tolist()
    assert all(len(truth[name]) == COUNT for name in ("yaw", "pitch", *people.TRAITS))


def test_the_same_seed_gives_the_same_bytes(head, root, tmp_path):
    for path in render_sequence(head, "people", tmp_path, "G0001", "G0001", COUNT, 3):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in files:
            assert file.read_bytes() == (root / file.relative_to(tmp_path)).read_bytes()


def test_the_points_lie_on_the_faces(root, truth):
    """Where the detector sees an unhidden face, turned little, its points are near those of the mesh."""
    found = detect_landmarks(open_source(People().media(root, "G0001")), independent=True)
    plain = found.found & (abs(truth["yaw"]) < 20) & (truth["covered"] < 0.01)
    assert plain.sum() >= 3
    points = truth["points"][plain]
    eyes = np.linalg.norm(points[:, 36:42].mean(1) - points[:, 42:48].mean(1), axis=1)
    distance = np.linalg.norm(found.landmarks[plain] - points, axis=2).mean(1) / eyes
    assert np.median(distance) < 0.15


def test_an_action_of_one_side_moves_that_side(head):
    person = make_person(read_head(head), generator(0, "one side"), True, actions.MORE_AUS)
    sides = np.zeros((2, len(actions.MORE_AUS)))
    sides[0, actions.MORE_AUS.index(12)] = 1
    moved = np.linalg.norm(person.mesh(sides) - person.base, axis=1)
    left, right = person.base[:, 0] > 0.35, person.base[:, 0] < -0.35
    assert moved[left].max() > 0.05
    assert moved[right].max() < 0.1 * moved[left].max()
    both = np.repeat(sides[:1], 2, axis=0)
    np.testing.assert_allclose(person.mesh(both), person.mesh(sides[0]), atol=1e-6)


def test_lips_are_apart_whatever_parts_them(head):
    head = read_head(head)
    person = make_person(head, np.random.default_rng(0), True, actions.MORE_AUS)

    def apart(*aus):
        activation = np.zeros(len(actions.MORE_AUS))
        activation[[actions.MORE_AUS.index(au) for au in aus]] = 1
        return people.lips_apart(person.mesh(activation)[head.landmarks])

    assert max(apart(), apart(12), apart(17), apart(23), apart(28)) < 0.1  # coded 0
    assert 0.1 < apart(10) < apart(25) < apart(22) < apart(25, 26) <= 1
    assert apart(26) > 0.6  # the jaw alone parts them


def test_varied_people_differ_at_rest(head):
    head, spread = read_head(head), {}
    for varied in (False, True):
        heights = []
        for k in range(10):
            person = make_person(head, generator(k, "rest"), True, actions.MORE_AUS, varied)
            points = person.mesh(np.zeros(len(actions.MORE_AUS)))[head.landmarks]
            eyes = points[36:48].mean(0)
            heights.append((points[17:27].mean(0) - eyes)[1] / np.linalg.norm(points[36] - points[45]))
            assert people.lips_apart(points) < 0.5  # lips that part at rest are coded, as in FACS
        spread[varied] = np.std(heights)
    assert spread[True] > 1.3 * spread[False]


def test_a_varied_blink_closes_the_eyes_as_far_as_a_plain_one(head):
    head, rest, closed = read_head(head), [], []
    shut = np.array([float(au == 45) for au in actions.MORE_AUS])
    for k in range(10):
        person = make_person(head, generator(k, "blink"), True, actions.MORE_AUS, varied=True)
        for activation, found in ((0 * shut, rest), (shut, closed)):
            points = person.mesh(activation)[head.landmarks]
            gap = (points[[37, 38, 43, 44], 1] - points[[41, 40, 47, 46], 1]).mean()
            found.append(gap / np.linalg.norm(points[36] - points[39]))
    assert 0.1 < min(rest) < max(rest) < 0.5
    assert -0.22 < min(closed) < max(closed) < 0


@pytest.mark.parametrize("layout", ["people", "disfa"])
def test_varied_people_are_other_people_and_the_same_each_time(head, tmp_path, layout):
    name = "G0001" if layout == "people" else "SN001"
    found = []
    for folder, varied in (("plain", False), ("a", True), ("b", True)):
        paths = render_sequence(head, layout, tmp_path / folder, name, name, 3, 3, varied=varied)
        files = sorted(file for path in paths for file in ([path] if path.is_file() else path.iterdir()))
        found.append({file.relative_to(tmp_path / folder): file.read_bytes() for file in files})
    plain, varied, again = found
    assert varied == again
    assert varied.keys() == plain.keys()
    assert all(varied[file] != plain[file] for file in varied if file.suffix in (".jpg", ".avi", ".mp4"))


def test_hidden_aus_are_not_coded(truth):
    points = np.clip(truth["points"][0], 1, None)
    size = int(points.max()) + 2
    mask = np.zeros((size, size), np.float32)
    x, y = points[48:68].T.round().astype(int)
    mask[y, x] = 1
    codes = people.codes(np.full(len(People.aus), 0.6, np.float32), points, Occlusion(np.empty(0), mask))
    by_au = dict(zip(People.aus, codes.tolist(), strict=True))
    assert {au for au, code in by_au.items() if code < 0} == {12, 14, 15, 20, 23, 25, 26}
    assert {code for code in by_au.values() if code >= 0} == {3}


def test_activations_show_every_au_at_every_level():
    rng = np.random.default_rng(0)
    drawn = np.stack([people.draw_activation(rng) for _ in range(600)])
    assert drawn.min() >= 0
    assert drawn.max() <= 1
    codes = actions.labels(drawn.max(1))
    for au in People.aus:
        levels = codes[:, actions.MORE_AUS.index(au)]
        assert set(levels) >= {0, 1, 2, 3, 4}, au
    neutral = (codes[:, [actions.MORE_AUS.index(au) for au in People.aus if au != 45]] == 0).all(1)
    assert 0.05 < neutral.mean() < 0.4


def test_a_camera_keeps_the_shape():
    image = np.full((60, 90, 3), 128, np.uint8)
    for seed in range(8):
        jpeg, sharpness = through_camera(np.random.default_rng(seed), image)
        assert cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape == image.shape
        assert 0 < sharpness <= 1


def test_the_packages_own_model_says_what_it_has_seen():
    network = open_network(OWN_MODEL)
    assert network.aus == People.aus
    assert "mean of 8 networks" in network.description
    assert "faces of 64×64 and 96×96 pixels; trained on rendered people" in network.description
    assert "never on a real face" in network.description
