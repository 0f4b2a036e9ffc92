"""Decoding of aligned faces: any order, any size, the colours kept, a damaged face named."""

from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from g2rl.errors import InputError
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.sequence_file import join, load_frames, read_sequence


def test_random_reading_equals_reading_in_order(sequence_path):
    aligned = read_sequence(sequence_path)
    # OpenCV itself, on the bytes cut out by hand.
    whole = [
        cv2.imdecode(aligned.jpeg[int(a) : int(b)], cv2.IMREAD_COLOR_RGB)
        for a, b in zip(aligned.offsets[:-1], aligned.offsets[1:], strict=True)
    ]
    order = np.random.default_rng(0).integers(0, 11, 50)
    np.testing.assert_array_equal(
        decode(aligned.jpeg, aligned.offsets, order), np.stack([whole[index] for index in order])
    )
    jpeg, offsets = join([aligned, aligned])
    with ThreadPoolExecutor(2) as pool:
        np.testing.assert_array_equal(
            decode(jpeg, offsets, order + 11, pool=pool), np.stack([whole[index] for index in order])
        )
    np.testing.assert_array_equal(load_frames(aligned, 256, threads=2), np.stack(whole))


@pytest.mark.parametrize("size", [32, 48, 64, 100, 128, 160, 224, 256])
def test_smaller_faces_are_the_same_image(sequence_path, size):
    aligned = read_sequence(sequence_path)
    full = decode(aligned.jpeg, aligned.offsets, range(11))
    peer = np.stack([cv2.resize(face, (size, size), interpolation=cv2.INTER_AREA) for face in full])
    out = np.empty((11, size, size, 3), np.uint8)
    small = decode(aligned.jpeg, aligned.offsets, range(11), size, out)
    assert small is out
    # The decoder's own shrinking rounds elsewhere, and a sharp edge may gain or lose a little.
    assert np.abs(small.astype(int) - peer).mean() < 2
    assert small.mean() == pytest.approx(peer.mean(), abs=0.5)


def test_pixels_survive_compression():
    face = cv2.resize(astronaut()[:300, 80:380], (256, 256), interpolation=cv2.INTER_AREA)
    jpeg = encode(face)
    back = decode(jpeg, np.array([0, len(jpeg)], np.uint64), [0])[0]
    assert np.abs(back.astype(int) - face).mean() < 2.5
    np.testing.assert_allclose(back.mean((0, 1)), face.mean((0, 1)), atol=1)  # red is red


def test_damaged_image_is_named(sequence_path):
    aligned = read_sequence(sequence_path)
    jpeg = aligned.jpeg.copy()
    jpeg[int(aligned.offsets[2]) : int(aligned.offsets[3])] = 0
    with pytest.raises(InputError, match="face 2"):
        decode(jpeg, aligned.offsets, [0, 2])
    broken = type(aligned)(**{**vars(aligned), "jpeg": jpeg})
    with pytest.raises(InputError, match="SN001"):
        load_frames(broken, 64)
