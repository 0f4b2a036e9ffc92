"""The mean of several networks: their numbers as one model in both formats, and what cannot be averaged."""

from dataclasses import fields, replace
from itertools import chain

import cv2
import numpy as np
import onnx
import pytest
import torch

from g2rl.cli import main as cli
from g2rl.config.alignment import Alignment
from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.inference.onnx_export import export_int8, export_onnx
from g2rl.network.description import Description
from g2rl.network.heatmaps import peak
from g2rl.network.initialisation import start_from
from g2rl.network.mean_file import MAY_DIFFER, read_mean
from g2rl.network.model_file import read_model, write_described
from g2rl.network.onnx_file import read_onnx
from g2rl.network.preprocessing import normalise
from g2rl.network.variants import build_model
from tests.factories import AUS, CPU, SMALL, make_faces, make_model, make_sequence

SMALL32 = replace(SMALL, precision="fp32")


def write_untrained(path, settings=SMALL, **about):
    """A model file with its first weights."""
    said = replace(Description(aus=AUS, settings=settings), **about)
    write_described(build_model(settings, len(said.heatmap_au)).net, said, path)
    return path


def own_maps(model, images):
    """The heatmaps of a network of (B, S, S, 3) normalised images, which OpenCV reduces to its size."""
    size = (model.settings.image_size,) * 2
    reduced = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]
    with torch.inference_mode():
        return model.net(torch.from_numpy(np.stack(reduced)).permute(0, 3, 1, 2))[0].numpy()


def enlarged(maps, side):
    resized = [
        cv2.resize(each, (side, side), interpolation=cv2.INTER_LINEAR) for each in np.moveaxis(maps, 1, 3)
    ]
    return np.moveaxis(np.stack(resized), 3, 1)


def decoded(maps):
    """(B, 4, S', S') → (B, 2), not yet cut to 0–5."""
    return (maps.max((2, 3)) / peak(SMALL.sigma)).reshape(-1, 2, 2).mean(2)


