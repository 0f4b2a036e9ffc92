"""The paper's claims: planted differences are found, single trainings decide nothing."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from g2rl.errors import InputError
from g2rl.evaluation.claims import CLAIMS, FAILS, HOLDS, NOT_MEASURED, UNDECIDED, claims_table, read_runs
from g2rl.evaluation.metrics import icc31
from g2rl.inference.predictions import read_predictions, write_predictions
from g2rl.paths import Run
from g2rl.report.claims import claims_markdown

AUS = ("AU06", "AU12", "AU17", "AU25")
SEEDS = range(3)


def predictions(noise: float, seed: int, subjects: str) -> pd.DataFrame:
    """Thirty frames per subject; AU by AU higher intensities are more frequent."""
    parts = []
    for subject in subjects:
        random = np.random.default_rng(ord(subject))
        truth = np.stack([random.binomial(5, 0.2 + 0.15 * k, 30) for k in range(len(AUS))], 1).astype(float)
        errors = np.random.default_rng([ord(subject), seed]).normal(size=truth.shape)
        part = pd.DataFrame({"subject": subject, "sequence": f"{subject}_T1", "frame": np.arange(30)})
        for k, au in enumerate(AUS):
            part[f"{au}_true"] = truth[:, k]
            part[f"{au}_pred"] = (truth[:, k] + noise * errors[:, k]).clip(0, 5)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def runs(noises: dict[tuple[float, float], float], seeds=SEEDS) -> dict[Run, list[pd.DataFrame]]:
    """By (σ, λ), how noisy the predictions are; two folds."""
    return {
        Run(*key, seed): [predictions(noise, seed, part) for part in ("abcdef", "ghijkl")]
        for key, noise in noises.items()
        for seed in seeds
    }


def verdicts(noises: dict[tuple[float, float], float], seeds=SEEDS) -> pd.DataFrame:
    table = claims_table({"disfa": runs(noises, seeds)}, {"disfa": (10, 10)}, 2, 0.05, 200)
    assert list(table["claim"]) == [claim.text for claim in CLAIMS]
    return table.set_index("claim")


TEXTS = [claim.text for claim in CLAIMS]
BETTER = [text for text in TEXTS if text.startswith("G2RL is better than the Baseline")]
BEST, SHAPE, SIGMA = (
    next(text for text in TEXTS if word in text) for word in ("best of", "rises", "insensitive")
)
FREQUENT, SIZE = (next(text for text in TEXTS if word in text) for word in ("high intensities", "parameters"))


@pytest.mark.parametrize(("guided", "expected"), [(0.5, HOLDS), (1.5, FAILS), (1.0, UNDECIDED)])
def test_better_than_the_baseline(guided, expected):
    found = verdicts({(2, 0): 1.0, (2, 0.05): guided})
    assert set(found.loc[BETTER, "verdict"]) == {expected}
    sign = {HOLDS: 1, FAILS: -1, UNDECIDED: 0}[expected]
    assert (np.sign(found.loc[BETTER, "value"]) == sign).all()


def test_single_trainings_decide_nothing_between_trainings():
    noises = {(2, 0): 1.5, (2, 0.05): 0.5, (2, 0.5): 1.5, (2, 0.005): 1.5, (1, 0.05): 1.5}
    found = verdicts(noises, seeds=range(2))
    assert set(found.loc[[*BETTER, BEST, SHAPE, SIGMA], "verdict"]) == {UNDECIDED}
    assert found.loc[SIZE, "verdict"] == HOLDS


def test_sweep_over_lambda():
    peaked = verdicts({(2, 0.05): 0.5, (2, 0.005): 1, (2, 0.5): 2})
    assert peaked.loc[BEST, "verdict"] == peaked.loc[SHAPE, "verdict"] == HOLDS
    falling = verdicts({(2, 0.05): 1, (2, 0.005): 0.5, (2, 0.5): 2})
    assert falling.loc[BEST, "verdict"] == falling.loc[SHAPE, "verdict"] == FAILS
    assert "λ = 0.005" in falling.loc[BEST, "measured"]


def test_sweep_over_sigma():
    assert verdicts({(2, 0.05): 0.5, (1, 0.05): 0.5})[["verdict"]].loc[SIGMA].item() == HOLDS
    found = verdicts({(2, 0.05): 0.5, (1, 0.05): 1.5, (2.236, 0.05): 0.5}).loc[SIGMA]
    assert found["verdict"] == FAILS
    assert "σ = 1:" in found["measured"]
    assert found["ci_low"] < found["value"] < found["ci_high"] < 0


def test_frequent_aus_against_scipy():
    noises = {(2, 0.05): 1.0}
    found = verdicts(noises).loc[FREQUENT]
    pooled = [pd.concat(folds) for folds in runs(noises).values()]
    true = pooled[0][[f"{au}_true" for au in AUS]].to_numpy()
    icc = np.mean([icc31(true, table[[f"{au}_pred" for au in AUS]].to_numpy()) for table in pooled], 0)
    assert found["value"] == pytest.approx(spearmanr(icc, (true >= 3).mean(0)).statistic)
    assert found["ci_low"] <= found["value"] <= found["ci_high"]


def test_what_was_not_run_is_not_measured():
    found = verdicts({(2, 0): 1.0})
    assert set(found.drop(index=SIZE)["verdict"]) == {NOT_MEASURED}
    assert verdicts({(2, 0): 1.0, (2, 0.05): 0.5}).loc[[BEST, SHAPE, SIGMA], "verdict"].eq(NOT_MEASURED).all()


def test_more_parameters_are_seen():
    table = claims_table({"disfa": runs({(2, 0): 1.0})}, {"disfa": (10, 12)}, 2, 0.05, 0).set_index("claim")
    assert (table.loc[SIZE, "verdict"], table.loc[SIZE, "value"]) == (FAILS, 2)


def test_files_and_page(tmp_path):
    paths = []
    for run, folds in runs({(2, 0): 1.0, (2, 0.05): 0.5}).items():
        for fold, table in enumerate(folds, 1):
            paths.append(tmp_path / f"synthetic_disfa/{run.name}/fold{fold}/predictions.csv")
            write_predictions(paths[-1], table)
    table = claims_table(read_runs(paths), {}, 2, 0.05, 50)
    page = claims_markdown(table, "some_net, epochs: 24")
    assert "rendered faces: says nothing about real ones" in page
    assert "some\\_net" in page
    assert page.count("**not measured here**") == table["verdict"].eq(NOT_MEASURED).sum() > 0
    rounded = next(iter(read_runs(paths[:1], rounded=True)["synthetic_disfa"].values()))[0].filter(
        like="_pred"
    )
    pd.testing.assert_frame_equal(rounded, read_predictions(paths[0]).filter(like="_pred").round())
    assert "Predictions are rounded." in claims_markdown(table, rounded=True)
    with pytest.raises(InputError, match=r"fold1/predictions.csv: expected each test fold of a run once"):
        read_runs([paths[0], paths[0]])


def test_a_wide_interval_over_sigma_decides_nothing():
    """Few frames: the interval reaches beyond the tolerance on both sides."""
    found = {}
    for sigma, noise in ((2, 1.0), (1, 1.0001)):
        for seed in SEEDS:
            table = predictions(noise, 10 * seed + sigma, "abc").groupby("subject").head(4)
            found[Run(sigma, 0.05, seed)] = [table]
    row = claims_table({"disfa": found}, {}, 2, 0.05, 200).set_index("claim").loc[SIGMA]
    assert row["ci_low"] < -0.02 < 0.02 < row["ci_high"]
    assert row["verdict"] == UNDECIDED


def test_single_subjects_decide_nothing():
    noises = {(2, 0): 1.5, (2, 0.05): 0.5}
    found = {
        Run(*key, seed): [predictions(noise, seed, part) for part in "ab"]
        for key, noise in noises.items()
        for seed in SEEDS
    }
    table = claims_table({"mine": found}, {}, 2, 0.05, 50).set_index("claim")
    assert set(table.loc[[*BETTER, FREQUENT], "verdict"]) == {UNDECIDED}
    assert not table["measured"].str.contains("nan").any()


def test_runs_without_a_shared_seed_are_not_compared():
    found = runs({(2, 0.05): 0.5}, range(3)) | runs({(2, 0.5): 1.5}, range(3, 6))
    table = claims_table({"disfa": found}, {}, 2, 0.05, 50).set_index("claim")
    assert table.loc[BEST, "verdict"] == NOT_MEASURED
    unequal = {
        run: tables[: 1 + (not run.lambda_)] for run, tables in runs({(2, 0): 1, (2, 0.05): 1}).items()
    }
    with pytest.raises(InputError, match="differ in their number of folds"):
        claims_table({"disfa": unequal}, {}, 2, 0.05, 0)
