"""dlib's models: found where they are installed, and searched at one level of the image pyramid."""

import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.faces import dlib_one_level
from g2rl.faces.dlib_models import load_models, model_path
from g2rl.faces.mean_shape import MEAN_SHAPE
from tests.media import placed


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


def test_missing_or_foreign_model_is_named(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "face_recognition_models"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise RuntimeError('must not be imported')")
    (package / "models" / "shape_predictor_68_face_landmarks.dat").write_bytes(b"short")
    with pytest.raises(InputError, match="5 bytes"):
        model_path()


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


def test_one_level_can_be_switched_off(monkeypatch):
    monkeypatch.setenv("G2RL_ONE_LEVEL", "0")
    monkeypatch.setattr(dlib_one_level, "PYRAMID", b"none")
    detector = load_models().detector
    assert dlib_one_level.for_one_level(detector) is detector
