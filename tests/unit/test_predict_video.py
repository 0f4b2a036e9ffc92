"""A real photograph through landmarks, alignment and inference."""

from dataclasses import replace

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.data import astronaut

from g2rl.cli import main as cli
from g2rl.errors import InputError
from g2rl.faces.landmarks import detect_landmarks
from g2rl.inference.video import aligned_batches, predict_video
from g2rl.io.video import open_source
from g2rl.network.model_file import read_model
from g2rl.training import loop as training
from tests.factories import CPU, SEQUENCES, SMALL


@pytest.fixture(scope="module")
def model_file(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    settings = replace(SMALL, image_size=64, epochs=1)
    training.train(SEQUENCES, settings, folder / "model.safetensors", folder / "history.csv", CPU)
    return folder / "model.safetensors"


@pytest.fixture(scope="module")
def model(model_file):
    return read_model(model_file, CPU)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The astronaut (NASA, public domain), an image of noise, and the astronaut again, as three frames."""
    path = tmp_path_factory.mktemp("frames")
    photograph = astronaut()[..., ::-1]
    noise = np.random.default_rng(0).integers(0, 255, photograph.shape, np.uint8)
    for number, image in ((7, photograph), (8, noise), (10, photograph)):
        cv2.imwrite(str(path / f"{number:04d}.png"), image)
    return path


def test_every_frame_has_a_row_and_the_same_face_the_same_intensities(model, folder):
    table = predict_video(folder, model)
    assert table["frame"].tolist() == [7, 8, 10]
    assert table["face"].tolist() == [True, False, True]
    aus = table[["AU06", "AU12"]]
    assert aus.iloc[1].isna().all()
    assert np.allclose(aus.iloc[0], aus.iloc[2], atol=1e-4)
    assert aus.iloc[[0, 2]].stack().between(0, 5).all()


def test_the_aligned_photograph_shows_an_upright_centred_face(model, folder):
    source = open_source(folder)
    (faces,) = aligned_batches(source, detect_landmarks(source), 256)
    assert faces.shape == (2, 256, 256, 3)
    skin = faces[0, 120:170, 90:170].reshape(-1, 3).astype(int)
    assert (skin[:, 0] > skin[:, 2] + 10).mean() > 0.9  # cheeks and nose are redder than blue, in RGB order


def test_a_missing_video_is_named(model, tmp_path):
    with pytest.raises(InputError, match=r"mine\.mp4"):
        predict_video(tmp_path / "mine.mp4", model)


def test_one_broken_video_costs_no_other(folder, tmp_path, model_file, capsys):
    (tmp_path / "broken.avi").write_bytes(b"no video")
    (tmp_path / "bare").mkdir()
    videos = [tmp_path / "broken.avi", folder, tmp_path / "gone.mp4", tmp_path / "bare"]
    options = ["--model", str(model_file), "-o", str(tmp_path / "out"), "--device", "cpu"]
    assert cli.main(["predict", *map(str, videos), *options]) == 2
    lines = capsys.readouterr().err
    for words in ("broken.avi: not a readable video", "gone.mp4: no such video", "bare: no image"):
        assert f" ERROR {tmp_path / words}" in lines
    assert [path.name for path in (tmp_path / "out").iterdir()] == [f"{folder.name}.csv"]
    assert len(pd.read_csv(tmp_path / "out" / f"{folder.name}.csv")) == 3
    assert cli.main(["predict", str(folder), *options]) == 0


def test_a_batch_is_predicted_as_its_faces_are_alone(model):
    from g2rl.inference.predictor import predict

    faces = np.random.default_rng(0).integers(0, 255, (5, 64, 64, 3), np.uint8)
    together = predict(model, faces)
    alone = [predict(model, face[None]).intensity[0] for face in faces]
    assert np.allclose(together.intensity, alone, atol=0.05)  # bf16 rounds differently at other batch sizes
    assert together.locations.shape == (5, 4, 2)
    assert torch.isfinite(torch.from_numpy(together.heatmaps)).all()
