"""A photograph of a face, an aligned sequence, and a head to be drawn."""

import cv2
import pytest
from skimage.data import astronaut

from g2rl.faces.align_sequence import align_sequence
from g2rl.synthetic.head import cut_head
from tests.media import Frames, images_of, labels_of, landmarks_of


@pytest.fixture(scope="session")
def photograph():
    """(512, 512, 3) uint8 RGB, not to be changed."""
    return astronaut()


@pytest.fixture(scope="session")
def grey(photograph):
    return cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)


@pytest.fixture(scope="session")
def sequence_path(tmp_path_factory):
    """The file of an aligned sequence of eleven frames, 3, 5, …, 23; not to be changed."""
    numbers = range(3, 25, 2)
    path = tmp_path_factory.mktemp("cache") / "SN001.h5"
    align_sequence(
        Frames(images_of(numbers)),
        landmarks_of(dict.fromkeys(numbers, True)),
        labels_of({number: (number % 6, -1) for number in numbers}),
        "S",
        "SN001",
        path,
    )
    return path


@pytest.fixture(scope="session")
def head(tmp_path_factory):
    """The file of the mesh that rendered people are made of."""
    path = tmp_path_factory.mktemp("head") / "head.npz"
    cut_head(path)
    return path
