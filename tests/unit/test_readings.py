"""Readings of the paper that a key selects, each against a dense reference in NumPy: losses, graph, first
weights, inputs, decoding."""

import copy
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given
from hypothesis import strategies as st

from g2rl.config import load
from g2rl.config.balance import effective_lambda, map_energy, matched_lambda, relative_height
from g2rl.config.training import Settings, Training
from g2rl.errors import InputError
from g2rl.network import heatmaps as hm
from g2rl.network import initialisation, model_file, preprocessing
from g2rl.network import model as m
from g2rl.network import variants as v
from g2rl.network.features import feature_extractor
from g2rl.network.graphs import knn_adjacency
from g2rl.report.captions import recipe
from g2rl.training.loop import make_step
from g2rl.training.targets import Targets
from tests.factories import CPU, SEQUENCES, SMALL, TINY, run

ROOT = Path(__file__).resolve().parents[2]
STEP = Settings(backbone=TINY, image_size=64, stride=16, channels=(16, 16), precision="fp32", lam=0.3)


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


# What λ weighs


@pytest.mark.parametrize(
    ("changes", "bp4d", "disfa"),
    [
        ({}, 0.05, 0.05),
        ({"heatmap_reduction": "mean", "geometry_reduction": "mean"}, 0.894, 0.953),
        ({"amplitude": "intensity"}, 8.3e-5, 8.3e-5),
        (
            {"amplitude": "intensity", "heatmap_reduction": "mean", "geometry_reduction": "mean"},
            0.013,
            0.031,
        ),
        ({"amplitude": "intensity255", "heatmap_reduction": "mean"}, 5.3e-5, 1.3e-4),
        (
            {"amplitude": "intensity255", "heatmap_reduction": "mean", "geometry_reduction": "mean"},
            2.1e-7,
            4.9e-7,
        ),
    ],
)
def test_the_effective_weight_of_each_reading(changes, bp4d, disfa):
    """The table of an independent calculation, to its two or three digits; 10 and 24 maps of 64×64."""
    for maps, expected in ((10, bp4d), (24, disfa)):
        found = effective_lambda(0.05, 2, Training(**changes), maps)
        assert found == pytest.approx(expected, rel=0.02 if expected > 1e-3 else 0.04)


def test_the_effective_weight_makes_the_losses_of_a_step_proportional():
    """λ·L_G / (1 − λ)·L_S is the same in the reading's units and as printed."""
    maps, target, G, WM = (torch.from_numpy(x) for x in (*numbers(2, 3, 4, 16, 16), *numbers(2, 3, 256)))
    change = {"amplitude": "intensity255", "heatmap_reduction": "mean", "geometry_reduction": "mean"}
    settings = replace(STEP, **change)
    times = v.height(settings) / hm.peak(2)  # heatmaps so much higher
    ratios = []
    for each, factor, lam in (
        (settings, times, 0.3),
        (STEP, 1.0, effective_lambda(0.3, 2, settings, maps=4)),
    ):
        scale_S, scale_G = v.loss_scales(each, 4)
        loss_S = scale_S * m.heatmap_loss(factor * maps, factor * target, torch.ones(3, 4))
        ratios.append(lam * scale_G * m.G2RL.guidance_loss(G, WM) / ((1 - lam) * loss_S))
    assert float(ratios[0]) == pytest.approx(float(ratios[1]), rel=1e-9)


@pytest.mark.parametrize("amplitude", sorted(v.AMPLITUDE))
@pytest.mark.parametrize("sigma", [math.sqrt(0.2), math.sqrt(0.5), 1, 2, math.sqrt(5)])
def test_the_energy_of_a_map_is_that_of_the_heatmap(amplitude, sigma):
    height = v.AMPLITUDE[amplitude](sigma)
    assert relative_height(amplitude, sigma) == pytest.approx(height / hm.peak(sigma))
    drawn = hm.heatmaps(torch.tensor([[[32.0, 31.0]]]), torch.tensor([[1.0]]), sigma, 64, height)
    assert map_energy(amplitude, sigma) == pytest.approx(float(drawn.double().square().sum()), rel=1e-5)
    if amplitude == "eq1" and sigma >= 0.7:
        assert map_energy(amplitude, sigma) == pytest.approx(1 / (4 * math.pi * sigma**2), rel=3e-2)


