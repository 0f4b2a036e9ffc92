"""A real photograph through landmarks, alignment and inference."""

import json
import os
import re
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
import torch
from skimage.data import astronaut

from g2rl import AUEstimator
from g2rl.cli import main as cli
from g2rl.config.alignment import Alignment
from g2rl.errors import InputError
from g2rl.faces import dlib_faces, mediapipe
from g2rl.faces.alignment import ANCHORS, TEMPLATE, alignment_matrix
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.tracker import FaceTracker
from g2rl.faces.warp import transform_points, warp
from g2rl.inference.inputs import Input, find_inputs
from g2rl.inference.names import output_names
from g2rl.inference.record import write_states
from g2rl.io.video import open_source
from g2rl.network.model_file import read_model
from g2rl.training import loop as training
from tests.factories import CPU, SEQUENCES, SMALL
from tests.media import placed


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
def estimator(model_file):
    return AUEstimator(model_file)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The astronaut (NASA, public domain), an image of noise, and the astronaut again, as three frames."""
    path = tmp_path_factory.mktemp("frames")
    photograph = astronaut()[..., ::-1]
    noise = np.random.default_rng(0).integers(0, 255, photograph.shape, np.uint8)
    for number, image in ((7, photograph), (8, noise), (10, photograph)):
        cv2.imwrite(str(path / f"{number:04d}.png"), image)
    return path


def test_every_frame_has_a_row_and_the_same_face_the_same_intensities(estimator, folder):
    table = estimator.predict(folder)
    assert table["frame"].tolist() == [7, 8, 10]
    assert table["success"].tolist() == [True, False, True]
    assert table["face_id"].fillna(-1).tolist() == [0, -1, 0]
    assert np.isnan(estimator.heatmaps).any((1, 2, 3)).tolist() == [False, True, False]
    assert estimator.heatmaps.shape == (3, 2, 16, 16)
    assert estimator.landmarks.shape == (3, 68, 2)
    aus = table[["AU06", "AU12"]]
    assert aus.iloc[1].isna().all()
    assert np.allclose(aus.iloc[0], aus.iloc[2], atol=1e-4)
    assert aus.iloc[[0, 2]].stack().between(0, 5).all()


def test_the_aligned_photograph_shows_an_upright_centred_face(estimator, folder):
    frames = [frame for frame in estimator.frames(folder) if frame.faces]
    assert [frame.frame for frame in frames] == [7, 10]
    stable = [group[0] for group in ANCHORS["eyes_nose"].groups]
    for frame in frames:
        (face,) = frame.faces
        landmarks = transform_points(face.to_aligned, face.landmarks)
        assert np.abs(landmarks[stable] - TEMPLATE[stable]).max() < 12  # pixels of the aligned face
    aligned = warp(frames[0].image, frames[0].faces[0].to_aligned)
    skin = aligned[120:170, 90:170].reshape(-1, 3).astype(int)
    assert (skin[:, 0] > skin[:, 2] + 10).mean() > 0.9  # cheeks and nose are redder than blue, in RGB order


class Brightness(torch.nn.Module):
    """Four heatmaps as high as the face is bright, in normalised units."""

    def heatmaps(self, images):
        return [images.mean(dim=(1, 2, 3)).abs()[:, None, None, None].expand(-1, 4, 16, 16) / 9]


def test_a_video_is_aligned_as_the_models_faces_were(model, model_file, folder, monkeypatch):
    plain = replace(model, net=Brightness())  # after one epoch all faces are alike to the trained network
    large = replace(plain, alignment=Alignment(anchors="eyes", scale=1.4))
    (_, image), _, _ = open_source(folder).rgb()
    _, _, points = FaceTracker(dlib_faces)(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY))
    matrix = alignment_matrix(points, large.alignment)
    jpeg = encode(warp(image, matrix))  # as in an aligned sequence
    face = decode(jpeg, np.array([0, len(jpeg)], np.uint64), [0], 64)
    expected = large.predict(face).intensity

    def table(network):
        monkeypatch.setattr("g2rl.network.model_file.read_model", lambda *_: network)
        return AUEstimator(model_file).predict(folder, single=True)[["AU06", "AU12"]]

    assert np.allclose(table(large).iloc[[0, 2]], np.repeat(expected, 2, 0), atol=1e-4)
    assert not np.allclose(table(large).iloc[[0, 2]], table(plain).iloc[[0, 2]])


def test_the_detector_is_the_models_unless_another_is_asked_for(model, model_file, folder, monkeypatch):
    network = replace(model, alignment=Alignment(detector="mediapipe"))
    monkeypatch.setattr("g2rl.network.model_file.read_model", lambda *_: network)
    (_, image), _, _ = open_source(folder).rgb()
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    for asked, face in ((None, mediapipe.find_largest(image)), ("dlib", dlib_faces.find_largest(grey))):
        estimator = AUEstimator(model_file, detector=asked)
        estimator.predict(folder, single=True)
        assert np.isnan(estimator.landmarks[1]).all()
        np.testing.assert_allclose(estimator.landmarks[0], face.points)


def test_a_missing_video_is_named(estimator, tmp_path):
    with pytest.raises(InputError, match=r"mine\.mp4"):
        estimator.predict(tmp_path / "mine.mp4")


def test_one_broken_video_costs_no_other(folder, tmp_path, model_file, capsys):
    (tmp_path / "broken.avi").write_bytes(b"no video")
    (tmp_path / "bare").mkdir()
    videos = [tmp_path / "broken.avi", folder, tmp_path / "gone.mp4", tmp_path / "bare"]
    options = ["--model", str(model_file), "-o", str(tmp_path / "out"), "--device", "cpu", "--csv"]
    assert cli.main(["predict", *map(str, videos), *options]) == 2
    lines = capsys.readouterr().err
    for words in ("broken.avi: not a readable video", "gone.mp4: no such video", "bare: no image"):
        assert f" ERROR {tmp_path / words}" in lines
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == sorted([f".{folder.name}.json", f"{folder.name}.csv"])
    assert len(pd.read_csv(tmp_path / "out" / f"{folder.name}.csv")) == 3
    assert cli.main(["predict", str(folder), *options]) == 0
    assert f"kept {folder.name}.csv: --overwrite" in capsys.readouterr().err


def test_a_batch_is_predicted_as_its_faces_are_alone(model):
    faces = np.random.default_rng(0).integers(0, 255, (5, 64, 64, 3), np.uint8)
    together = model.predict(faces)
    alone = [model.predict(face[None]).intensity[0] for face in faces]
    assert np.allclose(together.intensity, alone, atol=0.05)  # bf16 rounds differently at other batch sizes
    assert together.locations.shape == (5, 4, 2)
    assert torch.isfinite(torch.from_numpy(together.heatmaps)).all()


def predict_to(folder, model_file, *inputs):
    """Status of the command, and {file name: table} of what it writes."""
    options = ["--model", str(model_file), "-o", str(folder), "--device", "cpu", "--csv"]
    status = cli.main(["predict", *map(str, inputs), *options])
    return status, {
        path.name: pd.read_csv(path, dtype={"file": str}) for path in sorted(folder.glob("[!.]*"))
    }


def write_group(path, faces):
    """A photo of the astronaut's face at each (x, y, scale), of 640×480."""
    image = placed(cv2.cvtColor(astronaut(), cv2.COLOR_RGB2GRAY), faces)
    path.write_bytes(cv2.imencode(path.suffix, image)[1])  # on Windows imwrite knows no name with ë


