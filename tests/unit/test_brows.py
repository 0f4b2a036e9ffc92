"""AU01 and AU02 by the brows' height, and estimates that are kept for a second pass."""

import re
import tempfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.data import astronaut

from g2rl import AUEstimator
from g2rl.cli import main as cli
from g2rl.errors import InputError
from g2rl.faces.alignment import TEMPLATE
from g2rl.faces.pose import head_pose
from g2rl.inference.brows import AUS, GAIN, REST, UNSEEN, append_heights, heights, merge_heights
from g2rl.inference.kept import KeptEstimates
from g2rl.inference.neutral import Neutral, subtract_neutral
from g2rl.io.video import open_source
from g2rl.synthetic import actions
from g2rl.synthetic.head import read_head
from g2rl.synthetic.person import turned
from tests.estimates import face, frames

INNER, OUTER = [20, 21, 22, 23], [17, 18, 25, 26]


@given(
    st.floats(-3, 3), st.floats(0.1, 10), st.floats(-500, 500), st.integers(0, 9).map(np.random.default_rng)
)
def test_heights_do_not_depend_on_where_a_face_is_how_large_and_how_it_is_inclined(angle, scale, move, rng):
    points = TEMPLATE + rng.normal(0, 3, (68, 2))
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    moved = points @ np.array([[cos, sin], [-sin, cos]]) + move
    np.testing.assert_allclose(heights(moved, 5, 10), heights(points, 5, 10), rtol=1e-6, atol=1e-9)


def seen(mesh, vertices):
    """(68, 2) pixels of a mesh from the front, far away."""
    return vertices[mesh.landmarks][:, :2] * (100, -100)


def test_the_gain_is_what_the_action_units_move_in_rendered_faces(head):
    mesh = read_head(head)
    rest = heights(seen(mesh, mesh.vertices), 0, 0)
    for k, move in enumerate(actions.offsets(mesh, AUS)):
        gained = heights(seen(mesh, mesh.vertices + move), 0, 0) - rest
        assert gained[k] == pytest.approx(GAIN[k], rel=0.05)
        assert gained[1 - k] < 0.15 * GAIN[1 - k]


def test_a_turned_or_bent_head_raises_no_brow(head):
    mesh = read_head(head)
    rest = heights(seen(mesh, mesh.vertices), 0, 0)
    for pitch, yaw in ((0, 40), (0, -25), (12, 0), (-12, 0), (8, 20)):
        radians = np.radians([yaw, pitch])
        points = seen(mesh, turned(mesh.vertices, *radians, 0, np.zeros(3)))
        assert np.abs(heights(points, pitch, yaw) - rest).max() < 0.1 * GAIN.min()
        if pitch:  # or it would
            assert np.abs(heights(points, 0, yaw) - rest).max() > 0.15 * GAIN.min()


def test_heights_are_appended_as_the_heads_pose_has_them(head):
    """The angles are those that are fitted to the landmarks, as for every face."""
    mesh, size = read_head(head), (640, 640)
    found = []
    for pitch, yaw in ((0, 0), (15, 0), (-15, 0), (0, 30), (0, -30), (10, -20)):
        radians = np.radians([yaw, pitch])
        x, y, z = turned(mesh.vertices, *radians, 0, np.zeros(3))[mesh.landmarks].T
        depth = 10 - z  # a camera a metre away, looking at the middle of the face
        points = np.stack([320 + 1600 * x / depth, 320 - 1600 * (y - 7) / depth], 1)
        one = replace(face((0.0, 0.0)), landmarks=points, pose=head_pose(points, *size))
        assert np.abs(np.array(one.pose[:2]) - (pitch, -yaw)).max() < 12  # yaw: the image's left
        both = append_heights(frames([0.0], [one, replace(one, pose=(0.0, 0.0, 0.0))])[0]).faces
        found.append([each.intensity[2:] for each in both])
    known, ignored = np.abs(np.array(found) - found[0]).max((0, 2))  # intensities, from the front's
    assert known < 1.2
    assert ignored > 2


