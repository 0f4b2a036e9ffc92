"""Variants beside the Baseline: the paired comparison, what L_G does, their tables and figures."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from g2rl import paths
from g2rl.cli.main import main
from g2rl.errors import InputError
from g2rl.evaluation import ablations
from g2rl.evaluation.comparison import compare
from g2rl.evaluation.metrics import evaluate, icc31
from g2rl.inference.predictions import write_predictions
from g2rl.paths import Run
from g2rl.report import ablations as report_ablations
from g2rl.training.history import write_history

AUS = ("AU06", "AU12")


def predictions(noise: float, seed: int, subjects: str = "abcdefgh", offset: int = 0) -> pd.DataFrame:
    """Twenty frames a subject; the truth is the subject's own, the prediction has noise."""
    parts = []
    for subject in subjects:
        truth = np.random.default_rng(ord(subject)).integers(0, 6, (20, 2)).astype(float)
        guess = truth + noise * np.random.default_rng([ord(subject), seed]).normal(size=truth.shape)
        part = pd.DataFrame(
            {"subject": subject, "sequence": f"{subject}_T1", "frame": np.arange(20) + offset}
        )
        for k, au in enumerate(AUS):
            part[f"{au}_true"], part[f"{au}_pred"] = truth[:, k], guess[:, k].clip(0, 5)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def runs(noise: float, seeds: int = 4) -> dict[int, list[pd.DataFrame]]:
    """Two folds for each seed."""
    return {s: [predictions(noise, s, "abcd"), predictions(noise, s, "efgh")] for s in range(seeds)}


def icc(folds: list[pd.DataFrame]) -> float:
    table = evaluate(folds, 0).query("au == 'avg' and metric == 'ICC' and aggregation == 'pooled'")
    return float(table["value"].iloc[0])


def test_mean_and_difference_are_those_of_the_measures():
    good, bad = runs(0.5), runs(1.5)
    row = compare(good, bad, 200).set_index("metric").loc["ICC"]
    assert row["mean"] == pytest.approx(np.mean([icc(folds) for folds in good.values()]))
    assert row["difference"] == pytest.approx(row["mean"] - np.mean([icc(folds) for folds in bad.values()]))
    assert 0 < row["ci_low"] < row["difference"] < row["ci_high"]
    assert row["seeds"] == 4


def test_the_interval_is_the_bootstrap_of_subjects_and_seeds_together():
    """Against a plain one: draw seeds, draw each fold's subjects, evaluate both sides again."""
    good, bad = runs(0.8), runs(1.0)
    random, found = np.random.default_rng(7), []
    pairs = [[f"{au}_{kind}" for kind in ("true", "pred")] for au in AUS]
    of = {  # (side, seed, subject) → its frames, (20, 2) of each AU
        (side, seed, subject): [rows[pair].to_numpy() for pair in pairs]
        for side, folds_of in enumerate((good, bad))
        for seed, folds in folds_of.items()
        for subject, rows in pd.concat(folds).groupby("subject")
    }
    for _ in range(1000):
        seeds = random.integers(0, 4, 4)
        drawn = [subject for fold in ("abcd", "efgh") for subject in random.choice(list(fold), 4)]
        sides = [
            np.mean(
                [
                    icc31(*np.concatenate([of[side, seed, subject][au] for subject in drawn]).T)
                    for seed in seeds
                    for au in range(len(AUS))
                ]
            )
            for side in (0, 1)
        ]
        found.append(sides[0] - sides[1])
    row = compare(good, bad, 4000).set_index("metric").loc["ICC"]
    width = np.subtract(*np.percentile(found, [97.5, 2.5]))
    assert row["ci_high"] - row["ci_low"] == pytest.approx(width, rel=0.2)
    assert row["ci_low"] == pytest.approx(np.percentile(found, 2.5), abs=0.2 * width)


def test_nothing_differs_from_itself():
    row = compare(runs(1.0), runs(1.0), 100).set_index("metric").loc["ICC"]
    assert row["difference"] == row["ci_low"] == row["ci_high"] == 0


def test_a_fold_of_a_single_subject_leaves_no_interval():
    good, bad = (
        {s: [predictions(noise, s, "abcd"), predictions(noise, s, "e")] for s in range(4)}
        for noise in (0.5, 1.5)
    )
    row = compare(good, bad, 200).set_index("metric").loc["ICC"]
    assert row["difference"] > 0
    assert np.isnan([row["ci_low"], row["ci_high"]]).all()


