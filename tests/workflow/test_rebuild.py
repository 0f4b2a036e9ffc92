"""From raw videos to Table 1 and the figures; then, what reruns after a change."""

import json
import os
import re
from pathlib import Path

import pandas as pd
import pytest
from conftest import BP4D, DISFA, ROOT, Workflow, check_every_frame_is_counted

from g2rl.faces.fold_manifest import read_manifest
from g2rl.paths import Results
from g2rl.reproducibility.lock import make_lock, read_lock, verify, write_lock
from g2rl.reproducibility.records import read_records

# How far a number of the tables may be from the lock: docs/reproducibility.md says how it was chosen.
TOLERANCE = 0.05

RUNS = [
    "baseline_sigma2_seed0",
    "g2rl_sigma2_lambda0.05_seed0",
    "g2rl_sigma1_lambda0.05_seed0",
    "g2rl_sigma2_lambda0.5_seed0",
]
FOLDS = {"synthetic_bp4d": [1], "synthetic_disfa": [1, 2]}


def test_every_result_is_there(rebuilt):
    results = rebuilt.folder / "results"
    for suffix in ("csv", "md", "tex", "html"):
        assert (results / f"table1.{suffix}").stat().st_size > 0
    for number in range(1, 8):
        for suffix in ("png", "pdf", "csv"):
            assert (results / f"figures/figure{number}.{suffix}").stat().st_size > 0
    for suffix in ("csv", "md", "png", "pdf"):
        assert (results / f"guidance.{suffix}").stat().st_size > 0
    for dataset, folds in FOLDS.items():
        for fold in folds:
            for run in RUNS:
                found = {path.name for path in (results / dataset / run / f"fold{fold}").iterdir()}
                assert found == {"model.safetensors", "history.csv", "predictions.csv"}
            for reference in ("constant", "landmark_ridge"):
                assert (results / dataset / reference / f"fold{fold}/predictions.csv").exists()
        for run in [*RUNS, "constant", "landmark_ridge"]:
            columns = ["au", "metric", "aggregation", "value", "ci_low", "ci_high", "aus"]
            assert list(pd.read_csv(results / dataset / run / "metrics.csv")) == columns


def test_table1_has_every_row(rebuilt):
    table = pd.read_csv(rebuilt.folder / "results/table1.csv", dtype={"au": str})
    assert list(table)[:6] == ["dataset", "method", "source", "metric", "au", "value"]
    measured = table[table["source"] == "measured"]
    assert set(measured["dataset"]) == set(FOLDS)
    assert set(measured["method"]) == {"Best constant", "Landmarks ridge", "Baseline", "G2RL"}
    assert {"6", "10", "12", "14", "17", "avg"} == set(measured.query("dataset == 'synthetic_bp4d'")["au"])
    caption = (rebuilt.folder / "results/table1.md").read_text()
    assert "must not be compared with the published" in caption
    assert "64 px" in caption
    assert "Variance of the geometry vector" in caption


def test_rebuild_agrees_with_the_committed_lock(rebuilt):
    """On another processor, too; ``make lock`` writes it, after a change that is meant to change results."""
    results = rebuilt.folder / "results"
    if new := os.environ.get("LOCK"):
        write_lock(make_lock(results), Path(new))
    report = verify(results, read_lock(ROOT / "tests/data/lock.json"), TOLERANCE)
    assert report.same, "\n".join(report.lines)


def test_a_run_leaves_its_lock(rebuilt):
    assert read_lock(rebuilt.folder / "results/lock.json") == make_lock(rebuilt.folder / "results")


def test_the_lock_is_made_of_the_outputs_of_every_rule(rebuilt, monkeypatch):
    monkeypatch.chdir(rebuilt.folder)
    files = rebuilt.jobs().result_files()
    assert len(set(files)) == len(files)
    also = {
        "results/lock.json",
        "results/summary.json",
        *Results("results").pages(rebuilt.config["datasets"]),
    }
    assert set(files) | also == rebuilt.outputs("all")


@pytest.mark.parametrize("split", ["test", "validation"])
def test_the_ablations_are_made_of_the_outputs_of_every_rule(rebuilt, tmp_path, monkeypatch, split):
    variants = {"variants": {"detached": {"guidance": "detached"}}, "seeds": [0], "split": split}
    config = rebuilt.config | {"ablations": variants | {"datasets": ["synthetic_disfa"]}}
    for name in ("bp4d.tsv", "disfa.tsv"):
        (tmp_path / name).write_text((rebuilt.folder / name).read_text())
    workflow = Workflow(tmp_path)
    workflow.configure(config)
    monkeypatch.chdir(tmp_path)
    found = workflow.outputs("ablations")
    tables = {path for path in found if path.startswith("results/ablations")}
    assert len(tables) == 8
    assert set(workflow.jobs().ablation_files()) == found - tables


def test_every_result_has_its_record(rebuilt):
    results = rebuilt.folder / "results"
    records = read_records(results / "provenance")
    without = [name for name, digest in make_lock(results).files.items() if digest not in records]
    assert without == ["raw/synthetic_bp4d/", "raw/synthetic_disfa/"]  # whole folders; each file has one


