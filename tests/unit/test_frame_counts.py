"""frames.csv: the frames of each sequence by status, whose sum must be right."""

from dataclasses import replace

import pandas as pd
import pytest

from g2rl.errors import InputError
from g2rl.faces.align_sequence import align_sequence
from g2rl.faces.frame_counts import count_frames, read_frame_counts, write_frame_counts
from g2rl.faces.sequence_file import read_sequence, write_sequence
from tests.media import two_frames


def test_table_is_read_as_written(tmp_path):
    for name in ("S2", "S1"):
        align_sequence(*two_frames(), "S", name, tmp_path / f"{name}.h5")
    counts = count_frames([tmp_path / "S2.h5", tmp_path / "S1.h5"])
    assert counts["sequence"].tolist() == ["S1", "S2"]
    write_frame_counts(tmp_path / "frames.csv", counts)
    pd.testing.assert_frame_equal(read_frame_counts(tmp_path / "frames.csv"), counts)


def test_a_frame_lost_uncounted_is_an_error(tmp_path):
    align_sequence(*two_frames(), "S", "S1", tmp_path / "s.h5")
    table = count_frames([tmp_path / "s.h5"])
    assert table.loc[0, ["coded", "used", "no_face"]].tolist() == [2, 1, 1]
    aligned = read_sequence(tmp_path / "s.h5")
    write_sequence(tmp_path / "s.h5", replace(aligned, counts=aligned.counts | {"no_face": 0}))
    with pytest.raises(InputError, match=r"s\.h5: 2 coded frames, but excluded, .* add up to another number"):
        count_frames([tmp_path / "s.h5"])