def test_pairing_takes_the_subjects_share_out():
    """Both sides err by the same amount on a subject: the difference is surer than each side."""
    paired = compare(runs(1.0, 1), runs(1.01, 1), 500).set_index("metric").loc["ICC"]
    alone = evaluate(runs(1.0, 1)[0], 500).query(
        "au == 'avg' and metric == 'ICC' and aggregation == 'pooled'"
    )
    assert paired["ci_high"] - paired["ci_low"] < 0.5 * float((alone["ci_high"] - alone["ci_low"]).iloc[0])


def test_what_does_not_pair_is_named():
    with pytest.raises(InputError, match=r"seeds \[0, 1, 2, 3\] against \[0, 1, 2\]"):
        compare(runs(1.0), runs(1.0, 3))
    others = {seed + 1: folds for seed, folds in runs(1.0).items()}
    with pytest.raises(InputError, match="pairs them, give both"):  # as many, but of other seeds
        compare(runs(1.0), others)
    with pytest.raises(InputError, match="same frames"):
        compare({0: [predictions(1, 0)]}, {0: [predictions(1, 0, offset=1)]})


def test_variants_are_read_off_the_folders_names():
    def variant(folder: str) -> tuple[str, int]:
        run = paths.Run.parse(folder)
        assert run.name == folder
        return run.variant or run.method, run.seed

    assert variant("baseline_sigma2_seed0") == ("baseline", 0)
    assert variant("g2rl_sigma2_lambda0.05_seed12") == ("g2rl", 12)
    assert variant("g2rlplus_sigma2_lambda0.05_seed0") == ("g2rlplus", 0)
    assert variant("g2rl_sigma1.414_lambda0.05_a_b_seed3") == ("a_b", 3)
    assert variant("baseline_sigma2_few_baseline_seed3") == ("few_baseline", 3)
    assert paths.Run.parse("g2rl_sigma1.414_lambda0.05_seed3") == Run(1.414, 0.05, 3)
    assert paths.Run.parse("baseline_sigma2_seed3") == Run(2, 0, 3)
    for name in ("lambda1", "sigma2", "seed4", "plus", "a_seed4", "sigma2_lambda0.1_seed4"):
        for ambiguous in (Run(2, 0, 3, name), Run(2, 0.05, 3, name)):
            assert paths.Run.parse(ambiguous.name) == ambiguous
    for name in ("vector", "g2rl_v2", "baseline2", "Margin", "a_sigma2", "a_seed4"):
        assert paths.Run.parse(Run(0, 0, 3, other=name).name) == Run(0, 0, 3, other=name)
    with pytest.raises(InputError, match="constant: no run's folder"):
        paths.Run.parse("constant")


def write_runs(folder: Path, variants: dict[str, dict[int, list[pd.DataFrame]]]) -> list[Path]:
    """The ``predictions.csv`` of runs by their folder's name up to its seed."""
    paths = []
    for name, seeds in variants.items():
        for seed, folds in seeds.items():
            for number, table in enumerate(folds, 1):
                paths.append(folder / f"synthetic_a/{name}_seed{seed}/fold{number}/predictions.csv")
                paths[-1].parent.mkdir(parents=True, exist_ok=True)
                write_predictions(paths[-1], table)
    return paths


def test_table_markdown_and_figure(tmp_path):
    g2rl = "g2rl_sigma2_lambda0.05"
    variants = {"baseline_sigma2": runs(1.5), g2rl: runs(1.5), f"{g2rl}_better": runs(0.5)}
    paths = write_runs(tmp_path, variants)
    report_ablations.write_ablations(paths, {"better": "g2rl"}, tmp_path / "ablations", 50)
    table = pd.read_csv(tmp_path / "ablations.csv")
    assert list(table) == ["dataset", "variant", "metric", "mean", "difference", "ci_low", "ci_high", "seeds"]
    assert set(table["variant"]) == {"baseline", "g2rl", "better"}
    text = (tmp_path / "ablations.md").read_text()
    assert "rendered faces" in text
    assert "on test subjects" in text
    (row,) = [line for line in text.splitlines() if line.startswith("| better")]
    assert "| g2rl |" in row
    assert "**+0." in row
    assert "| baseline | – |" in text
    assert "[+0.000, +0.000]" in text  # g2rl is the Baseline here
    assert (tmp_path / "ablations.png").stat().st_size > 1000
    with pytest.raises(InputError, match="compared with nobody"):
        report_ablations.write_ablations(paths, {"g2rl": "nobody"}, tmp_path / "ablations")


