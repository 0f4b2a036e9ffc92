"""The aligned template, checked against scikit-image and against pictures whose content is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial import procrustes
from skimage.transform import AffineTransform, SimilarityTransform

from g2rl.config.alignment import Alignment
from g2rl.config.values import choices, kinds
from g2rl.errors import InputError
from g2rl.faces.alignment import ANCHORS, TEMPLATE, alignment_matrix
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.faces.warp import transform_points, warp

SIMILAR = [name for name, anchors in ANCHORS.items() if not anchors.affine]
EVERY = [Alignment(anchors=name) for name in ANCHORS]

faces = arrays(np.float64, (68, 2), elements=st.floats(-300, 300)).map(lambda noise: TEMPLATE * 3 + noise)
motions = st.builds(
    lambda scale, angle, x, y: SimilarityTransform(scale=scale, rotation=angle, translation=(x, y)),
    st.floats(0.05, 20),
    st.floats(-3.1, 3.1),
    st.floats(-2000, 2000),
    st.floats(-2000, 2000),
)


def moved(motion: SimilarityTransform, points: np.ndarray) -> np.ndarray:
    return motion(points)


def anchored(name: str, points: np.ndarray) -> np.ndarray:
    return np.array([points[list(group)].mean(0) for group in ANCHORS[name].groups])


def test_the_anchors_are_those_that_a_configuration_may_name():
    assert tuple(ANCHORS) == choices(kinds(Alignment)["anchors"])
    with pytest.raises(InputError, match="anchors: 'ears', expected one of eyes_nose, nose_mouth,"):
        Alignment(anchors="ears")
    with pytest.raises(InputError, match=r"scale: 0\.1, expected 0\.5 or more"):
        Alignment(scale=0.1)


def test_the_default_anchors_are_points_that_expressions_hardly_move():
    assert Alignment().anchors == "eyes_nose"
    assert ANCHORS["eyes_nose"].groups == ((36,), (39,), (42,), (45,), (27,), (33,))
    np.testing.assert_array_equal(ANCHORS["eyes_nose"].target, TEMPLATE[[36, 39, 42, 45, 27, 33]])


@pytest.mark.parametrize("name", SIMILAR)
@settings(deadline=None, max_examples=30)
@given(faces)
def test_a_similarity_is_the_least_squares_one(name, points):
    source, target = anchored(name, points), ANCHORS[name].target
    peer = SimilarityTransform.from_estimate(source, target)
    ours = alignment_matrix(points, Alignment(anchors=name))
    # Umeyama's sum of squares cannot be beaten; where noise all but hides the face, several come close.
    error = np.square(transform_points(ours, source) - target).sum()
    best = np.square(peer(source) - target).sum()
    assert error <= best * (1 + 1e-9) + 1e-9


@pytest.mark.parametrize("name", SIMILAR)
@settings(deadline=None, max_examples=30)
@given(faces)
def test_what_a_similarity_leaves_is_procrustes_disparity(name, points):
    """SciPy's share of the target's spread that no similarity (without reflection) explains."""
    source, target = anchored(name, points), ANCHORS[name].target
    left = np.square(
        transform_points(alignment_matrix(points, Alignment(anchors=name)), source) - target
    ).sum()
    share = left / np.square(target - target.mean(0)).sum()
    disparity = procrustes(target, source)[2]
    assert share >= disparity - 1e-9  # SciPy may also reflect
    if np.linalg.det((target - target.mean(0)).T @ (source - source.mean(0))) > 0:
        assert share == pytest.approx(disparity, abs=1e-9)


@settings(deadline=None)
@given(faces)
def test_the_affine_transform_takes_its_three_anchors_where_they_belong(points):
    source = anchored("eyes_chin", points)
    if abs(np.linalg.det(source[1:] - source[0])) < 100:
        return  # next to a line
    ours = alignment_matrix(points, Alignment(anchors="eyes_chin"))
    target = [(127.6, 227.8), (79.2, 87.0), (176.8, 87.0)]
    np.testing.assert_allclose(transform_points(ours, points[[8, 36, 45]]), target, atol=1e-6)
    np.testing.assert_allclose(ours, AffineTransform.from_estimate(source, target).params[:2], atol=1e-6)


@pytest.mark.parametrize("name", ["eyes_nose", "eyes"])
@settings(deadline=None, max_examples=50)
@given(motions)
def test_a_moved_template_comes_back(name, motion):
    back = alignment_matrix(moved(motion, TEMPLATE), Alignment(anchors=name))
    np.testing.assert_allclose(back, motion.inverse.params[:2], atol=1e-6)


def test_faces_of_the_siblings_anchors_lie_as_its_published_crops():
    """Ranges read off five of them."""
    aligned = transform_points(alignment_matrix(TEMPLATE, Alignment(anchors="nose_mouth")), TEMPLATE)
    np.testing.assert_allclose(aligned[33], (128, 151), atol=1e-6)
    assert 102 < aligned[45, 0] - aligned[36, 0] < 129
    assert 230 < aligned[8, 1] < 259
    assert 86 < aligned[36:48, 1].mean() < 92


@settings(deadline=None)
@given(faces, motions)
def test_aligned_points_do_not_depend_on_where_the_face_was(points, motion):
    elsewhere = moved(motion, points)
    np.testing.assert_allclose(
        transform_points(alignment_matrix(elsewhere), elsewhere),
        transform_points(alignment_matrix(points), points),
        atol=1e-5,
    )


@pytest.mark.parametrize("alignment", EVERY, ids=str)
@pytest.mark.parametrize("scale", [0.5, 0.9, 1.3])
def test_a_face_is_scaled_about_the_centre(alignment, scale):
    points = moved(SimilarityTransform(scale=3, rotation=0.2, translation=(90, 40)), TEMPLATE)
    plain = transform_points(alignment_matrix(points, alignment), points)
    scaled = Alignment(anchors=alignment.anchors, scale=scale)
    about = SimilarityTransform(translation=(-127.5, -127.5)) + SimilarityTransform(scale=scale)
    expected = (about + SimilarityTransform(translation=(127.5, 127.5)))(plain)
    np.testing.assert_allclose(
        transform_points(alignment_matrix(points, scaled), points), expected, atol=1e-9
    )


@pytest.mark.parametrize("points", [np.full((68, 2), np.nan), np.ones((68, 2))])
@pytest.mark.parametrize("alignment", EVERY, ids=str)
def test_points_that_cannot_be_aligned(points, alignment):
    with pytest.raises(ValueError, match="anchors are not finite, or all in one"):
        alignment_matrix(points, alignment)


def test_template_fits_the_picture():
    assert TEMPLATE.shape == (68, 2)
    assert TEMPLATE.min() > 25
    assert TEMPLATE.max() < ALIGNED_SIZE - 25
    np.testing.assert_allclose(TEMPLATE[36:48, 1].mean(), 88, atol=2)
    np.testing.assert_allclose(TEMPLATE[[8, 33], 0], 128)


def blob(height: int, width: int, centre: np.ndarray, radius: float) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / (2 * radius**2)) * 250


@pytest.mark.parametrize("scale", [0.4, 0.8, 1.0, 1.6, 2.4, 3.3, 5.0])
@pytest.mark.parametrize("angle", [-0.3, 0.0, 0.5])
def test_pixels_and_points_move_alike(scale, angle):
    """A blob in the raw picture lies, aligned, where its centre is taken to, within a fiftieth of a pixel."""
    face = SimilarityTransform(scale=scale, rotation=angle, translation=(300, 211))(TEMPLATE)
    matrix = alignment_matrix(face)
    for target in ([128, 128], [70, 180]):
        centre = SimilarityTransform(matrix=np.vstack([matrix, [0, 0, 1]])).inverse([target])[0]
        image = blob(1600, 1700, centre, 6 * scale).round().astype(np.uint8)
        aligned = warp(np.repeat(image[..., None], 3, 2), matrix)[..., 1].astype(float)
        y, x = np.mgrid[:ALIGNED_SIZE, :ALIGNED_SIZE]
        found = [(aligned * x).sum() / aligned.sum(), (aligned * y).sum() / aligned.sum()]
        # A colour image of 1/32 pixel is OpenCV's grid of interpolation weights.
        np.testing.assert_allclose(found, target, atol=0.05)


def test_fine_texture_does_not_alias():
    """One-pixel stripes, shrunk threefold, are grey; picking every third pixel makes stripes of them."""
    stripes = np.zeros((900, 900), np.uint8)
    stripes[:, ::2] = 255
    matrix = np.array([[1 / 3, 0, -20], [0, 1 / 3, -20]])
    assert warp(stripes, matrix).std() < 0.2 * 127.5


@pytest.mark.parametrize("scale", [0.25, 0.5, 1.0, 3.0])
@pytest.mark.parametrize("shift", [-900.0, -100.0, 0.0, 100.0, 900.0])
def test_beyond_the_image_its_edge_goes_on(scale, shift):
    image = np.full((240, 320, 3), (10, 120, 250), np.uint8)
    matrix = np.array([[scale, 0, shift], [0, scale, shift / 2]])
    aligned = warp(image, matrix, 128)
    assert aligned.shape == (128, 128, 3)
    np.testing.assert_array_equal(aligned, np.broadcast_to(image[0, 0], aligned.shape))
