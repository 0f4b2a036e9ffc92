"""Eq. 2–8 against dense float64 NumPy references; gradients by finite differences."""

import numpy as np
import pytest
import timm
import torch

from g2rl import model as m
from g2rl.files import InputError

TINY = "test_resnet.r160_in1k"


@pytest.fixture
def tiny() -> m.G2RL:
    torch.manual_seed(0)
    return m.G2RL(m.HeatmapNet(TINY, 4, (16, 16, 16)), map_size=16).double().eval()


def some_landmarks(batch: int = 2) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).normal(0, 0.4, (batch, 68, 2)))


def test_paper_network_has_34_million_parameters():
    net = m.HeatmapNet("resnet50.tv_in1k", 12)
    assert sum(p.numel() for p in net.parameters()) == 33_998_412
    with torch.inference_mode():
        maps, M = net.eval()(torch.zeros(1, 3, 256, 256))
    assert maps.shape == (1, 12, 64, 64)
    assert M.shape == (1, 256, 64, 64)


def test_a_smaller_stride_takes_the_feature_map_before():
    images = torch.zeros(1, 3, 64, 64)
    for stride, width in ((32, 96), (16, 192), (8, 48)):
        net = m.HeatmapNet(TINY, 2, (8, 8), stride=stride).eval()
        assert net.backbone(images)[-1].shape[-1] == 64 // stride
        assert net(images)[0].shape == (1, 2, 256 // stride, 256 // stride)
        assert net.backbone(images)[-1].shape[1] == width


def test_backbone_is_torchvisions_resnet50():
    import torchvision

    torch.manual_seed(0)
    theirs = torchvision.models.resnet50().eval()
    ours = m.HeatmapNet("resnet50.tv_in1k", 1, (8,), pretrained=theirs.state_dict()).eval()
    images = torch.randn(1, 3, 64, 64)
    body = torch.nn.Sequential(*list(theirs.children())[:-2])
    with torch.inference_mode():
        torch.testing.assert_close(ours.backbone(images)[-1], body(images), rtol=1e-4, atol=1e-5)


def test_pretrained_weights_are_taken_and_a_missing_one_is_noticed():
    source = timm.create_model(TINY, pretrained=False).state_dict()
    net = m.HeatmapNet(TINY, 1, (8,), pretrained=source)
    assert all(torch.equal(value, source[name]) for name, value in net.backbone.state_dict().items())
    name = next(iter(net.backbone.state_dict()))
    with pytest.raises(KeyError, match=name):
        m.HeatmapNet(TINY, 1, (8,), pretrained={k: v for k, v in source.items() if k != name})


def test_equation_2_heatmap_loss():
    random = np.random.default_rng(0)
    predicted, target = random.normal(size=(2, 3, 4, 5, 5))
    coded = random.random((3, 4)) < 0.7
    expected = np.mean([sum(((predicted[b, p] - target[b, p]) ** 2).sum() for p in range(4) if coded[b, p]) for b in range(3)])  # fmt: skip # noqa: E501
    loss = m.heatmap_loss(torch.tensor(predicted), torch.tensor(target), torch.tensor(coded))
    assert float(loss) == pytest.approx(expected, rel=1e-12)


def test_maps_of_uncoded_aus_get_no_gradient():
    predicted = torch.randn(2, 3, 4, 4, requires_grad=True)
    coded = torch.tensor([[True, False, True], [False, True, True]])
    m.heatmap_loss(predicted, torch.randn(2, 3, 4, 4), coded).backward()
    assert torch.equal(predicted.grad.abs().sum((-2, -1)) > 0, coded)


def reference_adjacency(P: np.ndarray) -> np.ndarray:
    size2 = np.mean([np.sum((p - P.mean(0)) ** 2) for p in P])
    A = np.array([[np.exp(-2 * np.sum((p - q) ** 2) / size2) for q in P] for p in P])
    D = np.diag(1 / np.sqrt(A.sum(1)))
    return D @ A @ D


def test_equation_3_adjacency():
    landmarks = some_landmarks()
    A = m.adjacency(landmarks).numpy()
    assert np.allclose(A, [reference_adjacency(P) for P in landmarks.numpy()], atol=1e-12)
    assert np.allclose(A, A.transpose(0, 2, 1))


def test_adjacency_depends_on_the_shape_alone():
    landmarks = some_landmarks()
    turn = torch.tensor([[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]])
    moved = 3.7 * landmarks @ turn.T + torch.tensor([5.0, -2.0])
    torch.testing.assert_close(m.adjacency(moved), m.adjacency(landmarks))
    stretched = landmarks * torch.tensor([1.0, 1.5])
    assert not torch.allclose(m.adjacency(stretched), m.adjacency(landmarks), atol=1e-3)


def test_equations_3_to_5_geometry_module(tiny):
    landmarks, g = some_landmarks(), tiny.geometry
    w = {name: value.detach().numpy() for name, value in g.state_dict().items()}

    def relu(x):
        return np.maximum(x, 0)

    for P, G in zip(landmarks.numpy(), g(landmarks).detach().numpy(), strict=True):
        A, F, layers = reference_adjacency(P), P, []
        for i in "123":
            F = relu(A @ (F @ w[f"W{i}.weight"].T + w[f"W{i}.bias"]))
            layers.append(F)
        mixed = np.concatenate(layers, 1) @ w["mix.weight"][:, :, 0].T + w["mix.bias"]  # (n, nodes)
        x = mixed.T.reshape(-1)
        for i in (0, 2):
            x = relu(w[f"fc.{i}.weight"] @ x + w[f"fc.{i}.bias"])
        x = w["fc.4.weight"] @ x + w["fc.4.bias"]
        assert np.allclose(G, x, atol=1e-12)


@pytest.mark.parametrize("kind", m.PROJECTIONS)
def test_projection_is_linear_in_the_feature_maps(kind):
    torch.manual_seed(0)
    W = m.Projection(16, 8, kind).double()
    a, b = torch.randn(2, 3, 16, 8, 8, dtype=torch.float64)
    torch.testing.assert_close(W(2 * a - 3 * b), 2 * W(a) - 3 * W(b))
    assert W(a).shape == (3, m.GEOMETRY_DIM)


def test_projection_keeps_the_layout_of_the_face_unless_pooled():
    M = torch.randn(1, 16, 8, 8)
    for kind in m.PROJECTIONS:
        W = m.Projection(16, 8, kind)
        assert torch.allclose(W(M), W(M.flip(-1)), atol=1e-5) == (kind == "pooled")


def test_projection_has_the_weights_it_is_described_with():
    assert sum(p.numel() for p in m.Projection(256, 64).parameters()) == 256 * 8 + 8 * 64 * 64 * 256


def test_equation_6_guidance_loss_and_its_gradient():
    random = np.random.default_rng(0)
    G, WM = random.normal(size=(2, 5, 256))
    expected = np.mean([np.sum((g - w) ** 2) for g, w in zip(G, WM, strict=True)])
    G, WM = (torch.tensor(value, requires_grad=True) for value in (G, WM))
    assert m.guidance_loss(G, WM).item() == pytest.approx(expected, rel=1e-12)
    assert torch.autograd.gradcheck(m.guidance_loss, (G[:, :7], WM[:, :7]))


def test_equations_7_and_8_joint_loss():
    assert float(m.joint_loss(torch.tensor(3.0), torch.tensor(10.0), 0.05)) == pytest.approx(
        0.05 * 10 + 0.95 * 3
    )


def test_the_gradient_of_the_joint_loss_by_finite_differences(tiny):
    """Through backbone, deconvolutions, projection and graph network at once, in float64."""
    tiny.train()
    random = torch.Generator().manual_seed(0)
    images = torch.randn(2, 3, 64, 64, generator=random, dtype=torch.float64)
    target = torch.rand(2, 4, 16, 16, generator=random, dtype=torch.float64)
    landmarks, coded = some_landmarks(), torch.ones(2, 4, dtype=torch.bool)

    def loss() -> torch.Tensor:
        maps, G, WM, own = tiny(images, landmarks)
        return m.joint_loss(m.heatmap_loss(maps, target, coded), m.guidance_loss(G, WM.double()), 0.3) + own

    loss().backward()
    for name, parameter in tiny.named_parameters():
        if name.split(".")[-1] != "weight" or parameter.dim() < 2:
            continue
        index = int(parameter.grad.abs().argmax())
        flat, step = parameter.data.view(-1), 1e-5
        flat[index] += step
        above = loss().item()
        flat[index] -= 2 * step
        below = loss().item()
        flat[index] += step
        assert (above - below) / (2 * step) == pytest.approx(
            float(parameter.grad.view(-1)[index]), rel=2e-2
        ), name


def test_literal_guidance_trains_both_sides_and_detached_only_one():
    images, landmarks = torch.randn(2, 3, 64, 64), some_landmarks().float()
    for guidance, expected in (("literal", True), ("detached", False)):
        torch.manual_seed(0)
        model = m.G2RL(m.HeatmapNet(TINY, 4, (16, 16, 16)), 16, guidance)
        _, G, WM, _ = model(images, landmarks)
        m.guidance_loss(G, WM).backward()
        assert all((p.grad is not None) == expected for p in model.geometry.parameters())
        assert all(p.grad is not None for p in model.projection.parameters())
        assert any(p.grad is not None for p in model.net.backbone.parameters())


def test_detached_geometry_learns_to_rebuild_the_landmarks():
    torch.manual_seed(0)
    model = m.G2RL(m.HeatmapNet(TINY, 4, (16, 16, 16)), 16, "detached")
    images, landmarks = torch.randn(2, 3, 64, 64), some_landmarks().float()
    *_, own = model(images, landmarks)
    own.backward()
    assert all(float(p.grad.abs().sum()) > 0 for p in model.geometry.parameters() if p.dim() > 1)
    assert all(p.grad is None for p in model.net.parameters())


@pytest.mark.parametrize(
    ("backbone", "stride", "message"),
    [
        ("vit_tiny_patch16_224", 32, "has stride 16, expected 32"),
        ("resnet5000", 32, r"no feature map of stride 32 \(Unknown model"),
        ("resnet18.nonsense", 32, "Invalid pretrained tag"),
    ],
)
def test_a_backbone_without_such_a_feature_map_is_named(backbone, stride, message):
    with torch.device("meta"), pytest.raises(InputError, match=message):
        m.HeatmapNet(backbone, 3, (8,), stride=stride)
