"""The CSV of predictions, in our columns and in OpenFace's, and the calibration to a neutral face."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from g2rl.errors import InputError
from g2rl.inference.neutral import PERCENTILE, Neutral, parse_neutral, subtract_neutral
from g2rl.inference.outputs.table import Table
from tests.estimates import AUS, face, frames, write

# The header of OpenFace 2.2's FeatureExtraction, without gaze, eyes, 3-D points and shape parameters.
OPENFACE = ["frame", "face_id", "timestamp", "confidence", "success"]
OPENFACE += ["pose_Tx", "pose_Ty", "pose_Tz", "pose_Rx", "pose_Ry", "pose_Rz"]
OPENFACE += [f"{axis}_{i}" for axis in "xy" for i in range(68)]
OPENFACE += [f"AU{au:02d}_r" for au in (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)]
OPENFACE += ["file"]  # ours


def two_frames():
    """Two faces, then none."""
    return [
        *frames([0.0], [face(), replace(face((0.25, 5.0), 1, success=False), pose=(-10.0, 90.0, 45.0))]),
        *(replace(frame, frame=2) for frame in frames([1 / 30])),
    ]


def test_the_columns_and_a_row_per_face(tmp_path):
    write(Table(tmp_path / "a.csv", AUS, extra={"neutral": "taken off"}), two_frames())
    assert (tmp_path / "a.csv").read_text(encoding="utf-8") == (
        "file,frame,timestamp,face_id,confidence,success,left,top,width,height,pitch,yaw,roll,AU06,AU12,neutral\n"
        "clip.mp4,1,0.000000,0,0.900,1,40.0,30.0,64.0,64.0,0.0,0.0,0.0,1.0000,4.0000,taken off\n"
        "clip.mp4,1,0.000000,1,0.900,0,40.0,30.0,64.0,64.0,-10.0,90.0,45.0,0.2500,5.0000,taken off\n"
        "clip.mp4,2,0.033333,,,0,,,,,,,,,,taken off\n"
    )


def test_landmarks_on_request(tmp_path):
    write(Table(tmp_path / "a.csv", AUS, landmarks=True), two_frames())
    table = pd.read_csv(tmp_path / "a.csv")
    points = table.loc[0, "x_0":"y_67"].to_numpy(float).reshape(2, 68).T
    np.testing.assert_allclose(points, face().landmarks, atol=0.051)


def test_openfaces_columns(tmp_path):
    write(Table(tmp_path / "a.csv", AUS, "openface"), two_frames())
    table = pd.read_csv(tmp_path / "a.csv")
    assert [name for name in OPENFACE if name in table] == list(table)
    assert table["frame"].tolist() == [1, 1, 2]
    assert table["success"].tolist() == [1, 0, 0]
    turned = [math.radians(angle) for angle in (-10, 90, 45)]
    np.testing.assert_allclose(table.loc[1, "pose_Rx":"pose_Rz"].to_numpy(float), turned, atol=1e-4)
    assert table["AU12_r"].fillna(-1).tolist() == [4, 5, -1]


def test_py_feats_reader_reads_openfaces_columns(tmp_path):
    pytest.importorskip(
        "feat", reason="py-feat is not installed: its reader cannot be tried", exc_type=ImportError
    )
    from feat.utils.io import read_openface

    write(Table(tmp_path / "a.csv", AUS, "openface"), two_frames())
    fex = read_openface(str(tmp_path / "a.csv"))
    assert fex["AU12_r"].fillna(-1).tolist() == [4, 5, -1]
    assert fex[["x_0", "y_67", "pose_Rx"]].notna().all(axis=1).tolist() == [True, True, False]
    assert fex["timestamp"].tolist() == [0, 0, 0.033333]


def test_a_full_disk_is_one_line_and_leaves_no_part_behind(tmp_path):
    def fill():
        with Table(tmp_path / "a.csv", AUS) as table:
            table.add(two_frames()[0])
            raise OSError(28, "No space left on device", None)

    with pytest.raises(InputError, match=r"a\.csv: No space left on device: the disk is full"):
        fill()
    assert list(tmp_path.iterdir()) == []


def ramp(count, face_id):
    """One face per frame, AU6 from 0 to 5, AU12 always 2; the first second and the doubtful do not count."""
    values = np.linspace(0, 5, count)
    return [frames([t / 10], [face((value, 2.0), face_id)])[0] for t, value in enumerate(values)]


def test_the_neutral_face_is_taken_off():
    film = ramp(101, 0)
    film += [replace(frame, faces=(replace(frame.faces[0], success=False),)) for frame in ramp(50, 0)]
    percentile = parse_neutral("percentile").measure(film)
    np.testing.assert_allclose(percentile[0], [5 * PERCENTILE / 100, 2], atol=1e-5)
    seconds = parse_neutral("1").measure(film)
    np.testing.assert_allclose(seconds[0], [0.25, 2], atol=1e-5)  # of the first 11 frames
    other = face((4.0, 1.0), 7)
    frame = replace(film[60], faces=(*film[60].faces, other))
    first, second = subtract_neutral(frame, seconds).faces
    np.testing.assert_allclose(first.intensity, [2.75, 0], atol=1e-5)
    assert second is other
    assert "first 1 s" in str(Neutral(1.0))


def test_another_percentile_can_be_taken_off():
    fifth = parse_neutral("20%")
    np.testing.assert_allclose(fifth.measure(ramp(101, 0))[0], [1, 2], atol=1e-5)
    assert str(fifth) == "minus each face's 20th percentile"
    assert [str(Neutral(None, k)).split()[-2] for k in (1, 2, 3, 11, 22, 40)] == [
        "1st", "2nd", "3rd", "11th", "22nd", "40th",
    ]  # fmt: skip


def test_a_face_that_is_doubtful_at_first_is_calibrated_and_one_that_stays_so_is_not(tmp_path):
    film = [
        frames([t / 10], [face((1.0, 1.0), 0, success=t >= 30), face((2.0, 2.0), 1, success=False)])[0]
        for t in range(40)
    ]
    neutral = Neutral(1.0).measure(film)
    assert neutral[0].tolist() == [1, 1]
    assert neutral[1] is None
    frame = subtract_neutral(film[0], neutral)
    assert [each.intensity.tolist() for each in frame.faces] == [[0, 0], [2, 2]]
    write(Table(tmp_path / "a.csv", AUS, extra={"neutral": "off"}, without=[1]), [frame])
    assert pd.read_csv(tmp_path / "a.csv")["neutral"].fillna("").tolist() == ["off", ""]


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "often", "0%", "100%", "1.5%", "%"])
def test_another_neutral_is_refused(text):
    with pytest.raises(InputError, match=f"--neutral {text}: expected percentile"):
        parse_neutral(text)


def test_seconds_of_frames_without_times_are_refused():
    with pytest.raises(InputError, match="no times"):
        Neutral(1.0).measure(frames([math.nan], [face()]))
