"""The model file: what is none, or claims what it does not hold, is refused in one line."""

import json
from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from g2rl.config.alignment import Alignment
from g2rl.errors import InputError
from g2rl.inference.predictor import predict_sequences
from g2rl.network.description import Description
from g2rl.network.model_file import read_model, write_model
from g2rl.network.variants import build_model
from tests.factories import CPU, HELD_OUT, SEQUENCES, SMALL, run


def test_a_model_file_that_is_none_is_named(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"x" * 100)
    save_file({"weight": torch.zeros(3)}, tmp_path / "b.safetensors")
    for name, message in (("a", "not a readable"), ("b", "no description"), ("c", "c.safetensors")):
        with pytest.raises(InputError, match=message):
            read_model(tmp_path / f"{name}.safetensors", CPU)


def test_groups_of_people_are_rendered_ones(tmp_path):
    """A study may call its subjects G0001 too."""
    about = Description(aus=(6,), settings=SMALL, subjects=frozenset({"G0001", "G0002"}))
    assert about.trained_on == "faces of 2 subjects"
    rendered = replace(about, datasets=("synthetic_people",))
    assert rendered.trained_on == "rendered people (synthetic_people)"
    assert replace(about, datasets=("mine",)).trained_on == "faces of 2 subjects (mine)"


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The bytes of a model file."""
    return run(tmp_path_factory.mktemp("whole"), replace(SMALL, epochs=1))[0]


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"channels": [10**7] * 3}, "fit"),
        ({"channels": [10**30] * 3}, "deconv.0.weight is .*expected 1000"),
        ({"channels": [8] * 30}, "expected 5 or fewer values"),
        ({"image_size": 10**6 * 32}, "image_size: 32000000, expected 256 or less"),
        ({"backbone": "hf-hub:someone/something"}, "no backbone 'hf-hub:"),
        ({"backbone": "local-dir:/"}, "no backbone"),
        ({"backbone": "resnet50.tv_in1k"}, "fit"),
        ({"aus": [6, 12, 99]}, "fit"),
        ({"aus": None}, "fit"),
        ({"other": 1}, "fit"),
        ({"stride": 0}, "fit"),
        ({"aus": [[6]]}, "aus .*expected a list of numbers"),
        ({"subjects": 3}, "subjects 3, expected a list of names"),
        ({"alignment": {"anchors": "ears"}}, "alignment, anchors: 'ears', expected one of"),
        ({"alignment": {"scale": 9}}, "alignment, scale: 9, expected 2 or less"),
        ({"alignment": 3}, "its alignment cannot be read"),
        ({"sigma": "wide"}, "sigma: 'wide', expected a number"),
        ({"maps": ["point"]}, "maps: .*expected one of"),
    ],
    ids=str,
)
def test_a_strangers_model_is_held_to_its_own_size(tmp_path, whole, claim, message):
    """Whatever its description claims: no network, no memory but its file's, one line."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(whole)
    with safe_open(path, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = json.loads(file.metadata()["g2rl"]) | claim
    save_file(weights, path, metadata={"g2rl": json.dumps(about)})
    with pytest.raises(InputError, match=rf"model\.safetensors: weights do not.*{message}"):
        read_model(path, CPU)


def test_a_model_knows_how_its_faces_were_aligned(tmp_path, whole):
    chin = Alignment(anchors="eyes_chin", scale=1.2, detector="mediapipe")
    one_epoch = replace(SMALL, epochs=1)
    run(tmp_path, one_epoch, [replace(sequence, alignment=chin) for sequence in SEQUENCES])
    model = read_model(tmp_path / "model.safetensors", CPU)
    assert model.alignment == chin
    with pytest.raises(
        InputError,
        match=r"F003_T1: aligned by eyes_nose, scale 1, the model's.* eyes_chin, scale 1.2, .* mediapipe",
    ):
        predict_sequences(model, HELD_OUT)
    assert len(predict_sequences(model, [replace(sequence, alignment=chin) for sequence in HELD_OUT]))
    with pytest.raises(InputError, match="aligned in different ways: F001_T1 by eyes_nose, scale 1, M002_T1"):
        run(tmp_path, one_epoch, [SEQUENCES[0], replace(SEQUENCES[1], alignment=chin)])
    # A file of an earlier version says nothing: the one way there was.
    path = tmp_path / "model.safetensors"
    path.write_bytes(whole)
    with safe_open(path, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = json.loads(file.metadata()["g2rl"])
    del about["alignment"]
    save_file(weights, path, metadata={"g2rl": json.dumps(about)})
    assert read_model(path, CPU).alignment == Alignment()


def test_weights_and_descriptions_of_another_kind_are_refused(tmp_path, whole):
    path = tmp_path / "model.safetensors"
    path.write_bytes(whole)
    with safe_open(path, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = file.metadata()
    for change, metadata, message in (
        ({"deconv.0.weight": torch.zeros(8)}, about, r"deconv\.0\.weight is \(8,\)"),
        ({"head.bias": torch.zeros(4).half()}, about, "torch.float16, expected torch.float32"),
        ({"other": torch.zeros(1)}, about, "other"),
        ({}, {"g2rl": "[1, 2]"}, r"\[1, 2\], expected a mapping"),
        *(
            ({}, {"g2rl": json.dumps(json.loads(about["g2rl"]) | {"image_sizes": sizes})}, message)
            for sizes, message in (
                *((value, "image_sizes .*, expected a list of numbers") for value in (2, [True], [2.0], "2")),
                ([32, 32], "weights of .*, expected those of 2 networks, nets.0 and so on"),
                *(
                    (value, r"image_sizes .*, expected two or more, the largest of them 32, the image_size")
                    for value in ([64, 32], [16, 8], [32])
                ),
            )
        ),
    ):
        save_file(weights | change, path, metadata=metadata)
        with pytest.raises(InputError, match=rf"weights do not fit its description: .*{message}"):
            read_model(path, CPU)


def test_a_fault_of_ours_is_no_fault_of_the_file(tmp_path, whole, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(whole)
    monkeypatch.setattr("g2rl.network.model_file.HeatmapNet", lambda *args, **more: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        read_model(tmp_path / "model.safetensors", CPU)


@pytest.mark.parametrize("length", [2**62, 2**31, 10**6])
def test_a_header_longer_than_its_file_is_refused(tmp_path, length):
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b'{"a": {}}')
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_model(path, CPU)


@pytest.mark.slow
def test_a_backbone_with_computed_buffers_is_read_whole(tmp_path):
    """Swin's attention masks are in no file."""
    settings = replace(
        SMALL, backbone="swin_tiny_patch4_window7_224", stride=16, image_size=64, channels=(8, 8)
    )
    net = build_model(settings, 4).net.eval()
    write_model(net, settings, (6, 12), ["P1"], tmp_path / "m")
    images = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(read_model(tmp_path / "m", CPU).net(images)[0], net(images)[0])