def test_photos_do_not_depend_on_each_other(model_file, tmp_path):
    portrait, group = [(60, 100, 1.5)], [(20, 20, 1.0), (380, 100, 1.4)]  # its larger face is at the right
    tables = {}
    for name, photos in (
        ("there", {"ada.png": portrait, "bob.png": group}),
        ("back", {"ada.png": group, "bob.png": portrait}),
    ):
        (tmp_path / name).mkdir()
        for photo, faces in photos.items():
            write_group(tmp_path / name / photo, faces)
        status, found = predict_to(tmp_path / "out", model_file, tmp_path / name)
        assert status == 0
        tables[name] = found[f"{name}.csv"].set_index("file")
    there, back = tables["there"], tables["back"]
    assert there.index.tolist() == ["ada.png", "bob.png", "bob.png"]
    assert there["success"].all()
    assert there["face_id"].tolist() == [0, 0, 1]
    assert there.loc["bob.png", "width"].is_monotonic_decreasing
    assert there[["frame", "timestamp"]].isna().all(axis=None)
    values = ["confidence", "AU06", "AU12"]
    assert there.loc[["ada.png"], values].values.tolist() == back.loc[["bob.png"], values].values.tolist()
    assert there.loc["bob.png", values].values.tolist() == back.loc["ada.png", values].values.tolist()


