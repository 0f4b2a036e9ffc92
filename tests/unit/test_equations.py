"""The paper's equations, a class each, against dense references: NumPy, float64, loops as in the paper.

``tests/mutations.py`` plants a fault in each equation and asks these tests to find it.
"""

import copy
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from g2rl.action_units import au_centres
from g2rl.config.au_centres import centre_sets
from g2rl.config.training import Settings
from g2rl.network import heatmaps as hm
from g2rl.network import model as m
from g2rl.network import model_file, preprocessing
from g2rl.network import variants as v
from g2rl.training.loop import make_step
from g2rl.training.targets import Targets

SIGMAS = [math.sqrt(0.2), math.sqrt(0.5), 1, math.sqrt(2), 2, math.sqrt(5)]  # of Figure 6
CENTRES = centre_sets()["default"]
TINY = "test_resnet.r160_in1k"
SMALL = Settings(backbone=TINY, image_size=64, channels=(16, 16, 16))
CPU = torch.device("cpu")
PROJECTIONS = [kind for kind in v.PROJECTION if kind != "none"]  # M itself has nothing to compare


def numbers(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def some_landmarks(batch: int = 2) -> torch.Tensor:
    return torch.from_numpy(0.4 * numbers(batch, 68, 2, seed=1))


def turn(angle: float) -> torch.Tensor:
    return torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def slope(function, values: np.ndarray, index: tuple[int, ...], step: float = 1e-6) -> float:
    """Central difference of a scalar function of an array, in one of its numbers."""
    above, below = values.copy(), values.copy()
    above[index] += step
    below[index] -= step
    return (function(above) - function(below)) / (2 * step)


def assert_gradient(function, reference, *inputs: np.ndarray) -> None:
    """Autograd of ``function`` against central differences of ``reference``, in eight numbers an input."""
    tensors = [torch.tensor(value, requires_grad=True) for value in inputs]
    function(*tensors).backward()
    for n, value in enumerate(inputs):
        for flat in np.random.default_rng(n).choice(value.size, 8):
            index = np.unravel_index(flat, value.shape)
            expected = slope(lambda v, n=n: reference(*inputs[:n], v, *inputs[n + 1 :]), value, index)
            assert tensors[n].grad[index].item() == pytest.approx(expected, rel=1e-5, abs=1e-7)


class TestEquation1:
    """H(x, y) = I / (2πσ²) · exp(−((x − x̄)² + (y − ȳ)²) / (2σ²)), and Î = 2πσ² · max H."""

    @staticmethod
    def dense(x_bar: float, y_bar: float, intensity: float, sigma: float, size: int) -> np.ndarray:
        x_bar, y_bar = (min(max(np.rint(value), 0), size - 1) for value in (x_bar, y_bar))
        out = np.zeros((size, size))
        for y in range(size):
            for x in range(size):
                squared = (x - x_bar) ** 2 + (y - y_bar) ** 2
                out[y, x] = intensity / (2 * np.pi * sigma**2) * np.exp(-squared / (2 * sigma**2))
        return out

    @pytest.mark.parametrize("sigma", SIGMAS)
    def test_pixel_by_pixel(self, sigma):
        random = np.random.default_rng(0)
        centres = random.uniform(-3, 19, (4, 3, 2))  # some outside the map
        intensity = random.uniform(0, 5, (4, 3))
        maps = hm.heatmaps(torch.tensor(centres), torch.tensor(intensity), sigma, 16)
        for b in range(4):
            for p in range(3):
                expected = self.dense(*centres[b, p], intensity[b, p], sigma, 16)
                assert np.allclose(maps[b, p], expected, rtol=1e-12, atol=1e-15)

    @settings(deadline=None)
    @given(
        st.sampled_from(SIGMAS),
        st.floats(-2, 66),
        st.floats(-2, 66),
        st.floats(0, 5),
        st.sampled_from(sorted(v.AMPLITUDE)),
    )
    def test_intensity_to_heatmap_and_back(self, sigma, x, y, intensity, amplitude):
        """Exactly, at any σ, also at and beyond the border; the place too."""
        centre = torch.tensor([[[x, y]]])
        height = v.AMPLITUDE[amplitude](sigma)
        maps = hm.heatmaps(centre, torch.tensor([[intensity]]), sigma, 64, height)
        assert float(hm.intensities(maps, height)) == pytest.approx(intensity, rel=1e-5, abs=1e-6)
        if intensity > 0.01:
            assert torch.equal(hm.locations(maps), centre.round().clamp(0, 63))

    @pytest.mark.parametrize("sigma", SIGMAS)
    @pytest.mark.parametrize("corner", [(0.0, 0.0), (63.0, 0.0), (0.0, 63.0), (63.0, 63.0), (-9.0, 70.0)])
    def test_back_and_forth_in_the_corners(self, sigma, corner):
        maps = hm.heatmaps(torch.tensor([[corner]]), torch.tensor([[3.0]]), sigma, 64)
        assert float(hm.intensities(maps, hm.peak(sigma))) == pytest.approx(3, rel=1e-6)
        again = hm.heatmaps(hm.locations(maps), hm.intensities(maps, hm.peak(sigma)), sigma, 64)
        torch.testing.assert_close(again, maps)

    def test_the_whole_map_sums_to_the_intensity(self):
        """1/(2πσ²) is the normal distribution's factor: away from the border Σ H = I."""
        for sigma in (1, math.sqrt(2), 2, math.sqrt(5)):
            maps = hm.heatmaps(torch.tensor([[[32.0, 30.0]]]), torch.tensor([[4.0]]), sigma, 64)
            assert float(maps.sum()) == pytest.approx(4, rel=1e-4)

    def test_other_amplitude_has_the_intensity_for_its_height(self):
        maps = hm.heatmaps(
            torch.tensor([[[5.0, 7.0]]]), torch.tensor([[3.0]]), 2, 16, v.AMPLITUDE["intensity"](2)
        )
        assert float(maps[0, 0, 7, 5]) == float(maps.max()) == 3

    def test_gradient_by_finite_differences(self):
        centre, weight = torch.tensor([[[3.0, 9.0]]]), numbers(16, 16)

        def loss(intensity):
            return (hm.heatmaps(centre, intensity, 2, 16)[0, 0] * torch.tensor(weight)).sum()

        def reference(intensity):
            return (self.dense(3, 9, intensity[0, 0], 2, 16) * weight).sum()

        assert_gradient(loss, reference, np.array([[2.5]]))

    def test_only_the_peak_gets_a_gradient_from_the_inverse(self):
        maps = torch.tensor(numbers(1, 2, 8, 8), requires_grad=True)
        hm.intensities(maps, hm.peak(2)).sum().backward()
        assert torch.equal(maps.grad.flatten(2).argmax(-1), maps.flatten(2).argmax(-1))
        assert maps.grad.sum().item() == pytest.approx(2 * 2 * np.pi * 2**2)
        assert (maps.grad != 0).sum() == 2

    def test_an_aus_intensity_is_the_mean_of_its_points(self):
        values = torch.tensor([[1.0, 3.0, 5.0, 0.0, 1.0, 2.0]])
        assert hm.au_mean(values, torch.tensor([0, 0, 1, 2, 2, 2]), 3).tolist() == [[2, 5, 1]]

    @pytest.mark.parametrize("maps", ["point", "au"])
    def test_targets_of_a_batch_lie_at_the_aus(self, maps):
        """From landmarks in 256 aligned pixels; an AU's map is the maximum over its points'."""
        landmarks = np.random.default_rng(0).uniform(40, 220, (2, 68, 2)).astype(np.float32)
        settings = Settings(image_size=64, maps=maps)
        intensity = torch.tensor([[2, -1], [5, 1]], dtype=torch.int8)
        made, of_map = Targets((6, 12), settings, CPU)(torch.tensor(landmarks), intensity)
        centres = (au_centres(landmarks, (6, 12), CENTRES) + 0.5) / 16 - 0.5
        for b in range(2):
            points = [self.dense(*centres[b, p], max(0, intensity[b, p // 2]), 2, 16) for p in range(4)]
            if maps == "au":
                points = [np.maximum(*points[:2]), np.maximum(*points[2:])]
            assert np.allclose(made[b], points, atol=1e-6)
        assert of_map.tolist() == intensity.repeat_interleave(2 if maps == "point" else 1, 1).tolist()

    @settings(deadline=None)
    @given(st.floats(0, 255), st.sampled_from([16, 24, 64]))
    def test_heatmap_coordinates_and_back(self, value, size):
        there = hm.to_heatmap(torch.tensor(value, dtype=torch.float64), 256, size)
        assert float(hm.to_image(there, 256, size)) == pytest.approx(value, abs=1e-9)
        assert float(there) == pytest.approx((value + 0.5) * size / 256 - 0.5)


class TestEquation2:
    """L_S = Σ over maps of ‖Ĥ − H‖², mean over the batch; maps that are not coded add nothing."""

    coded = np.array([[True, False, True, True], [False, True, True, True], [True, True, True, False]])

    def dense(self, predicted: np.ndarray, target: np.ndarray) -> float:
        total = 0.0
        for b, p in np.argwhere(self.coded):
            for y in range(5):
                for x in range(5):
                    total += (predicted[b, p, y, x] - target[b, p, y, x]) ** 2
        return total / 3

    def loss(self, predicted, target):
        return m.heatmap_loss(predicted, target, torch.tensor(self.coded))

    def test_sum_of_squares(self):
        predicted, target = numbers(2, 3, 4, 5, 5)
        found = self.loss(torch.tensor(predicted), torch.tensor(target))
        assert float(found) == pytest.approx(self.dense(predicted, target), rel=1e-12)

    def test_gradient_by_finite_differences(self):
        assert_gradient(self.loss, self.dense, *numbers(2, 3, 4, 5, 5))

    def test_maps_of_uncoded_aus_get_no_gradient(self):
        predicted = torch.tensor(numbers(3, 4, 5, 5), requires_grad=True)
        self.loss(predicted, torch.zeros(3, 4, 5, 5)).backward()
        assert np.array_equal(predicted.grad.abs().sum((-2, -1)) > 0, self.coded)

    def test_order_of_batch_and_maps_does_not_matter(self):
        predicted, target = torch.tensor(numbers(2, 3, 4, 5, 5))
        coded = torch.tensor(self.coded)
        there = m.heatmap_loss(predicted.flip(0, 1), target.flip(0, 1), coded.flip(0, 1))
        torch.testing.assert_close(there, self.loss(predicted, target))

    def test_a_weight_counts_a_map_as_often(self):
        predicted, target = torch.tensor(numbers(2, 3, 4, 5, 5))
        weight = 1 + torch.tensor(np.random.default_rng(2).integers(0, 3, (3, 4)))
        error = ((predicted - target) ** 2).sum((2, 3)) * weight * torch.tensor(self.coded)
        found = m.heatmap_loss(predicted, target, torch.tensor(self.coded) * weight)
        assert float(found) == pytest.approx(float(error.sum()) / 3, rel=1e-12)


def dense_adjacency(P: np.ndarray) -> np.ndarray:
    centre = sum(P) / len(P)
    size2 = sum(np.sum((p - centre) ** 2) for p in P) / len(P)
    A = np.array([[np.exp(-2 * np.sum((p - q) ** 2) / size2) for q in P] for p in P])
    D = np.diag(1 / np.sqrt(A.sum(1)))
    return D @ A @ D


def dense_layers(P: np.ndarray, weights: dict[str, np.ndarray]) -> list[np.ndarray]:
    A, F, layers = dense_adjacency(P), P, []
    for i in "123":
        W, b = weights[f"W{i}.weight"], weights[f"W{i}.bias"]
        F = np.array([np.maximum(sum(A[n, k] * (W @ F[k] + b) for k in range(68)), 0) for n in range(68)])
        layers.append(F)
    return layers


@pytest.fixture(scope="module")
def geometry() -> m.GeometryModule:
    torch.manual_seed(0)
    geometry = m.GeometryModule()
    v.he_init(geometry)  # no layer's share is too small to be missed
    return geometry.double()


@pytest.fixture(scope="module")
def weights(geometry) -> dict[str, np.ndarray]:
    return {name: value.numpy() for name, value in geometry.state_dict().items()}


class TestEquation3:
    """F_{i+1} = ReLU(D^−½ A D^−½ F_i W_i), F_0 = P; A from the Euclidean distances."""

    def test_adjacency(self):
        landmarks = some_landmarks()
        A = m.adjacency(landmarks).numpy()
        assert np.allclose(A, [dense_adjacency(P) for P in landmarks.numpy()], rtol=1e-12, atol=1e-14)
        assert np.allclose(A, A.transpose(0, 2, 1))
        assert np.linalg.eigvalsh(A).max() == pytest.approx(1)  # so the layers neither blow up nor die by it

    def test_moving_turning_and_scaling_the_face_change_nothing_in_a(self):
        landmarks = some_landmarks()
        moved = 3.7 * landmarks @ turn(0.3).T + torch.tensor([5.0, -2.0])
        for adjacency in v.ADJACENCY.values():
            torch.testing.assert_close(adjacency(moved), adjacency(landmarks))
        stretched = landmarks * torch.tensor([1.0, 1.5])
        assert not torch.allclose(m.adjacency(stretched), m.adjacency(landmarks), atol=1e-3)

    def test_they_do_change_g_because_f_0_is_p(self, geometry):
        landmarks = some_landmarks()
        for moved in (landmarks + 0.1, landmarks * 1.1, landmarks @ turn(0.1).T):
            assert not torch.allclose(geometry(moved), geometry(landmarks), rtol=1e-2)

    def test_three_layers(self, geometry, weights):
        seen = []
        hook = geometry.mix.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
        landmarks = some_landmarks()
        geometry(landmarks)
        hook.remove()
        for P, found in zip(landmarks.numpy(), seen[0].detach().numpy(), strict=True):
            for i, layer in enumerate(dense_layers(P, weights)):
                assert np.allclose(found[64 * i : 64 * (i + 1)], layer.T, rtol=1e-10, atol=1e-12)


class TestEquations4And5:
    """F = [F_1; F_2; F_3] (Eq. 4); a 1×1 convolution and three fully connected layers to G (Eq. 5)."""

    @staticmethod
    def dense(P: np.ndarray, weights: dict[str, np.ndarray]) -> np.ndarray:
        F = np.concatenate(dense_layers(P, weights), 1)  # (n, 3 · 64): Eq. 4
        mixed = np.array([weights["mix.weight"][:, :, 0] @ f + weights["mix.bias"] for f in F])  # (n, 16)
        x = np.array([mixed[n, c] for c in range(16) for n in range(68)])
        for i in (0, 2):
            x = np.maximum(weights[f"fc.{i}.weight"] @ x + weights[f"fc.{i}.bias"], 0)
        return weights["fc.4.weight"] @ x + weights["fc.4.bias"]

    def test_equation_4_and_5_to_g(self, geometry, weights):
        landmarks = some_landmarks()
        expected = [self.dense(P, weights) for P in landmarks.numpy()]
        assert np.allclose(geometry(landmarks).detach(), expected, rtol=1e-10, atol=1e-12)

    def test_gradient_by_finite_differences(self, geometry, weights):
        weight = numbers(256)

        def loss(landmarks):
            return geometry(landmarks)[0] @ torch.tensor(weight)

        assert_gradient(loss, lambda P: self.dense(P[0], weights) @ weight, some_landmarks(1).numpy())

    def test_gradient_reaches_every_weight(self, geometry):
        geometry.zero_grad()
        geometry(some_landmarks()).square().sum().backward()
        assert all(p.grad.abs().sum() > 0 for p in geometry.parameters())

    def test_each_face_has_its_own_g(self, geometry):
        """No face's G depends on the others of its batch."""
        landmarks = some_landmarks(3)
        torch.testing.assert_close(geometry(landmarks)[1:2], geometry(landmarks[1:2]))

    def test_number_of_parameters(self):
        graph = (2 + 64 + 64) * 64 + 3 * 64
        heads = 3 * 64 * 16 + 16 + (68 * 16 + 1) * 512 + (512 + 1) * 512 + (512 + 1) * 256
        assert sum(p.numel() for p in m.GeometryModule().parameters()) == graph + heads


class TestEquation6:
    """L_G = ‖G − W×M‖², summed over the 256 numbers, mean over the batch; W is linear."""

    @staticmethod
    def dense(G: np.ndarray, WM: np.ndarray) -> float:
        return sum(sum((g[i] - w[i]) ** 2 for i in range(len(g))) for g, w in zip(G, WM, strict=True)) / len(
            G
        )

    def test_squared_distance(self):
        G, WM = numbers(2, 5, 256)
        found = m.G2RL.guidance_loss(torch.tensor(G), torch.tensor(WM))
        assert float(found) == pytest.approx(self.dense(G, WM), rel=1e-12)

    def test_gradient_by_finite_differences(self):
        assert_gradient(m.G2RL.guidance_loss, self.dense, *numbers(2, 5, 256))

    @pytest.mark.parametrize("kind", PROJECTIONS)
    def test_projection(self, kind):
        torch.manual_seed(0)
        W = v.PROJECTION[kind](16, 8).double()
        M = numbers(3, 16, 8, 8)
        if kind == "pooled":
            flat = M.mean((2, 3))
        else:
            reduced = M
            if kind == "factorised":
                matrix = W.reduce.weight.detach().numpy()[:, :, 0, 0]
                reduced = np.array([[sum(row[c] * one[c] for c in range(16)) for row in matrix] for one in M])
            flat = np.array([one.reshape(-1) for one in reduced])
        *_, last = W.children()  # fully connected
        expected = [last.weight.detach().numpy() @ one for one in flat]
        assert np.allclose(W(torch.tensor(M)).detach(), expected, rtol=1e-10, atol=1e-12)

    @pytest.mark.parametrize("kind", PROJECTIONS)
    def test_projection_is_linear(self, kind):
        torch.manual_seed(0)
        W = v.PROJECTION[kind](16, 8).double()
        a, b = torch.tensor(numbers(2, 3, 16, 8, 8))
        torch.testing.assert_close(W(2 * a - 3 * b), 2 * W(a) - 3 * W(b))
        assert torch.equal(W(0 * a), torch.zeros(3, 256).double())

    def test_projection_keeps_the_layout_of_the_face_unless_pooled(self):
        M = torch.randn(1, 16, 8, 8)
        for kind in PROJECTIONS:
            W = v.PROJECTION[kind](16, 8)
            assert torch.allclose(W(M), W(M.flip(-1)), atol=1e-5) == (kind == "pooled")

    def test_number_of_parameters(self):
        count = {kind: sum(p.numel() for p in v.PROJECTION[kind](16, 8).parameters()) for kind in PROJECTIONS}
        assert count == {"factorised": 16 * 8 + 8 * 64 * 256, "pooled": 16 * 256, "full": 16 * 64 * 256}
        paper = m.Projection(256, 64)
        assert sum(p.numel() for p in paper.parameters()) == 256 * 8 + 8 * 64 * 64 * 256

    @pytest.mark.parametrize("guidance", v.GUIDANCE)
    def test_which_side_it_trains(self, guidance):
        """As written both; the network alone where G has a task of its own."""
        torch.manual_seed(0)
        model = v.build_model(replace(SMALL, guidance=guidance), 4)
        images, landmarks = torch.randn(2, 3, 64, 64), some_landmarks().float()
        maps, G, WM = model(images, landmarks)
        model.guidance_loss(G, WM).backward(retain_graph=True)
        both = guidance in ("joint", "variance")
        assert all((p.grad is not None) == both for p in model.geometry.parameters())
        assert all(p.grad is not None for p in model.projection.parameters())
        assert any(p.grad is not None for p in model.net.backbone.parameters())
        model.zero_grad()
        auxiliary = v.extra_losses(model, SMALL)
        assert len(auxiliary) == (guidance != "joint")
        for auxiliary_loss in auxiliary:
            loss = auxiliary_loss(maps, G, landmarks, torch.ones(2, 4))
            assert loss > 0
            loss.backward()
            assert all(float(p.grad.abs().sum()) > 0 for p in model.geometry.parameters() if p.dim() > 1)
            assert all(p.grad is None for p in model.net.parameters())

    def test_it_is_zero_at_the_trivial_solution(self):
        """Nothing in Eq. 3–8 forbids it: G and W×M constant, and the gradient vanishes there."""
        torch.manual_seed(0)
        model = v.build_model(SMALL, 4)
        for part in (model.geometry.fc[-1], model.projection.fc):
            for parameter in part.parameters():
                torch.nn.init.zeros_(parameter)
        _, G, WM = model(torch.randn(2, 3, 64, 64), some_landmarks().float())
        loss = m.G2RL.guidance_loss(G, WM)
        loss.backward()
        assert loss.item() == 0
        assert all(p.grad is None or not p.grad.any() for p in model.parameters())


class TestEquations7And8:
    """L = λ·L_G + (1 − λ)·L_S, minimised over the network, W and the graph network together."""

    @pytest.mark.parametrize("lam", [0, 0.005, 0.05, 0.5])
    def test_weighted_sum(self, lam):
        found = m.joint_loss(torch.tensor(3.0), torch.tensor(10.0), lam)
        assert float(found) == pytest.approx(lam * 10 + (1 - lam) * 3)

    def test_gradient_through_all_parts_by_finite_differences(self):
        """Backbone, deconvolutions, projection and graph network at once, in float64."""
        torch.manual_seed(0)
        model = v.build_model(SMALL, 4).double().train()
        random = torch.Generator().manual_seed(0)
        images = torch.randn(2, 3, 64, 64, generator=random, dtype=torch.float64)
        target = torch.rand(2, 4, 16, 16, generator=random, dtype=torch.float64)
        landmarks, coded = some_landmarks(), torch.ones(2, 4, dtype=torch.bool)

        def loss() -> torch.Tensor:
            maps, G, WM = model(images, landmarks)
            return m.joint_loss(
                m.heatmap_loss(maps, target, coded), m.G2RL.guidance_loss(G, WM.double()), 0.3
            )

        loss().backward()
        for name, parameter in model.named_parameters():
            if name.split(".")[-1] != "weight" or parameter.dim() < 2:
                continue
            index = int(parameter.grad.abs().argmax())
            flat, step = parameter.data.view(-1), 1e-5
            flat[index] += step
            above = loss().item()
            flat[index] -= 2 * step
            below = loss().item()
            flat[index] += step
            slope = (above - below) / (2 * step)
            assert slope == pytest.approx(float(parameter.grad.view(-1)[index]), rel=2e-2), name

    @pytest.mark.parametrize(
        "change",
        [
            {},
            {"lam": 0.0},
            {"intensity_loss": 0.1, "high_intensity_weight": 0.5},
            {"permute_landmarks": True},
        ],
    )
    def test_one_step_of_training_follows_the_dense_losses(self, change):
        """What ``make_step`` reports is Eq. 1–8 by NumPy; what it does to the weights is their slope."""
        small = {"backbone": TINY, "image_size": 64, "stride": 16, "channels": (16, 16), "precision": "fp32"}
        settings = Settings(**small | {"lam": 0.3} | change)
        random = np.random.default_rng(0)
        images = torch.tensor(random.integers(0, 255, (3, 64, 64, 3), np.uint8))
        landmarks = torch.tensor(random.uniform(40, 220, (3, 68, 2)).astype(np.float32))
        intensity = torch.tensor([[2, -1], [5, 1], [0, 3]], dtype=torch.int8)
        targets = Targets((6, 12), settings, CPU)
        model = v.build_model(settings, 4)
        v.he_init(model.geometry)
        reference = copy.deepcopy(model).double()
        centres = (au_centres(landmarks.numpy(), (6, 12), CENTRES) + 0.5) / 16 - 0.5
        points = intensity.numpy().repeat(2, 1)
        target = np.array([[TestEquation1.dense(*centres[b, p], max(0, points[b, p]), 2, 16) for p in range(4)] for b in range(3)])  # fmt: skip # noqa: E501
        pixels = (images.numpy() - np.array(preprocessing.MEAN)) / np.array(preprocessing.STD)

        def losses() -> tuple[float, float, float]:
            maps, M = reference.net(torch.tensor(pixels.transpose(0, 3, 1, 2)))
            P = landmarks.double() / 128 - 1
            P = P[[2, 0, 1]] if settings.permute_landmarks else P
            G = reference.geometry(P).detach().numpy()
            maps, WM = maps.detach().numpy(), reference.projection(M).detach().numpy()
            loss_S = read = 0.0
            for b, p in np.argwhere(points >= 0):
                error = np.sum((maps[b, p] - target[b, p]) ** 2)
                values = maps[b, p].reshape(-1) * 2 * np.pi * 2**2
                share = np.exp(v.SHARPNESS * values) / np.exp(v.SHARPNESS * values).sum()
                loss_S += (1 + settings.high_intensity_weight * points[b, p]) * error / 3
                read += (share @ values - points[b, p]) ** 2 / 3
            loss_G = TestEquation6.dense(G, WM) if settings.lam else 0.0
            joint = settings.lam * loss_G + (1 - settings.lam) * loss_S
            return joint + settings.intensity_loss * read, loss_S, loss_G

        totals, rate = torch.zeros(4), 1e-3
        step = make_step(model, torch.optim.SGD(model.parameters(), rate), targets, settings, totals)
        before = [p.detach().clone() for p in model.parameters()]
        step(images, landmarks, intensity, torch.zeros(3, dtype=torch.bool), torch.zeros(3, 2).long())
        assert totals[:3].tolist() == pytest.approx(losses(), rel=1e-4)
        moved = [(old - new).double() / rate for old, new in zip(before, model.parameters(), strict=True)]
        length = float(torch.cat([value.flatten() for value in moved]).norm())
        sides = []
        for sign in (1, -1):
            for parameter, old, value in zip(reference.parameters(), before, moved, strict=True):
                parameter.data = old.double() + sign * 1e-4 * value / length
            sides.append(losses()[0])
        assert (sides[0] - sides[1]) / 2e-4 == pytest.approx(length, rel=1e-2)


def test_the_exported_network_is_the_trained_one_without_the_module(tmp_path):
    """At test time: Baseline's parameters, no landmarks, the same heatmaps to 1e-6."""
    from g2rl.network.model_file import read_model

    settings = Settings(backbone=TINY, image_size=64, stride=16, channels=(16, 16), precision="fp32")
    guided = v.build_model(settings, 4)
    images = torch.randint(0, 255, (3, 64, 64, 3), dtype=torch.uint8)
    torch.nn.init.normal_(guided.net.head.weight)  # maps far from 0, as after a training
    with torch.inference_mode():
        for _ in range(30):  # batch norm's averages
            guided.net(preprocessing.normalise(images))
    guided.eval()
    model_file.write_model(guided.net, settings, (6, 12), ["F001"], tmp_path / "model.safetensors")
    exported = read_model(tmp_path / "model.safetensors", CPU)
    baseline = v.build_model(replace(settings, lam=0.0), 4)
    assert {name: p.shape for name, p in exported.net.named_parameters()} == {
        name: p.shape for name, p in baseline.net.named_parameters()
    }
    with torch.inference_mode():
        maps, *_ = guided(preprocessing.normalise(images), torch.rand(3, 68, 2))
    assert maps.abs().max() > 0.01
    assert np.allclose(exported.predict(images.numpy()).heatmaps, maps.numpy(), rtol=0, atol=1e-6)