def test_results_are_read_by_variant_and_seed_and_folds_in_their_order(tmp_path):
    paths = write_runs(tmp_path, {"baseline_sigma2": runs(1.0, 2)})
    results, held_out = ablations.read_ablation_results(paths[::-1])
    assert not held_out
    assert list(results) == ["synthetic_a"]
    seeds = results["synthetic_a"]["baseline"]
    assert set(seeds) == {0, 1}
    assert ["".join(t["subject"].unique()) for t in seeds[1]] == ["abcd", "efgh"]
    validation = tmp_path / "synthetic_a/baseline_sigma2_seed0/fold1v/predictions.csv"
    validation.parent.mkdir()
    write_predictions(validation, predictions(1.0, 0))
    assert ablations.read_ablation_results([validation])[1]
    with pytest.raises(InputError, match="give one kind"):
        ablations.read_ablation_results([*paths, validation])


def test_two_settings_of_one_variant_are_not_mixed(tmp_path, capsys, monkeypatch):
    runs = ("g2rl_sigma1_lambda0.05_seed0", "g2rl_sigma2_lambda0.05_seed1")
    paths = [tmp_path / f"a/{run}/fold1/predictions.csv" for run in runs]
    for path in paths:
        path.parent.mkdir(parents=True)
        predictions(1.0, 0).to_csv(path, index=False)
    for given, reason in (
        (paths, r"(2.0, 0.05), other runs of g2rl have (1.0, 0.05)"),
        (paths[:1] * 2, "given twice"),
    ):
        assert main(["ablations", *map(str, given), "-o", str(tmp_path / "out.csv")]) == 2
        assert reason in capsys.readouterr().err
    monkeypatch.chdir(paths[0].parents[2])  # the dataset's folder: its name is not in the arguments
    run = str(paths[0].relative_to(paths[0].parents[2]))
    assert main(["ablations", run, "--against", "g2rl=g2rl", "--resamples", "9", "-o", "out.csv"]) == 0
    assert set(pd.read_csv("out.csv")["dataset"]) == {"a"}


def history(last: float) -> list[dict[str, float]]:
    row = {"epoch": 0, "loss": 5.0, "loss_S": 1.0, "loss_G": 10.0, "norm_WM": 1.0, "lr": 0.1}
    row |= {"var_G": 0.2, "norm_G": 1.0, "rank_G": 20.0, "norm_W": 9.0, "grad_S": 2.0, "grad_G": 40.0}
    return [row, row | {"epoch": 1, "var_G": last, "grad_G": 0.4}]


def test_what_the_guidance_does_is_tabulated(tmp_path):
    def write(run: str, rows: list[dict[str, float]]) -> Path:
        path = tmp_path / f"synthetic_a/{run}/fold1/history.csv"
        write_history(path, rows)
        return path

    histories = [
        write("g2rl_sigma2_lambda0.5_seed0", history(0.001)),
        write("g2rl_sigma2_lambda0.5_seed1", history(0.003)),
        write("g2rl_sigma2_lambda0.05_detached_seed0", history(0.4)),
    ]
    table = ablations.guidance_table(histories)
    assert table["training"].tolist() == ["λ = 0.5, G2RL"] * 2 + ["λ = 0.05, detached"] * 2
    assert table["var_G"].tolist() == pytest.approx([0.2, 0.002, 0.2, 0.4])
    assert table["pull"].tolist() == pytest.approx([20, 0.2, 0.05 * 40 / 0.95 / 2, 0.05 * 0.4 / 0.95 / 2])
    assert table["runs"].tolist() == [2, 2, 1, 1]
    for run, reason in (
        ("baseline_sigma2_seed0", "without guidance"),
        ("g2rl_sigma1_lambda0.5_seed0", "σ = 2 and 1 would be averaged"),
    ):
        with pytest.raises(InputError, match=reason):
            ablations.guidance_table([*histories, write(run, history(0.1))])
    report_ablations.write_guidance(histories, tmp_path / "guidance")
    text = (tmp_path / "guidance.md").read_text()
    assert "| collapsed | 2 |" in text
    assert "| still varies | 1 |" in text
    assert (tmp_path / "guidance.png").stat().st_size > 1000
