"""ONNX: the same numbers as torch, without torch, and what is no such file is refused."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.data import astronaut

from g2rl.cli import main as cli
from g2rl.config.alignment import Alignment
from g2rl.errors import InputError
from g2rl.inference import onnx_export
from g2rl.inference.face_network import OWN_MODEL
from g2rl.inference.onnx_export import export_onnx
from g2rl.network import model_file
from g2rl.network.onnx_file import read_onnx
from tests.factories import CPU, SMALL, make_faces, make_model, make_sequence

WITHOUT_TORCH = """
import sys
class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "timm", "safetensors"):
            raise ImportError(name)
sys.meta_path.insert(0, Refuse())
from g2rl.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "settings",
    [
        replace(SMALL, precision="bf16"),
        replace(SMALL, decoding="soft", au_from_points="max", input_scaling="unit"),
        replace(SMALL, landmark_channel=True, au_from_points="first"),
        replace(SMALL, maps="au"),
    ],
    ids=["mean", "soft-max", "landmarks-first", "au"],
)
def test_onnx_gives_what_torch_gives(tmp_path, settings):
    model = make_model(tmp_path / "model.safetensors", settings)
    export_onnx(model, tmp_path / "model.onnx")
    other = read_onnx(tmp_path / "model.onnx")
    for name in ("aus", "subjects", "alignment", "datasets"):
        assert getattr(other, name) == getattr(model, name)
    exact = replace(model, settings=other.settings)
    assert other.settings == replace(model.settings, precision="fp32")
    for count in (1, 5):
        faces = make_faces(count, settings.image_size)
        expected, found = exact.predict(*faces), other.predict(*faces)
        assert np.ptp(expected.intensity, axis=0).min() > 0.1 or count == 1
        for name in ("heatmaps", "intensity", "locations"):
            assert np.allclose(getattr(found, name), getattr(expected, name), rtol=0, atol=1e-4), name


def test_predict_does_without_torch(tmp_path):
    model = make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    export_onnx(model, tmp_path / "model.onnx")
    cv2.imwrite(str(tmp_path / "astronaut.png"), astronaut()[..., ::-1])
    tables = []
    for name in ("safetensors", "onnx"):
        model, out = tmp_path / f"model.{name}", tmp_path / name
        arguments = [
            "predict",
            tmp_path / "astronaut.png",
            "--model",
            model,
            "--csv",
            "-o",
            out,
            "--device=cpu",
        ]
        if name == "onnx":
            subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *map(str, arguments)], check=True)
        else:
            assert cli.main([*map(str, arguments)]) == 0
        tables.append(pd.read_csv(out / "astronaut.csv"))
    assert tables[0]["success"].all()
    pd.testing.assert_frame_equal(*tables, check_exact=False, rtol=0, atol=2e-4)


def test_int8_differs_a_little_and_says_how_much(tmp_path, capsys):
    from g2rl.faces.sequence_file import write_sequence

    make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    write_sequence(tmp_path / "F003_T1.h5", make_sequence("F003", 40))
    names = ("model.safetensors", "F003_T1.h5", "int8.onnx")
    model, sequences, out = (str(tmp_path / name) for name in names)
    assert cli.main(["export", model, "--onnx", "--int8", "-o", out]) == 2
    assert "--int8 and --sequences belong together" in capsys.readouterr().err
    assert cli.main(["export", model, "--onnx", "--int8", "--sequences", sequences, "-o", out]) == 0
    assert "int8 against fp32 on 20 faces" in capsys.readouterr().out
    faces = make_faces(8, 32)
    expected = model_file.read_model(tmp_path / "model.safetensors", CPU).predict(*faces).intensity
    difference = np.abs(read_onnx(tmp_path / "int8.onnx").predict(*faces).intensity - expected)
    assert cli.main(["model", out]) == 0
    assert "format: ONNX, int8\n" in capsys.readouterr().out
    assert 0 < difference.max() < 1


def test_weights_of_16_bits_are_half_as_large_and_read_as_the_nearest(tmp_path, capsys):
    make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    model, out = (str(tmp_path / f"{name}.safetensors") for name in ("model", "half"))
    assert cli.main(["export", model, "--half", "-o", str(tmp_path / "half.onnx")]) == 2
    assert "expected a name that ends in .safetensors" in capsys.readouterr().err
    assert cli.main(["export", model, "--half", "-o", out]) == 0
    assert Path(out).stat().st_size < 0.6 * Path(model).stat().st_size
    whole, half = (model_file.read_model(Path(path), CPU) for path in (model, out))
    assert (half.aus, half.settings, half.subjects) == (whole.aus, whole.settings, whole.subjects)
    for name, value in whole.net.state_dict().items():
        torch.testing.assert_close(half.net.state_dict()[name], value, rtol=2**-11, atol=1e-7)
    faces = make_faces(8, 32)
    difference = np.abs(half.predict(*faces).intensity - whole.predict(*faces).intensity)
    assert 0 < difference.max() < 0.02


