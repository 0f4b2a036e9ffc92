"""Every kind of video and photo that people bring is decoded as expected, or refused in one line."""

import pytest

from tests.data.media import TABLE, observe, write_clip
from tests.data.photos import PHOTOS
from tests.data.videos import VIDEOS

KINDS = {kind.name: kind for kind in (*VIDEOS, *PHOTOS)}


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write_clip(tmp_path_factory.mktemp("clip") / "clip.mkv")


@pytest.mark.parametrize("name", KINDS)
def test_kind(name, tmp_path, clip):
    right, words = observe(KINDS[name], tmp_path, clip)
    assert right, words


def test_the_committed_table_is_of_these_kinds():
    assert len(KINDS) == len(VIDEOS) + len(PHOTOS) >= 40
    lines = TABLE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| ")]
    assert rows[1:] == list(KINDS)
