"""``predictions.csv``: what is written is read back, and bad files are named."""

import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.inference.predictions import read_predictions, write_predictions
from tests.tables import AUS, make_predictions


def test_predictions_survive_the_file(tmp_path):
    table = make_predictions(["001", "002"], 5)
    for au in AUS:
        table[f"{au}_true"] = table[f"{au}_true"].astype("Int8")
    write_predictions(tmp_path / "predictions.csv", table)
    back = read_predictions(tmp_path / "predictions.csv")
    assert back["subject"].tolist() == table["subject"].tolist()  # not the number 1
    for au in AUS:
        np.testing.assert_array_equal(back[f"{au}_true"], table[f"{au}_true"].astype(float))
        np.testing.assert_allclose(back[f"{au}_pred"], table[f"{au}_pred"], atol=5e-5)


HEADER = "subject,sequence,frame,AU06_true,AU06_pred\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a readable CSV"),
        (HEADER, "no row after the header"),
        ("subject,sequence,frame,AU06_true\na,a,1,0\n", r"at odds: \['AU06_pred'\]"),
        ("subject,sequence,frame\na,a,1\n", "no AU.._true column"),
        (HEADER + "a,a,1,0,0.5\na,a,2,6,0.5\n", "line 3: AU06_true is '6', expected 0, 1"),
        (HEADER + "a,a,1,0.5,0.5\n", "line 2: AU06_true is '0.5'"),
        (HEADER + "a,a,1,0,nan\n", "line 2: AU06_pred is 'nan', expected a number 0–5"),
        (HEADER + "a,a,1,0,5.01\n", "line 2: AU06_pred is '5.01'"),
        (HEADER + "a,a,1,0,1,1\n", "line 2: more fields than the header's 5"),
        (HEADER + "a,a,1,0,1\na,a,2,0\n", "line 3: AU06_pred is ''"),
        (HEADER + "a,a,1,0,1\na,a,2,0,\n", "line 3: AU06_pred is ''"),
        (HEADER + "a,a,x,0,1\n", "line 2: frame is 'x', expected a whole number"),
        (HEADER + "a,a,1,,1\na,a,1,,1\n", "line 3: frame 1 of a is there twice"),
    ],
)
def test_bad_prediction_files_are_named(tmp_path, text, message):
    path = tmp_path / "predictions.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message) as caught:
        read_predictions(path)
    assert "predictions.csv" in str(caught.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match=r"none\.csv"):
        read_predictions(tmp_path / "none.csv")