def test_each_input_of_a_mixed_folder_is_taken_for_what_it_is(model_file, tmp_path, capsys):
    folder = tmp_path / "mixed"
    folder.mkdir()
    write_group(folder / "Zoë.PNG", [(60, 100, 1.5)])
    (folder / "cut.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (folder / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / "notes.txt").write_text("hello")
    writer = cv2.VideoWriter(
        str(folder / "a.avi"), cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"MJPG"), 8, (640, 480)
    )
    photo = cv2.imdecode(np.frombuffer((folder / "Zoë.PNG").read_bytes(), np.uint8), cv2.IMREAD_COLOR)
    for _ in range(3):
        writer.write(photo)
    writer.release()
    status, tables = predict_to(tmp_path / "out", model_file, folder)
    assert status == 2
    lines = capsys.readouterr().err
    assert f"{folder / 'cut.jpg'}: not a readable image (4 bytes)" in lines
    assert f"{folder / 'IMG_1.HEIC'}: images of the format HEIC are not read" in lines
    assert list(tables) == ["a.csv", "mixed.csv"]
    assert tables["mixed.csv"]["file"].tolist() == ["Zoë.PNG"]
    assert tables["a.csv"]["file"].tolist() == ["a.avi"] * 3
    assert tables["a.csv"]["timestamp"].tolist() == [0, 0.125, 0.25]
    assert tables["a.csv"]["frame"].tolist() == [1, 2, 3]
    assert np.allclose(tables["a.csv"]["AU12"], tables["mixed.csv"]["AU12"][0], atol=0.2)

    status, again = predict_to(tmp_path / "glob", model_file, f"{folder}/*.avi", folder / "a.avi")
    assert (status, list(again)) == (0, ["a.csv"])
    assert cli.main(["predict", f"{folder}/*.mov", "--model", str(model_file), "-o", "x"]) == 2
    assert f"{folder}/*.mov: no file matches" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["0001.png", "0002.png", "0005.png"], "frames"),
        (["F001_T1_9.png", "F001_T1_10.png"], "frames"),
        (["frame0.png", "frame1.png"], "frames"),
        (["IMG_0001.png", "IMG_0002.png"], "photos"),
        (["IMG_20260101_120000.png", "IMG_20260102_120001.png"], "photos"),
        (["DSC00012.png", "DSC00013.png"], "photos"),
        (["ada1.png", "bob2.png"], "photos"),
        (["1.png", "2 wide.png"], "photos"),
        (["1.png", "wide2.png"], "photos"),
        (["1.png"], "photos"),
    ],
)
def test_a_film_or_photos(tmp_path, names, kind):
    for name in names:
        cv2.imwrite(str(tmp_path / name), np.zeros((8, 8 + ("wide" in name)), np.uint8))
    ((one,), faults) = find_inputs([tmp_path])
    assert (one.kind, faults) == (kind, [])
    assert [file.name for file in one.files] == sorted(names)
    ((one,), _) = find_inputs([tmp_path], "photos")
    assert one.kind == "photos"


@pytest.mark.parametrize(
    ("names", "outputs"),
    [
        (["a.mp4", "b.jpg"], ["a", "b"]),
        (["a.mp4", "A.jpg"], ["a.mp4", "A.jpg"]),
        (["P01.s1", "P01.s2"], ["P01.s1", "P01.s2"]),
        (["x/a.mp4", "y/a.mp4", "b.mp4"], ["x_a.mp4", "y_a.mp4", "b"]),
        ([".", "sub/.."], None),
        (["old.mp4", "new.jpg"], ["old", "new.jpg"]),
        (["x/old.mp4"], ["old.mp4"]),
    ],
)
def test_no_two_inputs_have_outputs_of_one_name(tmp_path, monkeypatch, names, outputs):
    monkeypatch.chdir(tmp_path)
    inputs = [Input(Path(name), "video", (Path(name),)) for name in names]
    (tmp_path / "out").mkdir()
    for name in ("old", "new"):
        (tmp_path / f"out/{name}.html").touch()
        before = Input(Path(f"{name}.mp4"), "video", ())
        write_states(tmp_path / "out" / name, before, {})
    if outputs is None:
        outputs = [tmp_path.name]
        inputs = inputs[:1]
    assert output_names(inputs, tmp_path / "out") == outputs


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="Windows has other permissions")
def test_a_folder_that_may_not_be_searched_is_one_line():
    root = not os.geteuid()  # who may search every folder
    with tempfile.TemporaryDirectory() as top:  # pytest's own folders are their owner's alone
        os.chmod(top, 0o755)
        folder, clip = Path(top, "locked"), Path(top, "clip.mp4")
        folder.mkdir(mode=0)
        clip.touch()
        try:
            if root:
                os.seteuid(65534)
            found, faults = find_inputs([folder, folder / "clip.mp4", folder / "*.mp4", clip])
        finally:
            if root:
                os.seteuid(0)
            folder.chmod(0o700)
    assert [one.path for one in found] == [clip]  # the others are predicted
    assert [fault.partition(": ")[2] for fault in faults] == ["may not be read: check its permissions"] * 3


