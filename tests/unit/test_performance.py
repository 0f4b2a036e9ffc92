"""The published figures: one file of measurements, and what is made of it."""

import json
import sys
from pathlib import Path

import pytest

from g2rl.workflow.resources import GPU, read_rates

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import record

ENTRIES = json.loads(record.RESULTS.read_text(encoding="utf-8"))


def test_page_shows_what_was_measured():
    text = record.PAGE.read_text(encoding="utf-8")
    assert text.split(record.MARKS[0])[1].split(record.MARKS[1])[0] == record.table(ENTRIES)


@pytest.mark.parametrize("name", ENTRIES)
def test_entry_is_whole(name):
    entry = ENTRIES[name]
    assert list(entry) == ["ours", "other", "ratio", "unit", "machine", "versions", "date"]
    ours, other, ratio = entry["ours"], entry["other"], entry["ratio"]
    assert (other is None) == (ratio is None)
    if other:
        assert pytest.approx(ratio, rel=2e-3) in (ours / other, other / ours)


def test_projection_uses_the_measured_gpu_rate():
    measured = ENTRIES["train_gpu_images_per_second"]
    assert GPU in measured["machine"]
    assert read_rates()["train", "resnet50.tv_in1k 256", GPU] == measured["ours"]


def test_entries_measured_elsewhere_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results.json")
    record.RESULTS.write_text(json.dumps(ENTRIES), encoding="utf-8")
    record.record({"new": record.cost(2, 5, "s")}, ["numpy"])
    merged = json.loads(record.RESULTS.read_text(encoding="utf-8"))
    assert merged["new"]["ratio"] == 2.5
    assert {name: entry for name, entry in merged.items() if name != "new"} == {
        name: entry for name, entry in ENTRIES.items() if name != "new"
    }


def test_what_was_not_measured_is_said():
    measured = {name: entry for name, entry in ENTRIES.items() if not name.startswith("train_gpu")}
    shown = measured | {"nothing_to_do_seconds": ENTRIES["train_gpu_vs_reference"]}
    text = record.table(shown)
    assert all(
        f"`{name}`" in text.rpartition("Not measured: ")[2] for name in record.EXPECTED if name not in shown
    )
