"""Where a heatmap's pixels lie; Eq. 1 itself: test_equations.py."""

import torch

from g2rl.network import heatmaps as hm


def test_heatmap_pixels_cover_the_image_evenly():
    # The middle of the first of 64 map pixels lies in the middle of the image's first 4 pixels.
    assert float(hm.to_image(torch.tensor(0.0), 256, 64)) == 1.5
    assert float(hm.to_image(torch.tensor(63.0), 256, 64)) == 253.5