def test_a_face_that_jumps_to_another_place_is_named(model_file, tmp_path, capsys):
    (tmp_path / "film").mkdir()
    for number in range(1, 5):
        faces = [(20, 100, 1.2)] if number < 3 else [(420, 200, 1.0)]
        write_group(tmp_path / f"film/{number:04d}.png", faces)
    options = ["--model", str(model_file), "-o", str(tmp_path), "--device", "cpu", "--csv", "--single"]
    assert cli.main(["predict", str(tmp_path / "film"), *options]) == 0
    table = pd.read_csv(tmp_path / "film.csv")
    assert table["success"].all()
    assert table["face_id"].tolist() == [0, 0, 0, 0]
    assert "perhaps to another person: at frames (by face widths) 3 (" in capsys.readouterr().err


def test_a_file_of_something_else_is_not_replaced(tmp_path):
    """Codes beside a video; a folder and a video of one name; then nothing is left but another folder."""
    video = Input(tmp_path / "anna1.mp4", "video", (tmp_path / "anna1.mp4",))
    codes = tmp_path / "anna1.csv"
    codes.write_text("frame,AU06\n1,3\n")
    assert output_names([video], tmp_path) == ["anna1.mp4"]
    folder = Input(tmp_path / "P01", "photos", (tmp_path / "P01/a.jpg",))
    (tmp_path / "P01.csv").write_text("file,frame\nP01.mp4,1\n")
    (parent,) = output_names([folder], tmp_path)
    assert parent == f"{tmp_path.name}_P01"
    (tmp_path / f"{parent}.csv").write_text("other\n")
    with pytest.raises(InputError, match="give another folder"):
        output_names([folder], tmp_path)


def test_a_films_rows_name_their_images_in_the_order_of_the_numbers(estimator, tmp_path):
    for number in (1, 2, 10):
        cv2.imwrite(str(tmp_path / f"{number}.png"), np.full((60, 60, 3), 20 * number, np.uint8))
    table = estimator.predict(tmp_path)
    assert table["file"].tolist() == ["1.png", "2.png", "10.png"]
    assert table["frame"].tolist() == [1, 2, 10]


def test_outputs_that_are_there_are_kept_and_missing_ones_made(folder, model_file, tmp_path, capsys):
    command = ["predict", str(folder), "--model", str(model_file), "-o", str(tmp_path), "--device", "cpu"]
    assert cli.main([*command, "--csv"]) == 0
    table = tmp_path / f"{folder.name}.csv"
    table.write_text(table.read_text() + "\n")  # marked
    assert cli.main(command) == 0
    made = [".html", ".overlay.mp4", ".summary.csv", ".timeline.png"]
    ends = [".csv", ".events.csv", ".timeline.pdf", *made]
    assert {path.name for path in tmp_path.glob("[!.]*")} == {folder.name + end for end in ends}
    assert table.read_text().endswith("\n\n")
    lines = capsys.readouterr().err
    assert f"kept {folder.name}.csv: --overwrite makes it again" in lines
    assert all(f"wrote {tmp_path / folder.name}{end}" in lines for end in made)
    assert "AUs 6, 12" in lines
    summary = pd.read_csv(tmp_path / f"{folder.name}.summary.csv")
    assert set(summary["model"]) == {model_file.name}
    assert set(summary["processing"]) == {"images have no times: 25 frames/s are assumed"}
    assert cli.main([*command, "--csv", "--overwrite", "--neutral", "percentile", "--landmarks"]) == 0
    again = pd.read_csv(table)
    assert set(again["neutral"]) == {"minus each face's 5th percentile"}
    assert again["x_0"].notna().tolist() == [True, False, True]
    assert again.loc[[0, 2], ["AU06", "AU12"]].min().tolist() == pytest.approx([0, 0], abs=0.1)