def test_a_weight_beyond_16_bits_is_refused(tmp_path, capsys):
    model, out = make_model(tmp_path / "model.safetensors", SMALL), tmp_path / "half.safetensors"
    for value in (65504.0, 65536.0, -1e30):
        model.net.deconv[1].running_var[3] = value
        model_file.write_described(model.net, model, tmp_path / "model.safetensors")
        status = cli.main(["export", str(tmp_path / "model.safetensors"), "--half", "-o", str(out)])
        assert (status, out.exists()) == ((0, True) if value == 65504 else (2, False))
        out.unlink(missing_ok=True)
        message = f"half.safetensors: deconv.1.running_var is {value:g}, expected at most 65504"
        assert (message in capsys.readouterr().err) is (status == 2)


def test_what_is_no_onnx_file_of_ours_is_refused(tmp_path):
    model = make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    export_onnx(model, tmp_path / "model.onnx")
    whole = (tmp_path / "model.onnx").read_bytes()
    path = tmp_path / "other.onnx"
    for content, message in (
        (b"x" * 100, "not a readable ONNX file"),
        (whole[: len(whole) // 2], "not a readable ONNX file"),
        (whole.replace(b"g2rl", b"else"), "no description"),
        (whole.replace(b'"image_size": 32', b'"image_size": 64'), "the graph has .*expected"),
        (whole.replace(b'"aus": [6, 12]', b'"aus": [6,  9]'), "the graph has .*expected"),
        (whole.replace(b'"stride": 32', b'"stride": 31'), "stride: 31, expected one of"),
    ):
        path.write_bytes(content)
        with pytest.raises(InputError, match=rf"other\.onnx: .*{message}"):
            read_onnx(path)


def test_a_model_is_described(tmp_path, capsys):
    model = make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    export_onnx(model, tmp_path / "model.onnx")
    header = "subject,sequence,frame,AU06_true,AU06_pred,AU12_true,AU12_pred"
    rows = [header, "F9,F9_T1,1,1,1.5,0,0", "F9,F9_T1,2,3,3.5,2,2"]
    cases = ("model.safetensors", ""), ("model.safetensors", "\n".join(rows)), ("model.onnx", "\n".join(rows))
    for name, table in cases:
        if table:
            (tmp_path / "predictions.csv").write_text(table)
        assert cli.main(["model", str(tmp_path / name)]) == 0
        text = capsys.readouterr().out
        for line in (
            "AUs: AU06 Cheek raiser, AU12 Lip corner puller\n",
            "trained on: rendered faces of 2 subjects (synthetic_a)\n",
            "training subjects: F001, M002\n",
            "licence: trained on rendered faces alone",
            "whose model excludes commercial use\n",
        ):
            assert line in text
        own = bool(table) and name == "model.safetensors"
        assert ("AU06  ICC 1.00  MAE 0.50" in text) is own
        assert ("held-out subjects: not known" in text) is not own
        assert ("predictions.csv is of model.safetensors" in text) is (name == "model.onnx")
        assert ("format: ONNX, fp32\n" in text) is (name == "model.onnx")


def test_the_packages_own_model_is_described(capsys):
    assert cli.main(["model"]) == 0
    text = capsys.readouterr().out
    assert str(OWN_MODEL) in text
    assert "landmarks by mediapipe\n" in text
    assert "commercial" not in text  # no landmarks of dlib
    assert text.count("docs/evidence/real_faces.md") == 2  # instead of a record and predictions


def test_int8_is_made_in_batches_of_faces_that_are_aligned_as_the_models(tmp_path, monkeypatch):
    model = make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    path, sizes = tmp_path / "int8.onnx", []
    turned = replace(make_sequence("F003", 4), alignment=Alignment(scale=0.5))
    with pytest.raises(InputError, match=r"F003.*aligned by"):
        onnx_export.export_int8(model, path, [turned])
    predict = model_file.Model.predict

    def counted(model, faces, landmarks):
        sizes.append(len(faces))
        return predict(model, faces, landmarks)

    def quantised(source, path, reader, **options):
        sizes.extend(len(batch["faces"]) for batch in iter(reader.get_next, None))
        path.write_bytes(source.read_bytes())

    monkeypatch.setattr(model_file.Model, "predict", counted)
    monkeypatch.setattr(onnx_export, "quantize_static", quantised)
    onnx_export.export_int8(model, path, [make_sequence("F003", 80)])
    assert sizes == [16, 16, 8] * 2


@pytest.mark.parametrize("threads", ["4,2", "2", "", "all"])
def test_a_list_of_threads_is_read(tmp_path, monkeypatch, threads):
    model = make_model(tmp_path / "model.safetensors", replace(SMALL, precision="fp32"))
    onnx_export.export_onnx(model, tmp_path / "model.onnx")
    monkeypatch.setenv("OMP_NUM_THREADS", threads)
    options = read_onnx(tmp_path / "model.onnx").session.get_session_options()
    assert options.intra_op_num_threads == {"4,2": 4, "2": 2}.get(threads, 0)
