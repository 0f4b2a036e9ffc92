"""Eq. 1 and its inverse against a dense float64 reference, for every σ of Figure 6, also at the border."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from g2rl import heatmaps as hm

SIGMAS = [math.sqrt(0.2), math.sqrt(0.5), 1, math.sqrt(2), 2, math.sqrt(5)]


def dense_equation_1(x_bar: float, y_bar: float, intensity: float, sigma: float, size: int) -> np.ndarray:
    """Eq. 1, pixel by pixel, as printed in the paper (centre on the nearest pixel of the map)."""
    x_bar, y_bar = (min(max(np.rint(value), 0), size - 1) for value in (x_bar, y_bar))
    out = np.zeros((size, size))
    for y in range(size):
        for x in range(size):
            squared = (x - x_bar) ** 2 + (y - y_bar) ** 2
            out[y, x] = intensity / (2 * np.pi * sigma**2) * np.exp(-squared / (2 * sigma**2))
    return out


@pytest.mark.parametrize("sigma", SIGMAS)
def test_equation_1(sigma):
    random = np.random.default_rng(0)
    centres = random.uniform(-3, 19, (4, 3, 2))  # some outside the map
    intensity = random.integers(0, 6, (4, 3))
    maps = hm.heatmaps(torch.tensor(centres, dtype=torch.float32), torch.tensor(intensity), sigma, 16)
    expected = [[dense_equation_1(*c, i, sigma, 16) for c, i in zip(*row, strict=True)] for row in zip(centres, intensity, strict=True)]  # fmt: skip # noqa: E501
    assert maps.shape == (4, 3, 16, 16)
    assert np.allclose(maps, expected, rtol=1e-5, atol=1e-7)


@given(
    st.sampled_from(SIGMAS),
    st.floats(-2, 66),
    st.floats(-2, 66),
    st.floats(0, 5),
    st.sampled_from(hm.AMPLITUDES),
)
def test_equation_1_and_its_inverse(sigma, x, y, intensity, amplitude):
    centre = torch.tensor([[[x, y]]])
    maps = hm.heatmaps(centre, torch.tensor([[intensity]]), sigma, 64, amplitude)
    assert float(hm.intensities(maps, sigma, amplitude)) == pytest.approx(intensity, rel=1e-5, abs=1e-6)
    if intensity > 0.01:
        assert torch.equal(hm.locations(maps), centre.round().clamp(0, 63))


def test_the_peak_is_the_intensity_in_the_alternative_amplitude():
    maps = hm.heatmaps(torch.tensor([[[5.0, 7.0]]]), torch.tensor([[3.0]]), 2, 16, "intensity")
    assert float(maps.max()) == 3


@given(st.floats(0, 255), st.sampled_from([16, 24, 64]))
def test_heatmap_coordinates_are_exact_inverses(value, size):
    there = hm.to_heatmap(torch.tensor(value, dtype=torch.float64), 256, size)
    assert float(hm.to_image(there, 256, size)) == pytest.approx(value, abs=1e-9)


def test_heatmap_pixels_cover_the_image_evenly():
    # The middle of the first of 64 map pixels lies in the middle of the image's first 4 pixels.
    assert float(hm.to_image(torch.tensor(0.0), 256, 64)) == 1.5
    assert float(hm.to_image(torch.tensor(63.0), 256, 64)) == 253.5


def test_au_intensity_is_the_mean_of_its_points():
    values = torch.tensor([[1.0, 3.0, 5.0, 0.0, 1.0, 2.0]])
    assert hm.au_mean(values, torch.tensor([0, 0, 1, 2, 2, 2]), 3).tolist() == [[2, 5, 1]]