def test_matched_lambda_keeps_the_ratio_of_the_losses_over_figure_6():
    sigmas = [math.sqrt(0.2), math.sqrt(0.5), 1, 2, math.sqrt(5)]
    energies = [map_energy("eq1", sigma) for sigma in sigmas]
    assert max(energies) / min(energies) == pytest.approx(41, abs=0.5)
    weights = [matched_lambda(0.05, 2, sigma, "eq1") for sigma in sigmas]
    ratios = [weight / (1 - weight) / energy for weight, energy in zip(weights, energies, strict=True)]
    assert ratios == pytest.approx([ratios[3]] * 5, rel=2e-3)
    assert weights == sorted(weights, reverse=True)
    assert weights[3] == 0.05


def test_the_caption_says_what_lambda_weighs_where_it_is_not_as_printed():
    config = load.load(ROOT / "config/paper.yaml")
    assert "Eq. 1's heights" not in recipe(config, {"bp4d": 10})
    means = replace(config.training, heatmap_reduction="mean", geometry_reduction="mean")
    other = config.model_copy(update={"training": means})
    assert "0.89 on bp4d, 0.95 on disfa" in recipe(other, {"bp4d": 10, "disfa": 24})


# Losses


@pytest.mark.parametrize(
    "change",
    [
        {"heatmap_reduction": "mean"},
        {"geometry_reduction": "mean"},
        {"amplitude": "intensity255", "landmark_units": "pixels"},
        {"input_scaling": "mean"},
        {"input_scaling": "unit", "landmark_channel": True},
    ],
)
def test_one_step_of_training_follows_the_dense_losses(change):
    """What ``make_step`` reports, against NumPy on the same network's outputs."""
    settings = replace(STEP, **change)
    random = np.random.default_rng(0)
    images = torch.tensor(random.integers(0, 255, (3, 64, 64, 3), np.uint8))
    landmarks = random.uniform(40, 220, (3, 68, 2)).astype(np.float32)
    intensity = torch.tensor([[2, -1], [5, 1], [0, 3]], dtype=torch.int8)
    targets, model = Targets((6, 12), settings, CPU), v.build_model(settings, 4)
    reference, totals = copy.deepcopy(model).double(), torch.zeros(4)
    step = make_step(model, torch.optim.SGD(model.parameters(), 1e-3), targets, settings, totals)
    step(
        images, torch.tensor(landmarks), intensity, torch.zeros(3, dtype=torch.bool), torch.zeros(3, 2).long()
    )

    mean, std = {
        "imagenet": (preprocessing.MEAN, preprocessing.STD),
        "mean": (preprocessing.MEAN, 1),
        "unit": (0, 255),
    }[settings.input_scaling]
    pixels = ((images.numpy() - np.array(mean)) / np.array(std)).transpose(0, 3, 1, 2)
    if settings.landmark_channel:
        pixels = np.concatenate([pixels, [[dense_drawing(face, 64)] for face in landmarks]], 1)
    maps, M = reference.net(torch.tensor(pixels))
    P = landmarks if settings.landmark_units == "pixels" else landmarks / 128 - 1
    G, WM = reference.geometry(torch.tensor(P).double()), reference.projection(M)
    height = {"eq1": 1 / (8 * np.pi), "intensity255": 255}[settings.amplitude]
    unit = Targets((6, 12), replace(settings, amplitude="intensity"), CPU)(
        torch.tensor(landmarks), intensity
    )[0]
    coded = (intensity.repeat_interleave(2, 1) >= 0).double()[..., None, None]
    error = ((maps.detach() - height * unit) ** 2 * coded).numpy()
    loss_S = error.sum() / 3 if settings.heatmap_reduction == "sum" else error.mean()
    distance = ((G - WM) ** 2).detach().numpy()
    loss_G = distance.sum() / 3 if settings.geometry_reduction == "sum" else distance.mean()
    assert totals[:3].tolist() == pytest.approx([0.3 * loss_G + 0.7 * loss_S, loss_S, loss_G], rel=1e-4)