def test_no_frame_of_any_sequence_is_lost_uncounted(rebuilt):
    for name, sequences in {"synthetic_bp4d": BP4D, "synthetic_disfa": DISFA}.items():
        check_every_frame_is_counted(rebuilt, name, sequences)


def test_no_subject_is_in_training_and_test(rebuilt):
    log = "".join(path.read_text() for path in (rebuilt.folder / ".snakemake/log").glob("*.log"))
    for dataset, folds in FOLDS.items():
        for fold in folds:
            for run in RUNS:
                tested = pd.read_csv(rebuilt.folder / f"results/{dataset}/{run}/fold{fold}/predictions.csv")
                output = f"results/{dataset}/{run}/fold{fold}/"
                match = re.search(rf"rule train:\n    input: (.*)\n    output: {output}", log)
                lists = [rebuilt.folder / path for path in match[1].split(", ")]
                trained = {shard.stem for path in lists for shard in read_manifest(path)}
                assert trained
                assert not trained & set(tested["sequence"])
                assert not {name.split("_")[0] for name in trained} & set(tested["subject"])


def test_no_job_took_more_memory_than_it_asks_for(rebuilt):
    """As Snakemake measured each, against what a scheduler would have been told at the first attempt."""
    log = "".join(path.read_text() for path in (rebuilt.folder / ".snakemake/log").glob("*.log"))
    checked = 0
    for benchmark, asked in re.findall(
        r"    benchmark: (\S+)\n(?:    .*\n)*?    resources: .*mem_mb=(\d+)", log
    ):
        row = pd.read_csv(rebuilt.folder / benchmark, sep="\t").iloc[0]
        if pd.notna(row["max_rss"]):  # a job too short to be measured has none
            assert float(row["max_rss"]) < int(asked), benchmark
            checked += 1
    assert checked > 20


def test_second_run_does_nothing(rebuilt):
    done = rebuilt.run("all")
    assert done.returncode == 0
    assert "Nothing to be done" in done.stdout + done.stderr


def test_bare_snakemake_makes_all(rebuilt):
    assert rebuilt.planned() == {}
    (rebuilt.folder / "results/table1.md").rename(rebuilt.folder / "aside")
    try:
        assert rebuilt.planned() == {"table1": 1, "lock": 1, "all": 1}
    finally:
        (rebuilt.folder / "aside").rename(rebuilt.folder / "results/table1.md")


def test_report_holds_table_figures_and_captions(rebuilt):
    import zipfile

    done = rebuilt.run("--report", "report.zip")
    assert done.returncode == 0, done.stdout + done.stderr
    with zipfile.ZipFile(rebuilt.folder / "report.zip") as report:
        page = next(report.read(name).decode() for name in report.namelist() if name.endswith("report.html"))
        names = report.namelist()
    for label in ("Table 1", "What L_G really does", "Figure 4", "Figure 5", "Figure 6", "Figure 7"):
        assert label in page
    assert "rendered faces" in page
    first, *_ = json.JSONDecoder().raw_decode(page.partition("var workflow_desc = ")[2])
    for words in ("12 trained networks", "Variance of the geometry vector", "<b>Table 1.</b>", "Figure 7"):
        assert words in first  # the report opens on the summary
    assert sum(name.endswith("summary.html") for name in names) == 1 + len(FOLDS)
    assert not any(name.endswith((".csv", "claims.md")) for name in names)
    assert (
        sum(name.endswith(("table1.html", *(f"figure{n}.png" for n in range(1, 8)))) for name in names) == 8
    )


def test_ablations_run_beside_the_rest(copy):
    """A variant and its Baseline on held-out training subjects, from shards to the table, once."""
    variants = {"few": {"max_subjects": 1, "against": "bare"}, "bare": {"max_subjects": 1, "lambda": 0}}
    section = {"variants": variants, "seeds": [0, 1], "datasets": ["synthetic_disfa"], "folds": [2]}
    copy.configure(copy.config | {"ablations": section | {"split": "validation"}})
    planned = copy.planned("ablations")
    # No run of all has a validation: two seeds of Baseline, G2RL and the two variants.
    assert planned == {"train": 8, "test": 8, "compare": 1, "guidance_of_variants": 1, "ablations": 1}
    assert copy.planned("all").get("train") is None
    done = copy.run("ablations")
    assert done.returncode == 0, done.stdout + done.stderr
    results = copy.folder / "results"
    table = pd.read_csv(results / "ablations.csv")
    assert set(table["variant"]) == {"baseline", "g2rl", "few", "bare"}
    assert set(table["seeds"]) == {2}
    predictions = pd.read_csv(results / "synthetic_disfa/baseline_sigma2_seed1/fold2v/predictions.csv")
    assert set(predictions["subject"]) == {"SN001"}  # the first of the fold's two training subjects
    assert "held-out training subjects" in (results / "ablations.md").read_text()
    for name in ("ablations", "ablations_guidance"):
        assert (results / f"{name}.png").stat().st_size > 0
    assert copy.planned("ablations") == {}
    (results / "synthetic_disfa/baseline_sigma2_seed1/fold2v/model.safetensors").unlink()
    assert copy.planned("ablations")["train"] == 1  # as after a training that failed