def test_outputs_of_something_else_are_made_again(folder, model_file, tmp_path, capsys):
    film = tmp_path / "film"
    shutil.copytree(folder, film)
    other = tmp_path / "other.safetensors"
    shutil.copy(model_file, other)
    command = ["predict", str(film), "-o", str(tmp_path / "out"), "--device", "cpu", "--csv", "--model"]

    def said(*options):
        capsys.readouterr()
        assert cli.main([*command, *options]) == 0
        assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["film.csv"]
        return capsys.readouterr().err

    def columns():
        return list(pd.read_csv(tmp_path / "out/film.csv"))

    said(str(model_file))
    assert "kept film.csv" in said(str(other))  # the same bytes
    assert "film.csv is made again: other --landmarks" in said(str(other), "--landmarks")
    assert "x_0" in columns()
    openface = str(other), "--format", "openface"
    assert "film.csv is made again: other --format" in said(*openface)
    assert "kept film.csv" in said(*openface)
    assert columns()[-1] == "file"
    (film / "0010.png").unlink()
    assert "film.csv is made again: other input" in said(*openface)
    assert len(pd.read_csv(tmp_path / "out/film.csv")) == 2
    (tmp_path / "out/.film.json").write_text(json.dumps({"input": str(film.resolve()), "outputs": {}}))
    assert "film.csv is made again: it was not finished" in said(*openface)


def test_outputs_of_other_options_that_stay_are_named(folder, model_file, tmp_path, capsys):
    command = ["predict", str(folder), "-o", str(tmp_path), "--device", "cpu", "--model", str(model_file)]
    name = f"{folder.name}.csv"
    for options, stays in (
        (["--csv", "--landmarks"], False),
        (["--summary"], False),  # it has no landmarks
        (["--summary", "--smooth", "1"], True),
        (["--summary", "--csv", "--smooth", "2"], False),
    ):
        capsys.readouterr()
        assert cli.main([*command, *options]) == 0
        said = capsys.readouterr().err
        assert (f"{name} stays as it is, other --smooth: name it too" in said) == stays
        assert (f"{name} stays" in said) == stays


def test_brows_of_a_model_without_their_aus_are_refused(folder, model_file, tmp_path, capsys):
    command = ["predict", str(folder), "-o", str(tmp_path), "--model", str(model_file)]
    assert cli.main([*command, "--brows", "on"]) == 2
    assert "--brows on: " in capsys.readouterr().err


def test_the_outputs_folder_may_not_be_a_file(folder, model_file, tmp_path, capsys):
    file = tmp_path / "out.csv"
    file.write_text("a\n")
    assert cli.main(["predict", str(folder), "-o", str(file), "--model", str(model_file)]) == 2
    assert f"{file}: a file: expected a folder" in capsys.readouterr().err
    assert file.read_text() == "a\n"


def test_images_in_memory_are_estimated_as_their_files_are(estimator, folder):
    images = [cv2.imread(str(path))[..., ::-1] for path in sorted(folder.iterdir())]
    table = estimator.predict(np.ascontiguousarray(image) for image in images)
    assert table["frame"].tolist() == [1, 2, 3]
    columns = ["confidence", "yaw", "AU06", "AU12"]
    np.testing.assert_allclose(table[columns], estimator.predict(folder)[columns], atol=1e-4)


def test_the_readmes_example(model_file, folder, tmp_path, monkeypatch):
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", readme, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    shutil.copy(model_file, "model.safetensors")
    shutil.copytree(folder, "holiday.mp4")
    names = {}
    exec(example, names)
    assert len(names["table"]) == len(names["estimator"].heatmaps) == len(names["estimator"].landmarks) == 3


def test_images_in_memory_may_share_one_array(estimator):
    def film():
        image = np.empty((32, 32, 3), np.uint8)
        for value in range(12):
            image[:] = value
            yield image

    assert [frame.image[0, 0, 0] for frame in estimator.frames(film())] == list(range(12))
