"""The backbone and the deconvolution head; the equations themselves: test_equations.py."""

import pytest
import timm
import torch

from g2rl.errors import InputError
from g2rl.network import model as m

TINY = "test_resnet.r160_in1k"


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


@pytest.mark.parametrize(
    ("backbone", "stride"),
    [
        ("vit_tiny_patch16_224", 16),
        ("swin_tiny_patch4_window7_224", 16),
        ("swin_tiny_patch4_window7_224", 32),
    ],
)
def test_transformers_are_built_for_the_images_size_channels_first(backbone, stride):
    with torch.device("meta"):
        net = m.HeatmapNet(backbone, 3, (8, 8), stride=stride, image_size=96)
        maps, _ = net(torch.zeros(2, 3, 96, 96))
    assert maps.shape == (2, 3, 4 * 96 // stride, 4 * 96 // stride)


def test_position_embeddings_of_another_size_are_resampled():
    """As timm resamples them; weights that cannot be are named."""
    from timm.layers import resample_abs_pos_embed

    from g2rl.network.features import feature_extractor

    source = feature_extractor("vit_tiny_patch16_224", 16)[0].state_dict()
    found = feature_extractor("vit_tiny_patch16_224", 16, source, image_size=64)[0].state_dict()
    name = next(name for name in source if name.endswith("pos_embed"))
    assert torch.equal(found[name], resample_abs_pos_embed(source[name], [4, 4]))
    other = next(name for name in source if name.endswith("patch_embed.proj.weight"))
    with pytest.raises(InputError, match=r"patch_embed\.proj\.weight is .*: give the image_size"):
        feature_extractor("vit_tiny_patch16_224", 16, source | {other: source[other][..., :8]}, image_size=64)


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
