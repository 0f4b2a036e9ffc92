"""The landmarks file: read as written, the same bytes every time, damage named."""

from dataclasses import replace

import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.faces.landmarks import detect_landmarks
from g2rl.faces.landmarks_file import read_landmarks, write_landmarks
from tests.media import Frames, placed


def test_file_keeps_everything_and_is_the_same_every_time(tmp_path, grey):
    result = detect_landmarks(Frames([placed(grey, [(100, 100, 1.2)]), None]))
    assert result.detector == "dlib"
    result = replace(result, detector="mediapipe")
    write_landmarks(tmp_path / "a.h5", result)
    write_landmarks(tmp_path / "b.h5", result)
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "b.h5").read_bytes()
    back = read_landmarks(tmp_path / "a.h5")
    assert back.detector == "mediapipe"
    for name in ("frame", "found", "score", "box", "landmarks"):
        np.testing.assert_array_equal(getattr(back, name), getattr(result, name))
        assert getattr(back, name).dtype == getattr(result, name).dtype


def test_damaged_file_is_named(tmp_path, grey):
    result = detect_landmarks(Frames([None, None]))
    path = tmp_path / "SN001.h5"
    write_landmarks(path, replace(result, score=result.score[:1]))
    with pytest.raises(InputError, match=r"SN001\.h5: score"):
        read_landmarks(path)