def highest(maps):
    """Where they are, (B, 4, 2) x, y, in pixels of the aligned face."""
    side = maps.shape[-1]
    index = maps.reshape(*maps.shape[:2], -1).argmax(-1)
    return (np.stack((index % side, index // side), -1) + 0.5) * 256 / side - 0.5


@pytest.mark.parametrize("sizes", [(96, 64), (64, 96)], ids=str)
def test_networks_of_different_image_sizes_are_averaged(tmp_path, sizes):
    """As if each saw the face at its own size; OpenCV's means over areas are the reference."""
    names = [tmp_path / f"{size}.safetensors" for size in sizes]
    models = [
        make_model(name, replace(SMALL32, image_size=size, seed=size % 64))
        for name, size in zip(names, sizes, strict=True)
    ]
    mean = read_mean(names)
    assert (mean.image_sizes, mean.settings.image_size) == (sizes, 96)
    faces, landmarks = make_faces(8, 96)
    images = normalise(torch.from_numpy(faces)).permute(0, 2, 3, 1).numpy()
    each = [own_maps(model, images) for model in models]
    values = np.stack([decoded(maps) for maps in each])
    maps, intensity = np.mean([enlarged(maps, 24) for maps in each], 0), values.clip(0, 5).mean(0)
    for other in (values.mean(0).clip(0, 5), decoded(maps).clip(0, 5)):  # what would be another mean
        assert np.abs(other - intensity).max() > 0.1
    assert all((np.abs(highest(own) - highest(maps)) > 12).any() for own in each)
    assert np.ptp(intensity, axis=0).min() > 0.5
    found = mean.predict(faces, landmarks)
    np.testing.assert_allclose(found.heatmaps, maps, rtol=0, atol=2e-5)
    np.testing.assert_allclose(found.intensity, intensity, rtol=0, atol=1e-3)
    np.testing.assert_allclose(found.locations, highest(maps), rtol=0, atol=1e-3)
    write_described(mean.net, mean, tmp_path / "mean.safetensors")
    again = read_model(tmp_path / "mean.safetensors", CPU)
    export_onnx(again, tmp_path / "mean.onnx")
    graph = read_onnx(tmp_path / "mean.onnx").predict(faces)
    for name in ("heatmaps", "intensity", "locations"):
        np.testing.assert_array_equal(getattr(again.predict(faces), name), getattr(found, name))
        np.testing.assert_allclose(getattr(graph, name), getattr(found, name), rtol=0, atol=1e-3)


def test_networks_that_are_built_for_an_image_size_are_averaged(tmp_path):
    settings = replace(SMALL32, backbone="test_vit.r160_in1k", stride=16, channels=(8, 8))
    names = [tmp_path / f"{size}.safetensors" for size in (32, 64)]
    for name, size in zip(names, (32, 64), strict=True):
        make_model(name, replace(settings, image_size=size))
    mean = read_mean(names)
    write_described(mean.net, mean, tmp_path / "mean.safetensors")
    again, faces = read_model(tmp_path / "mean.safetensors", CPU), make_faces(8, 64)
    np.testing.assert_array_equal(again.predict(*faces).intensity, mean.predict(*faces).intensity)


def test_a_mean_of_networks_is_written_as_one(tmp_path, capsys):
    names = [tmp_path / f"{name}.safetensors" for name in ("a", "b", "c")]
    models = [make_model(name, replace(SMALL, seed=seed)) for seed, name in enumerate(names)]
    half, graph, again = (tmp_path / name for name in ("mean.safetensors", "mean.onnx", "again.onnx"))
    for given, kind, out in ((names, "--half", half), (names, "--onnx", graph), ([half], "--onnx", again)):
        assert cli.main(["export", *map(str, given), kind, "-o", str(out)]) == 0
    faces = make_faces(8, 32)
    each = [replace(model, settings=SMALL32).predict(*faces) for model in models]
    maps, intensity = (np.mean([getattr(one, name) for one in each], 0) for name in ("heatmaps", "intensity"))
    assert np.ptp(intensity, axis=0).min() > 0.5
    mean = read_model(half, CPU)
    assert (mean.image_sizes, mean.datasets) == ((32, 32, 32), ("synthetic_a",))
    np.testing.assert_allclose(mean.predict(*faces).heatmaps, maps, rtol=0, atol=0.03 * np.abs(maps).max())
    found = read_onnx(graph).predict(*faces)
    np.testing.assert_allclose(found.heatmaps, maps, rtol=0, atol=1e-4)
    np.testing.assert_allclose(found.intensity, intensity, rtol=0, atol=1e-3)
    np.testing.assert_allclose(read_onnx(again).predict(*faces).intensity, intensity, rtol=0, atol=0.02)
    capsys.readouterr()
    assert cli.main(["model", str(half)]) == 0
    assert "networks: 3, whose intensities are averaged: 3 of 32×32 pixels\n" in capsys.readouterr().out
    whole = graph.read_bytes()
    for sizes in (b"[32, 32, 64]", b"[        32]"):
        graph.write_bytes(whole.replace(b'"image_sizes": [32, 32, 32]', b'"image_sizes": ' + sizes))
        with pytest.raises(
            InputError, match=r"mean\.onnx: .* image_sizes \[.*, expected two or more, the largest"
        ):
            read_onnx(graph)


def test_each_network_of_a_mean_keeps_its_first_and_last_convolution(tmp_path):
    names = [tmp_path / f"{seed}.safetensors" for seed in range(2)]
    for seed, name in enumerate(names):
        make_model(name, replace(SMALL32, seed=seed))
    export_int8(read_mean(names), tmp_path / "m.onnx", [make_sequence("F003", 4)])
    graph = onnx.load(tmp_path / "m.onnx").graph
    quantised = {out for node in graph.node if node.op_type == "DequantizeLinear" for out in node.output}
    kept = [node.name for node in graph.node if node.op_type == "Conv" and node.input[1] not in quantised]
    ends = [(f"/nets.{k}/backbone/conv1/conv1.0/Conv", f"/nets.{k}/head/Conv") for k in range(2)]
    assert sorted(kept) == sorted(chain(*ends))


OTHER = {  # settings in which networks that are averaged may not differ
    "sigma": 3.0,
    "lam": 0.5,
    "backbone": "test_efficientnet.r160_in1k",
    "stride": 16,
    "channels": (8, 8),
    "input_scaling": "unit",
    "landmark_channel": True,
    "centres": "fgnet",
    "maps": "au",
    "amplitude": "intensity",
    "decoding": "soft",
    "au_from_points": "max",
    "precision": "fp32",
    "au_centres": "12: 49 53",
}


def test_settings_may_differ_or_must_agree():
    assert MAY_DIFFER.isdisjoint(OTHER)
    assert MAY_DIFFER | OTHER.keys() == {field.name for field in fields(Settings)}


@pytest.mark.parametrize("name", OTHER)
def test_networks_of_different_kinds_are_refused(tmp_path, name):
    names = [tmp_path / f"{each}.safetensors" for each in ("a", "b")]
    write_untrained(names[0])
    write_untrained(names[1], replace(SMALL, **{name: OTHER[name]}))
    shown = "lambda" if name == "lam" else name
    with pytest.raises(
        InputError, match=rf"b\.safetensors: {shown} .*, expected .* as in .*a\.safetensors: only"
    ):
        read_mean(names)


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        ({"settings": replace(SMALL, lam=0)}, {}, r"lambda 0\.05, expected 0 as in"),
        ({}, {"aus": (6, 25)}, r"aus \(6, 25\), expected \(6, 12\) as in"),
        ({}, {"alignment": Alignment(scale=0.5)}, "alignment .* as in"),
        (
            {"settings": replace(SMALL, landmark_channel=True)},
            {"settings": replace(SMALL, landmark_channel=True, image_size=64)},
            "image_size 64, expected 32 as in",
        ),
        ({}, {}, r"the same bytes as .*a\.safetensors: expected each network once"),
    ],
    ids=["Baseline-G2RL", "AUs", "alignment", "drawn-landmarks", "copy"],
)
def test_networks_that_cannot_be_averaged_are_refused(tmp_path, first, second, message):
    names = [tmp_path / f"{each}.safetensors" for each in ("a", "b")]
    for name, about in zip(names, (first, second), strict=True):
        write_untrained(name, **about)
    with pytest.raises(InputError, match=rf"b\.safetensors: {message}"):
        read_mean(names)


def test_trainings_of_one_kind_may_differ(tmp_path):
    recipe = {"seed": 1, "epochs": 7, "image_size": 64}
    others = {
        **{"lr": 1e-4, "lr_geometry": 1e-4, "lr_projection": 1e-4, "adam_eps": 1e-4, "weight_decay": 1e-5},
        **{"schedule": "onecycle", "milestones": (2,), "flip": True, "shift": 0.1, "jitter": 0.1},
        **{"batch_size": 8, "max_subjects": 3, "deconv_std": 0.01, "head_init": "msra", "bn_momentum": 0.01},
        **{"freeze_bn": True, "heatmap_reduction": "mean", "geometry_reduction": "mean", "calibrate": True},
        **{"geometry": "frozen", "geometry_init": "he", "geometry_bias": False, "geometry_relu": True},
        **{"landmark_units": "pixels", "adjacency": "knn", "dynamic_adjacency": True, "projection": "pooled"},
        **{"projection_channels": 4, "projection_init": "he", "permute_landmarks": True},
        **{"intensity_loss": 1.0, "high_intensity_weight": 1.0},
    }
    guided = {"guidance": "detached"}  # excludes geometry frozen
    assert recipe.keys() | others.keys() | guided.keys() == MAY_DIFFER
    names = [
        write_untrained(tmp_path / str(k), replace(SMALL, **changed), subjects=frozenset({f"S{k}"}))
        for k, changed in enumerate(({}, recipe, others, guided))
    ]
    mean = read_mean(names)
    assert (mean.image_sizes, mean.subjects) == ((32, 64, 32, 32), {"S0", "S1", "S2", "S3"})


def test_a_mean_names_its_datasets_only_if_all_are_known(tmp_path):
    a, b, c = (
        write_untrained(tmp_path / name, replace(SMALL, seed=ord(name)), datasets=datasets)
        for name, datasets in (("a", ("synthetic_a",)), ("b", ("synthetic_b",)), ("c", ()))
    )
    known, unknown = read_mean([a, b]), read_mean([a, c])
    assert (known.datasets, known.rendered) == (("synthetic_a", "synthetic_b"), True)
    assert (unknown.datasets, unknown.rendered) == ((), False)


def test_a_mean_of_means_and_wrong_weights_are_refused(tmp_path):
    names = [write_untrained(tmp_path / str(seed), replace(SMALL, seed=seed)) for seed in range(2)]
    mean, path = read_mean(names), tmp_path / "mean.safetensors"
    write_described(mean.net, mean, path)
    with pytest.raises(InputError, match=r"mean.safetensors: a mean of 2 networks: give"):
        read_mean([names[0], path])
    with pytest.raises(InputError, match="expected a single one"):
        start_from(read_model(names[0], CPU).net, mean.net.state_dict())
    write_described(mean.net, replace(mean, image_sizes=(32, 32, 32)), path)
    with pytest.raises(InputError, match=r"weights of nets.0, nets.1, expected those of 3 networks"):
        read_model(path, CPU)
    write_described(mean.net, replace(mean, image_sizes=()), path)
    with pytest.raises(InputError, match="weights do not fit its description"):
        read_model(path, CPU)


def test_export_does_not_replace_a_model_that_it_reads(tmp_path, capsys):
    a, b = (write_untrained(tmp_path / f"{seed}.safetensors", replace(SMALL, seed=seed)) for seed in range(2))
    (link := tmp_path / "link.safetensors").symlink_to(b)
    before = [path.read_bytes() for path in (a, b)]
    for models, out in (([a], a), ([a, b], b), ([a, link], b), ([a, b], tmp_path / "x" / ".." / b.name)):
        assert cli.main(["export", *map(str, models), "--half", "-o", str(out)]) == 2
        assert f"{out}: one of the models" in capsys.readouterr().err
    assert [path.read_bytes() for path in (a, b)] == before
