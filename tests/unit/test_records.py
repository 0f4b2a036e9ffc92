import dataclasses
import hashlib
import os
import socket
from pathlib import Path

import pytest

from g2rl.errors import InputError
from g2rl.reproducibility.lineage import tree
from g2rl.reproducibility.records import Record, make_record, portable, read_records, write_record

RECORDS = Path("results/provenance")


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Records of a small chain: 2 videos → landmarks → aligned sequences → 2 runs' models → a table."""
    return make_project(tmp_path / "project", tmp_path / "disk", monkeypatch)


def make_project(folder: Path, disk: Path, monkeypatch) -> Path:
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)

    def put(path: str | Path, text: str) -> Path:
        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def run(stage, options, read, written, *arguments):
        write_record(make_record(stage, arguments, options, read, written), RECORDS)

    for name in ("SN001", "SN002"):
        video = put(disk / "DISFA" / "Videos" / f"{name}.avi", f"video of {name}")
        points = put(f"results/D/landmarks/{name}.h5", f"points of {name}")
        run("landmarks", {"output": points}, [video], [points], str(video), "-o", str(points))
        sequence = put(f"results/D/cache/{name}.h5", f"sequence of {name}")
        options = {"root": disk / "DISFA", "sequence": name, "max_gap": 2, "output": sequence}
        arguments = f"--root={disk / 'DISFA'}", str(points), "-o", str(sequence)
        run("align", options, [points], [sequence], *arguments)
    sequences = sorted(Path("results/D/cache").iterdir())
    models = []
    for seed in (0, 1):
        model = put(f"results/D/seed{seed}/fold1/model.safetensors", f"model {seed}")
        history = put(f"results/D/seed{seed}/fold1/history.csv", f"history {seed}")
        options = {
            "sequences": sequences,
            "weights": None,
            "seed": seed,
            "channels": (64, 32),
            "device": "cpu",
        }
        run("train", options, sequences, [model, history])
        models.append(model)
    table = put("results/table1.csv", "table")
    run("table", {"metrics": models, "recipe": ""}, models, [table])
    return folder


def test_record_names_inputs_outputs_and_settings(project):
    (record,) = read_records(RECORDS)[sha256("model 1")]
    assert record.inputs == {
        "results/D/cache/SN001.h5": sha256("sequence of SN001"),
        "results/D/cache/SN002.h5": sha256("sequence of SN002"),
    }
    assert record.outputs == {
        "results/D/seed1/fold1/history.csv": sha256("history 1"),
        "results/D/seed1/fold1/model.safetensors": sha256("model 1"),
    }
    assert record.settings == {"channels": [64, 32], "device": "cpu", "seed": 1, "weights": None}
    assert {"g2rl.cli.train", "g2rl.training.loop", "g2rl.network.model"} <= record.code.keys()
    assert {"python", "torch", "timm", "numpy"} <= record.packages.keys()


def test_records_are_the_same_bytes_anywhere(tmp_path, monkeypatch):
    contents = []
    for place in ("here", "far/off/elsewhere"):
        folder = make_project(tmp_path / place / "project", tmp_path / place / "disk", monkeypatch)
        files = sorted((folder / RECORDS).rglob("*.json"))
        contents.append({str(path.relative_to(folder)): path.read_text() for path in files})
    assert contents[0] == contents[1]
    assert len(contents[0]) == 7
    for text in contents[0].values():
        assert str(tmp_path) not in text
        assert socket.gethostname() not in text
        assert "/root" not in text


def test_paths_elsewhere_are_shortened(project):
    (record,) = read_records(RECORDS)[sha256("points of SN001")]
    assert record.inputs == {"…/Videos/SN001.avi": sha256("video of SN001")}
    assert record.command == "g2rl landmarks '…/Videos/SN001.avi' -o results/D/landmarks/SN001.h5"
    (align,) = read_records(RECORDS)[sha256("sequence of SN001")]
    assert "--root=…/" in align.command
    assert align.settings == {"max_gap": 2, "sequence": "SN001"}  # root says where, not what
    assert portable(Path("/")) == "…"


