"""The AU table: every set has locations on the face where FACS puts the muscle, and mirrors exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from g2rl.action_units import CENTRES, MIRROR, NAMES, Point, au_centres, au_points, centre_weights, point_au
from g2rl.errors import InputError

DISFA = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)
BP4D = (6, 10, 12, 14, 17)
coordinates = arrays(np.float64, (68, 2), elements=st.floats(-500, 500))


def test_channel_counts_are_the_sibling_projects():
    assert len(au_points(BP4D)) == 10
    assert len(au_points(DISFA)) == 24
    assert np.bincount(point_au(DISFA)).tolist() == [2, 2, 1, 2, 2, 3, 2, 2, 2, 2, 2, 2]


@pytest.mark.parametrize("name", CENTRES)
def test_weights_are_the_points_means(name):
    aus = tuple(CENTRES[name])
    landmarks = np.random.default_rng(0).normal(size=(68, 2))
    r = np.linalg.norm(landmarks[42] - landmarks[39])
    expected = [
        landmarks[list(point.landmarks)].mean(0) + np.array([0, point.down * r])
        for au in aus
        for point in CENTRES[name][au]
    ]
    assert np.allclose(au_centres(landmarks, aus, name), expected, atol=1e-6)
    assert np.allclose(centre_weights(aus, name)[0].sum(1), 1)


@given(coordinates, st.floats(-100, 100), st.floats(0.1, 10))
def test_centres_move_and_scale_with_the_face(landmarks, shift, scale):
    for name, table in CENTRES.items():
        moved = au_centres(landmarks * scale + shift, tuple(table), name)
        assert np.allclose(moved, au_centres(landmarks, tuple(table), name) * scale + shift, atol=1e-2)


@pytest.mark.parametrize("name", CENTRES)
def test_a_mirrored_face_has_mirrored_centres(name):
    for au, points in CENTRES[name].items():
        mirrored = {Point(tuple(sorted(MIRROR[list(p.landmarks)].tolist())), p.down) for p in points}
        own = {Point(tuple(sorted(p.landmarks)), p.down) for p in points}
        assert mirrored == own, f"AU{au}"


def test_mirror_is_an_involution_that_keeps_the_midline():
    assert np.array_equal(MIRROR[MIRROR], np.arange(68))
    assert np.flatnonzero(np.arange(68) == MIRROR).tolist() == [8, 27, 28, 29, 30, 33, 51, 57, 62, 66]


def test_an_au_without_location_is_named_with_the_sets_that_have_one():
    with pytest.raises(InputError, match=r"fgnet.*AU20.*default.*libreface"):
        au_points([20], "fgnet")
    with pytest.raises(InputError, match=r"AU99; give it one in CENTRES of g2rl/au\.py \(docs/real-data\.md"):
        au_points([99])
    with pytest.raises(InputError, match=r"no location for AU07 \(Lid tightener\)"):
        au_points([7])
    with pytest.raises(InputError, match="no such set"):
        au_points([1], "mine")


def test_the_default_set_has_every_au_of_both_datasets():
    assert set(DISFA) | set(BP4D) == set(CENTRES["default"]) < set(NAMES)
    assert list(NAMES) == sorted(NAMES)
