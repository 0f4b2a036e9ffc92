"""Other tools' CSV files as predictions: the four forms from one truth, and what is refused or counted."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from g2rl.cli.main import main
from g2rl.errors import InputError
from g2rl.evaluation.metrics import evaluate, write_metrics
from g2rl.evaluation.tool_formats import TOOLS
from g2rl.evaluation.tools import import_predictions, read_estimates
from g2rl.faces.fold_manifest import write_manifest
from g2rl.faces.sequence_file import write_sequence
from g2rl.inference.predictions import read_predictions, write_predictions
from g2rl.report.table1 import table1_from_files, write_table1
from tests.factories import make_sequence

SEQUENCE = make_sequence("SN001", 20)  # its frames 0–19 are made 5, 7, … 43 of a video of 50
FRAMES = np.arange(5, 45, 2)
ONE = SEQUENCE.__class__(**{**vars(SEQUENCE), "frame": FRAMES.astype(np.int32), "sequence": "SN001"})


def truth(frames: np.ndarray) -> np.ndarray:
    """(N, 2): what a tool says of AU6 and AU12 in each frame of the video, from 1 on."""
    return np.column_stack([frames % 5, (frames * 7 % 10) / 2]).astype(float)


def written(name: str, path: Path, last: int = 50, **changes) -> Path:
    """A tool's file of a video of 50 frames, in its own form: numbering, scale, blanks, names."""
    frames = np.arange(1, last + 1)
    tool, values = TOOLS[name], truth(frames) / TOOLS[name].scale
    columns = {tool.frame: frames - 1 + tool.first}
    if tool.time:
        columns[tool.time] = (frames - 1) / 25
    if name != "pyfeat":
        columns["success"] = np.ones(len(frames), int)
    for k, au in enumerate((6, 12)):
        columns[f"au_{au}_intensity" if name == "libreface" else tool.au.replace(r"(\d+)", f"{au:02d}")] = (
            values[:, k]
        )
    if name == "openface":
        columns["AU06_c"] = columns["AU45_r"] = 1.0 * (values[:, 0] > 1)
    table = pd.DataFrame(columns | changes)
    path.write_text(table.to_csv(index=False).replace(",", ", " if name == "openface" else ","))
    return path


@pytest.mark.parametrize("name", TOOLS)
def test_the_four_forms_give_the_same_rows(name, tmp_path):
    table, counts = import_predictions(TOOLS[name], [written(name, tmp_path / "SN001.csv")], [ONE], {})
    assert table["frame"].tolist() == FRAMES.tolist()
    np.testing.assert_allclose(table[["AU06_pred", "AU12_pred"]], truth(FRAMES))
    assert counts.iloc[0].tolist() == ["SN001", 20, 20, 0, 0, 0]


def test_frames_of_a_folder_are_named_by_it(tmp_path):
    """A folder whose images are numbered from 100 on, 2 apart: the tool counts them from 1."""
    names = np.arange(100, 200, 2)
    sequence = SEQUENCE.__class__(**{**vars(ONE), "frame": names[:20].astype(np.int32)})
    file = written("openface", tmp_path / "SN001.csv")
    table, _ = import_predictions(TOOLS["openface"], [file], [sequence], {"SN001": names})
    np.testing.assert_allclose(table[["AU06_pred", "AU12_pred"]], truth(np.arange(1, 21)))
    with pytest.raises(InputError, match="frame 50 of media that have 40"):
        import_predictions(TOOLS["openface"], [file], [sequence], {"SN001": names[:40]})


@pytest.mark.parametrize(
    ("name", "changes", "words"),
    [
        ("openface", {"frame": np.arange(50)}, "frames from 0 on, expected them from 1 on"),
        ("openface", {"frame": np.arange(2, 52)}, "frames from 2 on, expected them from 1 on"),
        (
            "openface",
            {"frame": np.arange(2, 52), "timestamp": np.r_[np.nan, np.arange(1, 50) / 25]},
            "frames from 2 on",
        ),
        ("libreface", {"frame_idx": np.arange(1, 51)}, "frames from 1 on.*--first-frame"),
        ("pyfeat", {"frame": np.arange(1, 51)}, "frames from 1 on"),
        ("openface", {"AU06_r": np.linspace(0, 9, 50)}, r"line \d+: found .*expected 0–5"),
        ("openface", {"success": np.full(50, 0.98), "confidence": 1}, "line 2: found 0.98, expected 0 or 1"),
        ("pyfeat", {"AU06": np.full(50, 3.0)}, "expected 0–1"),
        ("pyfeat", {"frame": np.repeat(np.arange(25), 2)}, "several faces and no column FaceScore"),
        ("openface", {"frame": np.linspace(1, 2, 50)}, "expected a whole number"),
    ],
)
def test_shifted_frames_and_shuffled_columns_are_refused(name, changes, words, tmp_path):
    file = written(name, tmp_path / "SN001.csv", **changes)
    with pytest.raises(InputError, match=words) as caught:
        read_estimates(file, TOOLS[name])
    assert "\n" not in str(caught.value)


