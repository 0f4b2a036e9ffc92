import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from g2rl.cli.main import main
from g2rl.errors import InputError
from g2rl.reproducibility.lock import Lock, _compare, make_lock, read_lock, verify, write_lock

TABLE = """\
dataset,method,source,metric,au,value
synthetic_disfa,baseline,measured,ICC,6,0.512
synthetic_disfa,g2rl,measured,ICC,6,0.612
DISFA,G2RL,published,ICC,6,
"""
FILES = {
    "table1.csv": TABLE,
    "table1.md": "| 0.512 |\n",
    "synthetic_disfa/frames.csv": "sequence,used\nSN001,97\n",
    "synthetic_disfa/cache/SN001.h5": "a",
    "synthetic_disfa/cache/SN002.h5": "b",
    "raw/synthetic_disfa/Videos/SN001.avi": "c",
    "raw/synthetic_disfa/Labels/SN001_au1.txt": "1,0\n",
    "raw/head.npz": "d",
    # No results:
    "README.md": "what lies here",
    "lock.json": "{}",
    "summary.html": "<p>",
    "synthetic_disfa/summary.html": "<p>",
    "provenance/table1.csv.json": "{}",
    "logs/table1.log": "",
    ".checkpoints/fold1.pt": "e",
    "synthetic_disfa/cache/.SN003.abc.h5": "half",
}


@pytest.fixture
def results(tmp_path):
    return write(tmp_path / "results", FILES)


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_lock_names_each_result_once(results):
    lock = make_lock(results)
    assert [*lock.files] == [
        "raw/head.npz",
        "raw/synthetic_disfa/",
        "synthetic_disfa/cache/SN001.h5",
        "synthetic_disfa/cache/SN002.h5",
        "synthetic_disfa/frames.csv",
        "table1.csv",
        "table1.md",
    ]
    # sha256 of "a", from FIPS 180-2's implementations everywhere
    a = "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    assert lock.files["synthetic_disfa/cache/SN001.h5"] == a


def test_lock_depends_on_its_declared_files_alone(results):
    files = [results / "table1.csv", results / "raw/synthetic_disfa"]
    lock = make_lock(results, files)
    assert [*lock.files] == ["raw/synthetic_disfa/", "table1.csv"]
    assert lock.tables == {"table1.csv": TABLE}
    write(results, {"another_configuration/frames.csv": "sequence\n", "table2.csv": ""})
    assert make_lock(results, files[::-1]) == lock
    with pytest.raises(InputError, match=r"figure9\.png: not there"):
        make_lock(results, [results / "figure9.png"])


def test_lock_is_the_same_in_another_place_and_order(results, tmp_path):
    items = list(FILES.items())
    random.Random(0).shuffle(items)
    write_lock(make_lock(results), tmp_path / "1.json")
    write_lock(make_lock(write(tmp_path / "other" / "place", dict(items))), tmp_path / "2.json")
    assert (tmp_path / "1.json").read_bytes() == (tmp_path / "2.json").read_bytes()
    assert str(tmp_path) not in (tmp_path / "1.json").read_text()


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\r")))
def test_lock_reads_as_written(tmp_path_factory, text):
    path = tmp_path_factory.mktemp("lock") / "lock.json"
    lock = Lock({"table1.csv": "0"}, {"table1.csv": text + "\n"})
    write_lock(lock, path)
    assert read_lock(path) == lock


