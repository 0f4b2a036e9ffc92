"""The sentences of Table 1's caption."""

import numpy as np
import pandas as pd

from g2rl.evaluation.collapse import constant_aus
from g2rl.report.captions import describe_collapse, describe_constant, describe_frames, notes

COUNTS = {
    "sequence": ["one", "two"],
    "coded": [1000, 500],
    "excluded": [0, 3],
    "partly_coded": 0,
    "missing": [1, 1],
    "unreadable": 0,
    "no_face": [10, 0],
    "used": [989, 496],
    "carried": [4, 0],
}


def test_frames_are_described_with_every_reason():
    table = pd.DataFrame(COUNTS)
    assert (
        describe_frames(
            {"disfa": table, "bp4d": table.assign(excluded=0, missing=0, no_face=0, used=500, carried=0)}
        )
        == "Coded frames used: 1,485 of 1,500 on disfa, 4 of them with an earlier frame's landmarks "
        "(left out: 3 excluded by the configuration, 2 not in the video, 10 with no face found); "
        "1,000 of 1,500 on bp4d."
    )
    assert describe_frames({}) == ""


def test_collapse_of_the_geometry_vector_is_described():
    falling, steady, offset = (
        pd.DataFrame({"var_G": [0.2, 0.05, last], "norm_G": [1.0, 1.0, norm]})
        for last, norm in ((0.001, 0.1), (0.15, 1.0), (0.15, 10.0))
    )
    text = describe_collapse({"disfa": [falling], "bp4d": [steady, steady], "other": [offset]})
    assert "0.2 before the first step, 0.001 after the last on disfa (collapsed)" in text
    assert "0.15 after the last on bp4d (still varies)" in text
    assert "0.15 after the last on other (nearly constant)" in text
    assert text.endswith("which method is ahead does not follow from it.")
    assert describe_collapse({"bp4d": [steady]}).endswith("(still varies).")
    assert describe_collapse({}) == ""


def test_aus_that_are_predicted_as_a_constant_are_named():
    true = np.tile([0.0, 0, 0, 5], 50)
    table = pd.DataFrame(
        {
            "AU05_true": true,
            "AU05_pred": 0.02 * true,  # a fiftieth of the codes' spread
            "AU12_true": true,
            "AU12_pred": 0.2 * true,
            "AU15_true": np.zeros(200),  # nothing to be predicted
            "AU15_pred": np.zeros(200),
            "AU20_true": np.full(200, np.nan),
            "AU20_pred": np.zeros(200),
        }
    )
    assert constant_aus(table) == ["AU05"]
    text = describe_constant({("disfa", "Baseline"): {"AU05": ["1", "3"], "AU20": ["2 of seed 1"]}})
    assert text == (
        "Predictions (nearly) constant, so that the ICC is about 0: AU05 in folds 1, 3 (Baseline on disfa); "
        "AU20 in fold 2 of seed 1 (Baseline on disfa)."
    )
    assert describe_constant({}) == ""


def test_the_notes_say_how_values_were_measured():
    row = {"source": "measured", "dataset": "disfa", "au": "avg", "seeds": 1, "value": 0.5, "ci_low": 0.4}
    table = pd.DataFrame([row])
    assert "pool the test frames of all folds" in notes(table)[0]
    assert "predictions are not rounded" in notes(table)[0]
    other = notes(table, aggregation="fold_mean", rounded=True)[0]
    assert "are means over the folds" in other
    assert "predictions are rounded" in other
