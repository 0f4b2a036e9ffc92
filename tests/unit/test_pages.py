"""The report's own pages: what they say, and that each table's numbers can be downloaded."""

import base64
import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from g2rl.evaluation.metrics import write_metrics
from g2rl.io.figures import new_figure, save
from g2rl.report.html import page
from g2rl.report.pages import write_pages
from tests.tables import BP4D, make_metrics

NOTES = [
    "Every network: tiny.",
    "Variance of the geometry vector G: 1 before the first step, 0 after the last on mine (collapsed).",
]
FRAMES = """\
subject,sequence,frames,no_label,not_coded,coded,excluded,partly_coded,missing,unreadable,no_face,used,carried
F001,F001_T1,1040,4,0,1036,0,0,1,0,0,1035,0
F002,F002_T1,40,4,0,36,0,0,0,0,2,34,0
"""
CLAIMS = """\
dataset,claim,paper,criterion,measured,value,ci_low,ci_high,verdict
mine,λ < 1 & σ = 2,Figure 7,x > 0,one seed,0.1,0,1,undecided
another,none,,,,,,,holds
"""
FINDINGS = "severity,code,found\nwarning,frame-missing,frame 7\n"


@pytest.fixture
def results(tmp_path):
    root = tmp_path / "results"
    for run, icc in (("constant", np.nan), ("landmark_ridge", 0.4), ("g2rl_sigma2_lambda0.05_seed1", 0.61)):
        write_metrics(root / "mine" / run / "metrics.csv", make_metrics(BP4D, np.full(6, icc), np.ones(6)))
    texts = {"mine/frames.csv": FRAMES, "mine/check.csv": FINDINGS, "claims.csv": CLAIMS}
    items = "\n".join(f"<li>{note}</li>" for note in NOTES)
    texts["table1.html"] = page("Table 1", f"<figure><ul>\n{items}\n</ul></figure>")
    for name, text in texts.items():
        (root / name).write_text(text, encoding="utf-8")
    save(new_figure(1, 1), root / "figures/figure4")
    values = {"lambda": [0, 0.05, 0.5], "metric": "ICC", "seeds": 1}
    save(new_figure(1, 1), root / "figures/figure7", pd.DataFrame(values))
    (root / "mine/fold1").mkdir()
    (root / "mine/fold1/model.safetensors").touch()
    files = [str(path) for path in root.rglob("*") if path.is_file()]
    write_pages(root, files, ["my.yaml"], [str(root / "summary.html"), str(root / "mine/summary.html")])
    return root


def test_first_page_warns_once_and_shows_the_figures_there_are(results):
    document = (results / "summary.html").read_text(encoding="utf-8")
    tree = ElementTree.fromstring(document)
    assert [item.text for item in tree.find(".//ul[@class='warnings']")] == [
        NOTES[1],
        "g2rl check on mine: 0 errors, 1 warning; see its page.",
    ]
    assert document.count(NOTES[1]) == 1
    assert (
        "my.yaml: 1 trained network. mine: real faces of 2 subjects, 1,069 frames in 2 sequences." in document
    )
    assert [image.get("alt") for image in tree.iter("img")] == ["Figure 4", "Figure 7"]
    assert "the Baseline. Measured at 2 values, with 1 seed each." in document
    assert not re.search(r'(src|href)="(?!data:)', document)


def test_page_of_a_dataset_has_each_run_its_claims_and_its_files(results):
    tree = ElementTree.fromstring((results / "mine/summary.html").read_text(encoding="utf-8"))
    icc, _, claims, frames, findings = (
        [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        for table in tree.iter("table")
    )
    assert icc[0] == ["run", "AU6", "AU10", "AU12", "AU14", "AU17", "Avg.", "95 %", ""]
    assert icc[1][:3] == ["Best constant, no image", "–", "–"]
    assert icc[3][:2] == ["G2RL, σ = 2, λ = 0.05, seed 1", "0.61"]
    assert claims[1:] == [["λ < 1 & σ = 2", "Figure 7", "one seed", "undecided"]]
    assert dict(zip(*frames, strict=True))["without a face found"] == "2"
    assert findings[1] == ["warning", "frame-missing", "frame 7"]
    files = {link.get("download"): link.get("href") for link in tree.iter("a")}
    assert base64.b64decode(files["mine_frames.csv"].partition(",")[2]).decode() == FRAMES
    assert "g2rl_sigma2_lambda0.05_seed1_metrics.csv" in files
