"""Where a heatmap's pixels lie, and the smooth reading of its intensity; Eq. 1 itself: test_equations.py."""

import numpy as np
import pytest
import torch

from g2rl.network import heatmaps as hm


def test_heatmap_pixels_cover_the_image_evenly():
    # The middle of the first of 64 map pixels lies in the middle of the image's first 4 pixels.
    assert float(hm.to_image(torch.tensor(0.0), 256, 64)) == 1.5
    assert float(hm.to_image(torch.tensor(63.0), 256, 64)) == 253.5


def test_the_soft_readout_is_a_mean_that_nears_the_maximum():
    maps = np.random.default_rng(0).normal(size=(2, 3, 8, 8))
    values = maps.reshape(2, 3, 64)
    share = np.exp(hm.SHARPNESS * values)
    expected = (share * values).sum(-1) / share.sum(-1)
    found = hm.soft_intensities(torch.tensor(maps), 2, "intensity")
    assert np.allclose(found, expected)
    assert np.allclose(hm.soft_intensities(torch.tensor(maps) / (8 * np.pi), 2), expected)
    read = [hm.soft_intensities(hm.heatmaps(torch.tensor([[[8.0, 3.0]]]), torch.tensor([[i]]), 2, 16), 2) for i in (1, 2, 3)]  # fmt: skip # noqa: E501
    assert [float(each) for each in read] == pytest.approx([0.83, 1.88, 2.92], abs=0.01)
