"""The aligned template, checked against scikit-image and against pictures whose content is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from skimage.transform import SimilarityTransform

from g2rl.faces.alignment import STABLE, TEMPLATE, similarity, transform_points, warp
from g2rl.faces.jpeg import ALIGNED_SIZE

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


@settings(deadline=None)
@given(faces)
def test_similarity_is_the_least_squares_one(points):
    peer = SimilarityTransform.from_estimate(points[STABLE], TEMPLATE[STABLE])
    ours = similarity(points)
    # Umeyama's sum of squares cannot be beaten; where noise all but hides the face, several come close.
    error = np.square(transform_points(ours, points[STABLE]) - TEMPLATE[STABLE]).sum()
    best = np.square(peer(points[STABLE]) - TEMPLATE[STABLE]).sum()
    assert error <= best * (1 + 1e-9) + 1e-9


@settings(deadline=None)
@given(motions)
def test_a_moved_template_comes_back(motion):
    np.testing.assert_allclose(similarity(moved(motion, TEMPLATE)), motion.inverse.params[:2], atol=1e-6)


@settings(deadline=None)
@given(faces, motions)
def test_aligned_points_do_not_depend_on_where_the_face_was(points, motion):
    elsewhere = moved(motion, points)
    np.testing.assert_allclose(
        transform_points(similarity(elsewhere), elsewhere),
        transform_points(similarity(points), points),
        atol=1e-5,
    )


@pytest.mark.parametrize("points", [np.full((68, 2), np.nan), np.ones((68, 2))])
def test_points_without_a_similarity(points):
    with pytest.raises(ValueError, match="stable points"):
        similarity(points)


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
    matrix = similarity(face)
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