# The graph network


def dense_knn(F: np.ndarray) -> np.ndarray:
    A = np.zeros((len(F), len(F)))
    for i in range(len(F)):
        A[i, np.argsort([np.sum((F[i] - F[j]) ** 2) for j in range(len(F))])[:7]] = 1 / 7
    return A


def test_knn_adjacency():
    F = numbers(2, 68, 5)
    A = knn_adjacency(torch.tensor(F))
    assert np.allclose(A, [dense_knn(face) for face in F], atol=1e-12)
    assert torch.allclose(A.sum(-1), torch.ones(2, 68).double())
    assert torch.isfinite(knn_adjacency(torch.zeros(1, 68, 4))).all()  # after a ReLU all features may be 0


def test_the_sibling_projects_graph_layers():
    """Neighbours of each layer's own features, no bias, and a ReLU after the last layer: Eq. 3–5 by loops."""
    change = {"geometry_init": "he", "geometry_bias": False, "geometry_relu": True}
    settings = replace(SMALL, adjacency="knn", dynamic_adjacency=True, **change)
    torch.manual_seed(0)
    geometry = v.build_geometry(settings).double()
    weights = {name: value.numpy() for name, value in geometry.state_dict().items()}
    assert not {"W1.bias", "W2.bias", "W3.bias"} & weights.keys()
    P = 0.4 * numbers(2, 68, 2, seed=1)
    found = geometry(torch.tensor(P)).detach().numpy()
    for face, G in zip(P, found, strict=True):
        F, layers = face, []
        for i in "123":
            F = np.maximum(dense_knn(F) @ F @ weights[f"W{i}.weight"].T, 0)
            layers.append(F)
        mixed = np.concatenate(layers, 1) @ weights["mix.weight"][:, :, 0].T + weights["mix.bias"]
        x = mixed.T.reshape(-1)
        for i in (0, 2, 4):
            x = np.maximum(weights[f"fc.{i}.weight"] @ x + weights[f"fc.{i}.bias"], 0)
        assert np.allclose(G, x, rtol=1e-9, atol=1e-12)
    geometry(torch.tensor(P)).sum().backward()
    assert all(p.grad.isfinite().all() and p.grad.abs().sum() > 0 for p in geometry.parameters())


@pytest.mark.parametrize("adjacency", v.ADJACENCY)
def test_a_dynamic_graph_is_trained_with_finite_gradients(adjacency):
    geometry = v.build_geometry(replace(SMALL, adjacency=adjacency, dynamic_adjacency=True))
    geometry(torch.rand(2, 68, 2)).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in geometry.parameters())


@pytest.mark.parametrize("key", ["geometry_init", "projection_init"])
def test_glorot_first_weights(key):
    """Uniform up to √(6 / (in + out)), biases 0: of every layer of the graph network, or of W."""
    model = v.build_model(replace(SMALL, **{key: "glorot"}), 4)
    part = model.geometry if key == "geometry_init" else model.projection
    for layer in part.modules():
        if hasattr(layer, "weight"):
            fan = layer.weight[0].numel() + len(layer.weight)
            assert float(layer.weight.abs().max()) == pytest.approx(math.sqrt(6 / fan), rel=0.2)
            assert float(layer.weight.abs().max()) <= math.sqrt(6 / fan)
            assert layer.bias is None or not layer.bias.any()