def test_a_copy_is_known_and_a_changed_file_is_not(project):
    records = read_records(RECORDS)
    copy = Path("my_model.bin")
    copy.write_text("model 0")
    assert "seed=0" in tree(copy, records)[0]
    copy.write_text("model 0 ")
    with pytest.raises(InputError, match=r"my_model\.bin: no record"):
        tree(copy, records)


def test_tree_reads_from_the_table_down_to_the_videos(project):
    lines = tree(Path("results/table1.csv"), read_records(RECORDS))
    end = lines.index("")
    h = {name: sha256(name)[:12] for name in ("table", "model 0", "model 1", "video of SN001")}
    assert lines[:end] == [
        f"results/table1.csv  {h['table']}  ← g2rl table",
        f"├─ results/D/seed0/fold1/model.safetensors  {h['model 0']}  ← g2rl train"
        "  channels=64,32 device=cpu seed=0",
        "│  └─ results/D/cache/  (2 files)  ← g2rl align  max_gap=2 sequence=…",
        "│     └─ results/D/landmarks/  (2 files)  ← g2rl landmarks",
        "│        └─ …/Videos/  (2 files)  (given)",
        f"└─ results/D/seed1/fold1/model.safetensors  {h['model 1']}  ← g2rl train"
        "  channels=64,32 device=cpu seed=1",
        "   └─ results/D/cache/  (2 files)  (above)",
    ]
    # Below it each stage once, with its code, packages and device.
    assert [line for line in lines[end:] if line.endswith(":")] == [
        "align:",
        "landmarks:",
        "table:",
        "train:",
    ]
    train = lines[lines.index("train:") :]
    assert "g2rl.network.model " in train[1]
    assert "torch 2" in train[2]
    assert train[3].startswith("  device: ")


def test_different_code_behind_one_line_is_shown(project):
    records = read_records(RECORDS)
    digest = sha256("sequence of SN002")
    records[digest] = [dataclasses.replace(records[digest][0], code={"g2rl.faces.alignment": "other"})]
    lines = tree(Path("results/table1.csv"), records)
    align = lines[lines.index("align:") : lines.index("landmarks:")]
    assert sum(line.startswith("  code: ") for line in align) == 2


def test_of_two_commands_that_wrote_the_same_the_right_one_is_named(project):
    """Two runs that predict alike: each one's measures come from its own predictions."""
    predictions = [Path(f"results/D/seed{seed}/fold1/predictions.csv") for seed in (0, 1)]
    for path in predictions:
        path.write_text("all zero")
        model = path.with_name("model.safetensors")
        write_record(make_record("test", [], {}, [model], [path]), RECORDS)
    for seed, path in enumerate(predictions):
        metrics = path.parents[1] / "metrics.csv"
        metrics.write_text(f"measures {seed}")
        write_record(make_record("metrics", [], {}, [path], [metrics]), RECORDS)
        text = "\n".join(tree(metrics, read_records(RECORDS)))
        assert f"seed{seed}/fold1/model.safetensors" in text
        assert f"seed{1 - seed}" not in text


def test_frames_of_a_folder_count_as_one_input(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in (1, 2):
        frame = Path(f"F001/T1/{number:03}.jpg")
        frame.parent.mkdir(parents=True, exist_ok=True)
        frame.write_text(str(number))
    out = Path("x.h5")
    out.write_text("")
    before = make_record("landmarks", [], {}, [Path("F001/T1")], [out])
    assert [*before.inputs] == ["F001/T1"]
    os.rename("F001/T1/002.jpg", "F001/T1/003.jpg")
    assert make_record("landmarks", [], {}, [Path("F001/T1")], [out]).inputs != before.inputs


def test_damaged_records_are_named(project):
    damaged = RECORDS / "results" / "table1.csv.json"
    for text in ("", "[]", '{"stage": "train"}'):
        damaged.write_text(text)
        with pytest.raises(InputError, match=r"table1\.csv\.json: not a provenance record"):
            read_records(RECORDS)
    with pytest.raises(InputError, match="no provenance records"):
        read_records(Path("elsewhere"))


def test_a_command_that_writes_nothing_leaves_no_record(tmp_path):
    write_record(Record("g2rl check", "check", {}, {}, {}, {}, {}, "x86_64"), tmp_path)
    assert not list(tmp_path.rglob("*"))