def test_a_heatmap_in_which_the_network_sees_nothing_is_not_drawn():
    aus, maps = (1, 2), face().heatmaps
    seen = replace(face((UNSEEN / 2, 4.0)), heatmaps=maps)
    frame = append_heights(frames([0.0], [seen, replace(seen, face_id=1)])[0])
    merged, alone = merge_heights(frame, aus, [1]).faces
    assert merged.heatmaps[0].max() == 0
    np.testing.assert_array_equal(merged.heatmaps[1], maps[1])
    np.testing.assert_array_equal(alone.heatmaps, maps)
    assert maps[0].max() > 0


def test_intensities_become_the_mean_above_the_face_at_rest():
    aus = (1, 2, 12)
    one = face((1.0, 0.0, 4.0))
    raised = one.landmarks.copy()
    along = raised[45] - raised[36]
    down = np.array([-along[1], along[0]])
    raised[INNER] -= 0.4 * GAIN[0] * down  # intensity 2
    raised[OUTER] -= 3 * GAIN[1] * down  # far beyond 5
    other = replace(one, intensity=np.array([1.5, 0.0, 4.5], np.float32), landmarks=raised)
    film = [append_heights(frame) for frame in frames([0.0, 0.1], [one])]
    film += [append_heights(frames([0.2], [other, replace(other, face_id=1)])[0])]
    neutral = Neutral(None, 50).measure(film) | {1: None}
    first, last = (merge_heights(subtract_neutral(frame, neutral), aus, [1]) for frame in (film[0], film[2]))
    assert first.faces[0].intensity.tolist() == [0, 0, 0]
    np.testing.assert_allclose(last.faces[0].intensity, [(0.5 + 2) / 2, 5 / 2, 0.5], atol=1e-4)
    np.testing.assert_array_equal(last.faces[1].intensity, other.intensity)  # not calibrated: the network's


def test_a_face_of_few_frames_has_no_rest():
    film = frames(np.arange(60) / 25, [face()]) + frames([3.0] * 49, [face(face_id=1)])
    rest = REST.measure(map(append_heights, film))
    assert [rest[0] is None, rest[1] is None] == [False, True]


def test_aus_that_the_network_has_not_are_left_out():
    (found,) = merge_heights(append_heights(frames([0.0], [face()])[0]), (6, 12)).faces
    assert found.intensity.tolist() == [1, 4]