def test_the_width_of_w():
    W = v.build_model(replace(SMALL, projection_channels=3), 4).projection
    assert W.reduce.weight.shape == (3, 8, 1, 1)
    assert W.fc.weight.shape == (256, 3 * 8 * 8)


# First weights and batch norm of the heatmap network


def test_first_weights_of_deconvolutions_and_head():
    usual = v.build_model(STEP, 4).net
    net = v.build_model(replace(STEP, deconv_std=0.01, head_init="msra"), 4).net
    for layer in (net.deconv[0], net.deconv[3]):
        assert float(layer.weight.std()) == pytest.approx(0.01, rel=0.05)
    many = m.HeatmapNet(TINY, 500, (16, 16), stride=16)
    initialisation.HEAD["msra"](many.head)
    assert float(many.head.weight.std()) == pytest.approx(math.sqrt(2 / 16), rel=0.05)
    assert float(usual.deconv[0].weight.std()) == pytest.approx(0.001, rel=0.05)
    same = [
        torch.equal(a, b) for a, b in zip(usual.backbone.parameters(), net.backbone.parameters(), strict=True)
    ]
    assert all(same)


def test_batch_norm_keeps_its_statistics_by_the_share_of_the_setting():
    """One batch: running = (1 − share)·old + share·new, of the first batch norm after a deconvolution."""
    net = v.build_model(replace(STEP, bn_momentum=0.01), 4).net.train()
    images = torch.randn(3, 3, 64, 64)
    seen = []
    hook = net.deconv[0].register_forward_hook(lambda _, __, output: seen.append(output))
    net(images)
    hook.remove()
    expected = 0.01 * seen[0].detach().double().mean((0, 2, 3))
    assert torch.allclose(net.deconv[1].running_mean.double(), expected, atol=1e-7)


def test_frozen_batch_norm_of_the_backbone_stays_as_it_was(tmp_path):
    settings = replace(SMALL, freeze_bn=True, epochs=1)
    before = v.build_model(settings, 4).net.state_dict()
    run(tmp_path, settings)
    after = model_file.read_model(tmp_path / "model.safetensors", CPU).net
    norms = [
        f"{name}.{value}"
        for name, layer in after.named_modules()
        if isinstance(layer, torch.nn.BatchNorm2d)
        for value in ("weight", "bias", "running_mean", "running_var")
    ]
    moved = {name for name in norms if not torch.equal(after.state_dict()[name], before[name])}
    assert moved
    assert all(name.startswith("deconv.") for name in moved)


# What the network sees


def dense_drawing(landmarks: np.ndarray, size: int) -> np.ndarray:
    out, points = np.zeros((size, size)), (landmarks.astype(np.float64) + 0.5) * size / 256 - 0.5
    for y in range(size):
        for x in range(size):
            out[y, x] = np.exp(-((x - points[:, 0]) ** 2 + (y - points[:, 1]) ** 2) / 2).sum()
    return out


@pytest.mark.parametrize(
    "change", [{"input_scaling": "mean"}, {"input_scaling": "unit", "landmark_channel": True}]
)
def test_a_model_file_keeps_what_the_network_sees(tmp_path, change):
    """Predictions are those of the trained network on inputs scaled as it was trained."""
    settings = replace(SMALL, epochs=1, precision="fp32", **change)  # bf16 differs by more, where it is used
    run(tmp_path, settings)
    model = model_file.read_model(tmp_path / "model.safetensors", CPU)
    faces = np.random.default_rng(0).integers(0, 255, (2, 32, 32, 3), np.uint8)
    landmarks = SEQUENCES[0].landmarks[:2]
    pixels = (faces - np.array(preprocessing.MEAN)) if change["input_scaling"] == "mean" else faces / 255
    pixels = pixels.transpose(0, 3, 1, 2)
    if settings.landmark_channel:
        pixels = np.concatenate([pixels, [[dense_drawing(face, 32)] for face in landmarks]], 1)
    with torch.inference_mode():
        expected = model.net(torch.tensor(pixels, dtype=torch.float32))[0]
    assert np.allclose(model.predict(faces, landmarks).heatmaps, expected, atol=1e-5)
    if settings.landmark_channel:
        with pytest.raises(InputError, match="landmark_channel"):
            model.predict(faces)