def test_failed_frames_other_faces_and_missing_ones_are_counted(tmp_path):
    path = written("openface", tmp_path / "SN001.csv", last=40)
    table = pd.read_csv(path, skipinitialspace=True)
    table.loc[6, ["success", "AU06_r"]] = 0, np.nan  # frame 7
    table["confidence"] = 0.9
    second = table.iloc[[8, 10]].assign(confidence=0.4, AU06_r=5.0)
    pd.concat([table, second]).to_csv(path, index=False)
    found, counts = import_predictions(TOOLS["openface"], [path], [ONE], {})
    assert counts.iloc[0].tolist() == ["SN001", 20, 17, 3, 1, 2]  # 7, and 41 and 43 beyond the file's end
    np.testing.assert_allclose(found["AU06_pred"], truth(np.setdiff1d(FRAMES[:18], 7))[:, 0])


def test_an_au_that_the_tool_lacks_is_empty_and_not_in_the_average(tmp_path):
    sequence = SEQUENCE.__class__(**{**vars(ONE), "aus": (6, 11)})
    table, _ = import_predictions(
        TOOLS["openface"], [written("openface", tmp_path / "SN001.csv")], [sequence], {}
    )
    write_predictions(tmp_path / "p.csv", table)
    back = read_predictions(tmp_path / "p.csv")
    assert back["AU11_pred"].isna().all()
    measured = evaluate([back], 0).query("metric == 'MAE' and aggregation == 'pooled'").set_index("au")
    assert measured.loc["avg", "value"] == measured.loc["AU06", "value"]
    assert measured.loc["avg", "aus"] == 1
    text = (tmp_path / "p.csv").read_text().replace(",\n", ",3.0\n", 1)
    (tmp_path / "p.csv").write_text(text)
    with pytest.raises(InputError, match="line 3: AU11_pred is ''"):
        read_predictions(tmp_path / "p.csv")


def test_table_1_measures_every_row_on_the_frames_that_all_have(tmp_path):
    """The command, on a results folder; the tool has lost two of the frames, which count for no one."""
    folder = tmp_path / "results/disfa"
    (folder / "cache").mkdir(parents=True)
    files = []
    for subject in ("SN001", "SN002"):
        sequence = SEQUENCE.__class__(**{**vars(ONE), "subject": subject, "sequence": subject})
        files.append(folder / f"cache/{subject}.h5")
        write_sequence(files[-1], sequence)
        written("openface", tmp_path / f"{subject}.csv", last=42)
    write_manifest(folder / "fold1.tsv", files)
    command = ["import-predictions", "--tool", "openface", *(f"{tmp_path}/SN00{k}.csv" for k in (1, 2))]
    assert main([*command, "--dataset", "disfa", "--results", str(tmp_path / "results")]) == 0
    tool = read_predictions(folder / "openface/fold1/predictions.csv")
    assert pd.read_csv(folder / "openface/fold1/frames.csv")["missing"].tolist() == [1, 1]
    ours = pd.concat([tool.assign(AU06_pred=1.0), tool.iloc[:1].assign(frame=43, AU06_pred=5.0)])
    path = folder / "baseline_sigma2_seed0/fold1/predictions.csv"
    path.parent.mkdir(parents=True)
    write_predictions(path, ours)
    metrics = [folder / name / "metrics.csv" for name in ("openface", "baseline_sigma2_seed0")]
    for file in metrics:
        write_metrics(file, evaluate([read_predictions(file.parent / "fold1/predictions.csv")], 0))
    predictions = [file.parent / "fold1/predictions.csv" for file in metrics]
    marks = {("disfa", "OpenFace 2"): "in-sample"}
    results, notes = table1_from_files(metrics, predictions=predictions, resamples=0, marks=marks)
    table = write_table1(results, tmp_path / "table1", notes=notes, published=[])
    rows = table.query("metric == 'MAE' and au == '6'").set_index("method")["value"]
    expected = evaluate([tool.assign(AU06_pred=1.0)], 0).query("metric == 'MAE' and au == 'AU06'")["value"]
    assert rows["Baseline"] == pytest.approx(expected.iloc[0])
    assert "OpenFace 2 (in-sample)" in rows
    assert any(
        note.startswith("Rows are of the test frames that every method has: 38 of 39") for note in notes
    )