@pytest.mark.parametrize("drawn", [True, False])
def test_kept_frames_come_again(tmp_path, drawn):
    images = tmp_path / "film"
    images.mkdir()
    rng = np.random.default_rng(0)
    for number in (1, 2, 3):
        cv2.imwrite(str(images / f"{number}.png"), rng.integers(0, 255, (40, 50, 3), np.uint8))
    source = open_source(images)
    film = [
        replace(frames([float("nan")], [face()] * (number - 1), image)[0], frame=number)
        for number, image in source.rgb()
    ]
    with KeptEstimates(tmp_path, drawn) as kept:
        assert [frame is first for frame, first in zip(kept.keep(film), film, strict=True)] == [True] * 3
        for _ in range(2):
            again = list(kept.replay(source))
            assert [frame.frame for frame in again] == [1, 2, 3]
            for frame, first in zip(again, film, strict=True):
                if drawn:
                    np.testing.assert_array_equal(frame.image, first.image)
                else:
                    assert frame.image is None
                assert len(frame.faces) == len(first.faces)
                for found, known in zip(frame.faces, first.faces, strict=True):
                    np.testing.assert_array_equal(found.intensity, known.intensity)
                    np.testing.assert_array_equal(found.landmarks, known.landmarks)
                    if drawn:
                        assert found.heatmaps.dtype == np.float32
                        np.testing.assert_allclose(found.heatmaps, known.heatmaps, atol=1e-4)
    assert [path.name for path in tmp_path.iterdir()] == ["film"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda dir: open("/dev/full", "w+b"))  # noqa: SIM115
    for count in (1, 2000):  # written at the end, and while frames pass

        def fill(film):
            with KeptEstimates(tmp_path, drawn=False) as kept:
                list(kept.keep(film))
                list(kept.replay(None))

        with pytest.raises(InputError, match="No space left on device: the disk is full"):
            fill(frames(np.arange(count) / 25, [face()]))


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """The astronaut (NASA, public domain) in 60 frames, brows raised in the last 10; and the first 10."""
    folder = tmp_path_factory.mktemp("films")
    image = cv2.resize(astronaut()[..., ::-1][:300, 80:380], (240, 240), interpolation=cv2.INTER_AREA)
    rows, columns = np.indices(image.shape[:2]).astype(np.float32)
    # The face's upper part is stretched upwards, most of all at the brows (row 70; eyes at 88).
    lift = 7 * np.exp(-(((rows - 66) / 14) ** 2) - ((columns - 113) / 60) ** 2)
    raised = cv2.remap(image, columns, rows + lift.astype(np.float32), cv2.INTER_LINEAR)
    for name, count in (("long", 60), ("short", 10)):
        (folder / name).mkdir()
        for number in range(count):
            shown = raised if number >= 50 else image
            noise = np.random.default_rng(number).normal(0, 2, image.shape)
            noisy = np.clip(shown + noise, 0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / name / f"{number:04d}.jpg"), noisy)
    return folder


def predict(output, *inputs_and_options):
    command = ["predict", "--device", "cpu", "--csv", "--summary", "-o", output, *inputs_and_options]
    assert cli.main(list(map(str, command))) == 0
    return {path.stem: pd.read_csv(path) for path in sorted(output.glob("*.csv"))}


def test_the_own_model_follows_the_brows_of_a_video(films, tmp_path, capsys):
    film = ["--images", "frames", films / "long", films / "short"]
    found, network = predict(tmp_path / "a", *film), predict(tmp_path / "b", *film, "--brows", "off")
    aus = AUEstimator().aus
    others = [au for au in aus if au not in ("AU01", "AU02")]
    np.testing.assert_array_equal(found["long"][others], network["long"][others])
    np.testing.assert_array_equal(found["short"][aus], network["short"][aus])  # too short to tell
    calm, raised = slice(5, 45), slice(53, 60)
    for au in ("AU01", "AU02"):
        with_brows, alone = (each["long"][au].to_numpy() for each in (found, network))
        np.testing.assert_allclose(with_brows[calm], alone[calm] / 2, atol=0.4)
        assert with_brows[raised].min() > with_brows[calm].max() + 0.5
    assert "neutral" not in found["long"]
    for length, but in (("long", ""), ("short", ", not of face 0")):
        (processing,) = set(found[f"{length}.summary"]["processing"])
        assert f"AU01 and AU02 also by the brows' height{but};" in f"{processing};"
        assert "brows" not in network[f"{length}.summary"]["processing"][0]
    capsys.readouterr()
    shown = predict(tmp_path / "c", *film, "--neutral", "30%")["long"]
    assert shown[aus][calm].to_numpy().max() < 0.5 < shown[["AU01", "AU02"]][raised].to_numpy().min()
    assert set(shown["neutral"]) == {"minus each face's 30th percentile"}
    said = capsys.readouterr().err
    assert re.search(r"long: --neutral takes off .*AU12", said)  # she smiles all the time


def test_photos_have_no_brows_at_rest(films, tmp_path):
    photo = films / "short" / "0000.jpg"
    found = predict(tmp_path / "a", photo, "--brows", "on")["0000"]
    pd.testing.assert_frame_equal(found, predict(tmp_path / "b", photo, "--brows", "off")["0000"])
