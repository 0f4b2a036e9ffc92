"""The sentences of Table 1's caption."""

import pandas as pd

from g2rl.report.captions import describe_collapse, describe_frames

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
        "(left out: 3 known to be bad, 2 not in the video, 10 with no face found); 1,000 of 1,500 on bp4d."
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
    assert describe_collapse({}) == ""