def test_same_bytes(results):
    report = verify(results, make_lock(results))
    assert report.same
    assert report.lines == ["7 of 7 files are equal to the byte"]


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("synthetic_disfa/cache/SN002.h5", "B", "synthetic_disfa/cache/: 1 of 2 differ"),
        ("table1.md", "| .512 |\n", "table1.md: 1 of 1 differ"),
        ("raw/synthetic_disfa/Labels/SN001_au1.txt", "1,1\n", "raw/synthetic_disfa/: 1 of 1 differ"),
        ("raw/synthetic_disfa/Labels/SN001_au2.txt", "1,1\n", "raw/synthetic_disfa/: 1 of 1 differ"),
        (
            "table1.csv",
            TABLE.replace("0.612", "0.605"),
            "table1.csv: synthetic_disfa, g2rl, measured, ICC, AU06: value is 0.605, expected 0.612: "
            "0.007 apart, allowed 0",
        ),
    ],
)
def test_any_other_byte_is_reported(results, name, text, line):
    lock = make_lock(results)
    write(results, {name: text})
    report = verify(results, lock)
    assert not report.same
    assert line in report.lines


def test_more_than_the_lock_knows_is_listed(results):
    lock = make_lock(results)
    write(results, {"figures/figure2.png": "", "figures/figure2.pdf": "", "table2.csv": ""})
    report = verify(results, lock)
    assert report.same
    assert report.lines[:2] == ["not in the lock: figures/ (2 files)", "not in the lock: table2.csv"]


def test_missing_files_are_reported_by_folder(results):
    lock = make_lock(results)
    (results / "synthetic_disfa/cache/SN001.h5").unlink()
    (results / "synthetic_disfa/cache/SN002.h5").unlink()
    (results / "table1.md").unlink()
    for tolerance in (None, 1.0):
        report = verify(results, lock, tolerance)
        assert not report.same
        assert report.lines[:2] == ["missing: synthetic_disfa/cache/ (2 files)", "missing: table1.md"]


@pytest.mark.parametrize(
    ("value", "tolerance", "same"),
    [
        ("0.605", 0.01, True),
        ("0.605", 0.005, False),
        ("0.6120", 0.0, True),
        ("nan", 1.0, False),
        ("inf", 1.0, False),
        ("", 1.0, False),
        ("about 0.6", 1.0, False),
    ],
)
def test_numbers_within_tolerance(results, value, tolerance, same):
    lock = make_lock(results)
    # Another machine: other weights and figures too, which a tolerance accepts.
    write(results, {"table1.csv": TABLE.replace("0.612", value), "synthetic_disfa/cache/SN001.h5": "A"})
    report = verify(results, lock, tolerance)
    assert report.same is same, report.lines
    assert "5 of 7 files are equal to the byte" in report.lines
    assert any(line.startswith("largest difference of a number in the tables:") for line in report.lines)


@pytest.mark.parametrize(
    "text",
    [
        TABLE.replace("g2rl", "g2rl2"),
        TABLE.replace("6,\n", "6,0.41\n"),
        TABLE.replace("au,value", "value,au"),
        TABLE + "DISFA,G2RL,published,ICC,12,0.5\n",
        "",
    ],
)
def test_a_tolerance_is_for_numbers_alone(results, text):
    lock = make_lock(results)
    write(results, {"table1.csv": text})
    assert not verify(results, lock, 10.0).same


@given(st.lists(st.floats(-5, 5), min_size=1), st.floats(0, 1), st.randoms())
def test_tolerance_bounds_the_largest_difference(values, tolerance, generator):
    others = [value + generator.uniform(-2, 2) for value in values]
    old, new = ("au,value\n" + "".join(f"AU,{value!r}\n" for value in each) for each in (values, others))
    lines, largest = _compare(old, new, tolerance)
    apart = [abs(a - b) for a, b in zip(values, others, strict=True)]
    assert largest == max(apart)
    assert len(lines) == sum(each > tolerance for each in apart)


def test_long_differences_are_cut(results):
    rows = "".join(f"S{number},1\n" for number in range(100))
    write(results, {"synthetic_disfa/frames.csv": "sequence,used\n" + rows})
    lock = make_lock(results)
    write(results, {"synthetic_disfa/frames.csv": "sequence,used\n" + rows.replace(",1", ",2")})
    lines = verify(results, lock).lines
    assert "synthetic_disfa/frames.csv: and 80 more such lines" in lines
    assert len(lines) < 30


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"files": [], "tables": {}}', '{"files": {}, "tables": {"a": 1}}']
)
def test_no_lock_is_named(tmp_path, text):
    (tmp_path / "lock.json").write_text(text)
    with pytest.raises(InputError, match=r"lock\.json: not a lock"):
        read_lock(tmp_path / "lock.json")


