"""What is not in the paper: each alternative against NumPy, and every choice of the settings has one."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from g2rl.config.training import Settings
from g2rl.config.values import SettingError, choices, kinds
from g2rl.network import controls
from g2rl.network import heatmaps as hm
from g2rl.network import variants as v
from g2rl.network.initialisation import HEAD
from g2rl.network.model import G2RL
from g2rl.network.preprocessing import SCALINGS
from tests.factories import TINY

SMALL = Settings(backbone=TINY, image_size=64, channels=(16, 16, 16))


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize(
    ("key", "table"),
    [
        ("guidance", v.GUIDANCE),
        ("geometry", controls.TARGETS),
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


def controlled(**keys: object) -> tuple[G2RL, torch.Tensor, torch.Tensor]:
    """A model with a control in the place of G, what its G is of three faces, and L_G."""
    settings = replace(SMALL, **keys)
    model = v.build_model(settings, 4)
    landmarks, intensity = (
        torch.rand(3, 68, 2) * 256,
        torch.tensor([[0, 1, 5, -1], [2, 2, 2, 2], [5, 0, 0, 0]]),
    )
    _, G, WM = model(torch.randn(3, 3, 64, 64), v.guide(landmarks, intensity, settings))
    return model, G, model.guidance_loss(G, WM)


def test_zero_and_no_projection_are_a_penalty_on_m():
    model, G, _ = controlled(geometry="zero", projection="none")
    torch.manual_seed(7)
    images = torch.randn(3, 3, 64, 64)
    _, M = model.net(images)
    _, G, WM = model(images, torch.zeros(3, 68, 2))
    assert model.guidance_loss(G, WM).item() == pytest.approx(M.square().sum().item() / 3, rel=1e-5)
    assert not G.any()


def test_a_constant_target_is_the_same_for_every_face_and_is_not_trained():
    model, G, loss = controlled(geometry="constant")
    assert torch.equal(G[0], G[2])
    assert float(G[0].norm()) == pytest.approx(1, abs=0.2)
    assert not list(model.geometry.parameters())
    assert loss.requires_grad


def test_the_frozen_graph_network_has_the_weights_of_the_trained_one_and_keeps_them():
    frozen, G, loss = controlled(geometry="frozen")
    trained, _, _ = controlled()
    for kept, first in zip(frozen.geometry.parameters(), trained.geometry.parameters(), strict=True):
        assert torch.equal(kept, first)
        assert not kept.requires_grad
    assert not torch.equal(G[0], G[1])
    assert not G.requires_grad
    loss.backward()
    assert all(weight.grad is not None for weight in frozen.projection.parameters())


@pytest.mark.parametrize("permuted", [False, True])
def test_intensities_as_target_are_linear_in_the_codes(permuted):
    model, G, _ = controlled(geometry="intensities", permute_landmarks=permuted)
    codes = np.array([[0, 1, 5, 0], [2, 2, 2, 2], [5, 0, 0, 0]])
    directions = model.geometry.directions.numpy()
    expected = (np.roll(codes, 1, 0) if permuted else codes) / 5 @ directions
    assert np.allclose(G, expected, atol=1e-6)
    assert np.linalg.norm(directions, axis=1) == pytest.approx(np.ones(4), abs=0.2)


def test_what_does_not_fit_together_is_refused():
    with pytest.raises(SettingError, match="expected geometry zero"):
        replace(SMALL, projection="none")
    with pytest.raises(SettingError, match="expected joint with geometry zero"):
        replace(SMALL, geometry="zero", guidance="detached")