def test_pretrained_weights_give_further_channels_no_say():
    usual, _ = feature_extractor(TINY, 16)
    wide, _ = feature_extractor(TINY, 16, usual.state_dict(), in_channels=4)
    images = torch.randn(1, 4, 64, 64)
    for net in (usual, wide):
        net.eval()
    with torch.inference_mode():
        assert torch.allclose(wide(images)[0], usual(images[:, :3])[0], atol=1e-6)


# Intensities of AUs


@given(st.integers(0, 10**6))
def test_aus_from_points(seed):
    random = np.random.default_rng(seed)
    counts = random.integers(1, 4, 4)
    of_point, values = np.repeat(np.arange(4), counts), random.normal(size=(3, counts.sum()))
    for name, of in (("mean", np.mean), ("max", np.max), ("first", lambda x, axis: x[:, 0])):
        expected = np.stack([of(values[:, of_point == au], axis=1) for au in range(4)], 1)
        settings = replace(SMALL, au_from_points=name)
        found = v.au_intensities(torch.tensor(values), torch.tensor(of_point), 4, settings)
        assert np.allclose(found, expected, rtol=1e-12)


# Starting from another dataset's model


def test_a_training_starts_from_another_datasets_model(tmp_path):
    """All but the head's weights, which are of other AUs; the model then knows both datasets' subjects."""
    run(tmp_path / "first", replace(SMALL, epochs=1))
    first = model_file.read_model(tmp_path / "first/model.safetensors", CPU)
    others = [replace(each, subject=f"S{each.subject}", aus=(6, 17)) for each in SEQUENCES]
    run(tmp_path / "second", replace(SMALL, epochs=1, lr=1e-12), others, first=first)
    second = model_file.read_model(tmp_path / "second/model.safetensors", CPU)
    assert second.subjects == {"F001", "M002", "SF001", "SM002"}
    own = v.build_model(SMALL, 4).net.state_dict()
    for name, value in second.net.named_parameters():
        source = own[name] if name.startswith("head.") else first.net.state_dict()[name]
        assert torch.allclose(value, source, atol=1e-9), name
    with pytest.raises(InputError, match="another network"):
        run(tmp_path / "third", replace(SMALL, channels=(8, 8, 4)), others, first=first)


# The configurations


def test_the_sibling_variants_are_the_sibling_configuration_but_for_size_and_rate():
    sibling = yaml.safe_load((ROOT / "config/sibling.yaml").read_text())["training"]
    variants = yaml.safe_load((ROOT / "config/readings.yaml").read_text())["ablations"]["variants"]
    ours = {
        key: value for key, value in variants["sibling"].items() if key not in ("lambda", "against", "epochs")
    }
    size = {"channels", "epochs", "batch_size", "lr", "schedule", "milestones"}
    assert ours == {key: value for key, value in sibling.items() if key not in size}
    assert variants["sibling_baseline"] == {**ours, "epochs": 24, "lambda": 0}


@pytest.mark.parametrize("over", ["config.yaml", "paper.yaml"])
@pytest.mark.parametrize("name", ["sibling.yaml", "readings.yaml"])
def test_the_overlays_are_valid_over_both_configurations(over, name):
    base, overlay = (yaml.safe_load((ROOT / "config" / file).read_text()) for file in (over, name))
    if name == "readings.yaml" and over == "paper.yaml":
        pytest.skip("of the embedded faces")
    for section, values in overlay.items():
        base[section] = {**base.get(section, {}), **values}
    load.parse(base, name)