def test_no_results_are_named(tmp_path):
    with pytest.raises(InputError, match="no results"):
        make_lock(tmp_path / "results")
    with pytest.raises(InputError, match="cannot be read"):
        read_lock(tmp_path / "lock.json")


def test_lock_has_a_line_a_row(results, tmp_path):
    write_lock(make_lock(results), tmp_path / "lock.json")
    text = (tmp_path / "lock.json").read_text()
    assert '"synthetic_disfa,g2rl,measured,ICC,6,0.612"' in text
    assert json.loads(text)["tables"]["synthetic_disfa/frames.csv"] == ["sequence,used", "SN001,97"]


def test_commands(results, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("G2RL_PROVENANCE", "records")
    assert main(["lock", "results", "-o", "lock.json"]) == 0
    assert main(["verify", "results", "lock.json"]) == 0
    assert capsys.readouterr().out == "7 of 7 files are equal to the byte\nthe same\n"
    write(results, {"table1.csv": TABLE.replace("0.612", "0.61")})
    assert main(["verify", "results", "lock.json"]) == 1
    assert "DIFFERENT" in capsys.readouterr().out
    assert main(["verify", "results", "lock.json", "--tolerance", "0.01"]) == 0
    assert main(["provenance", "lock.json", "--records", "records"]) == 0
    assert "g2rl lock" in capsys.readouterr().out
    assert main(["provenance", "nothing.csv", "--records", "records"]) == 2
    assert capsys.readouterr().err == "g2rl provenance: nothing.csv: there is no such file\n"
    # Verifying writes nothing, so there is the record of the lock alone.
    assert [path.name for path in (tmp_path / "records").rglob("*.json")] == ["lock.json.json"]


def test_summary_has_a_row_per_run_and_per_model(results, tmp_path):
    table = """\
au,metric,aggregation,value,ci_low,ci_high
AU06,ICC,pooled,0.9,0.8,1.0
avg,ICC,pooled,0.5,0.4,0.6
avg,ICC,fold_mean,0.3,,
avg,MAE,pooled,0.7,,
avg,PCC,pooled,0.6,0.5,0.7
"""
    run = "synthetic_disfa/g2rl_sigma2_lambda0.05_seed0"
    write(results, {f"{run}/metrics.csv": table, f"{run}/fold3/model.safetensors": "a"})
    write(results, {"synthetic_disfa/constant/metrics.csv": table})
    paths = [str(tmp_path / name) for name in ("lock.json", "summary.json")]
    configs = ["--config", "my own.yaml", "more.yaml"]
    assert main(["lock", str(results), "-o", paths[0], "--summary", paths[1], *configs]) == 0
    found = json.loads((tmp_path / "summary.json").read_text())
    measures = {
        "ICC": {"value": 0.5, "ci_low": 0.4, "ci_high": 0.6},
        "MAE": {"value": 0.7, "ci_low": None, "ci_high": None},
    }
    dataset, name = run.split("/")
    assert found["runs"] == [
        {"dataset": dataset, "run": one, **measures} for one in ("constant", "g2rl_sigma2_lambda0.05_seed0")
    ]
    (model,) = found["models"]
    file = f"{run}/fold3/model.safetensors"
    assert model == {
        **{"dataset": dataset, "run": name, "fold": "3", "file": file, "config": "my own.yaml, more.yaml"},
        "sha256": make_lock(results).files[file],
        "command": f"snakemake --cores 8 {results / file} --configfile 'my own.yaml' more.yaml",
        **measures,
    }
