"""What is not in the paper: each alternative against NumPy, and every choice of the settings has one."""

import numpy as np
import pytest
import torch

from g2rl.config.training import Settings
from g2rl.config.values import choices, kinds
from g2rl.network import heatmaps as hm
from g2rl.network import variants as v
from g2rl.network.initialisation import HEAD
from g2rl.network.preprocessing import SCALINGS


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("guidance", v.GUIDANCE),
        ("adjacency", v.ADJACENCY),
        ("geometry_init", v.FIRST_WEIGHTS),
        ("projection_init", v.FIRST_WEIGHTS),
        ("head_init", HEAD),
        ("input_scaling", SCALINGS),
        ("au_from_points", v.AU_FROM_POINTS),
        ("projection", v.PROJECTION),
        ("amplitude", v.AMPLITUDE),
        ("decoding", v.DECODING),
    ],
)
def test_every_choice_of_the_settings_is_there(key, table):
    assert tuple(table) == choices(kinds(Settings)[key])


def test_the_soft_decoding_is_a_mean_that_nears_the_maximum():
    maps = np.random.default_rng(0).normal(size=(2, 3, 8, 8))
    values = maps.reshape(2, 3, 64)
    share = np.exp(v.SHARPNESS * values)
    expected = (share * values).sum(-1) / share.sum(-1)
    found = v.soft_intensities(torch.tensor(maps), 1.0)
    assert np.allclose(found, expected)
    assert np.allclose(v.soft_intensities(torch.tensor(maps) / (8 * np.pi), hm.peak(2)), expected)
    read = [v.soft_intensities(hm.heatmaps(torch.tensor([[[8.0, 3.0]]]), torch.tensor([[i]]), 2, 16), hm.peak(2)) for i in (1, 2, 3)]  # fmt: skip # noqa: E501
    assert [float(each) for each in read] == pytest.approx([0.83, 1.88, 2.92], abs=0.01)


def test_other_adjacencies():
    P = torch.from_numpy(0.4 * numbers(1, 68, 2, seed=1))
    distance = np.linalg.norm(P[0, :, None] - P[0, None], axis=-1)
    size = np.sqrt(np.mean(np.sum((P[0] - P[0].mean(0)).numpy() ** 2, -1)))
    A = 1 / (1 + distance / size)
    expected = A / np.sqrt(np.outer(A.sum(0), A.sum(0)))
    assert np.allclose(v.ADJACENCY["inverse"](P)[0], expected, atol=1e-12)
    assert torch.equal(v.ADJACENCY["identity"](P)[0], torch.eye(68).double())


def test_standardised():
    G = 3 + numbers(7, 5) * np.arange(1, 6)
    expected = (G - G.mean(0)) / G.std(0) / np.sqrt(5)
    assert np.allclose(v.standardise(torch.tensor(G)), expected, rtol=1e-9)


def test_variance_loss():
    """Hinge and covariances as in NumPy; zero for D uncorrelated numbers of variance 1/D."""
    G = 0.05 * numbers(6, 4)
    scaled = 2 * (G - G.mean(0))
    covariance = np.cov(scaled.T)
    hinge = np.mean([max(0, 1 - np.sqrt(covariance[i, i] + 1e-4)) for i in range(4)])
    rest = sum(covariance[i, j] ** 2 for i in range(4) for j in range(4) if i != j) / 16
    assert float(v.variance_loss(torch.tensor(G))) == pytest.approx(hinge + rest, rel=1e-10)
    ideal = np.linalg.qr(numbers(9, 9))[0][:, :5]
    ideal -= ideal.mean(0)
    ideal = np.linalg.qr(ideal)[0] * np.sqrt(8 / 5)
    assert float(v.variance_loss(torch.tensor(ideal - ideal.mean(0)))) == pytest.approx(0, abs=1e-9)
    assert torch.autograd.gradcheck(v.variance_loss, torch.tensor(G, requires_grad=True))
