"""The measures against pingouin and plain loops; the intervals; bad prediction files."""

import time

import numpy as np
import pandas as pd
import pingouin
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from g2rl.errors import InputError
from g2rl.evaluation.metrics import (
    COLUMNS,
    METRICS,
    evaluate,
    evaluate_parts,
    frame_sums,
    icc31,
    measures,
    read_metrics,
    write_metrics,
)
from tests.tables import AUS, make_predictions


def pingouin_icc3(true, pred):
    coded = ~np.isnan(true)
    long = pd.DataFrame(
        {
            "frame": np.tile(np.arange(coded.sum()), 2),
            "rater": np.repeat(["true", "pred"], coded.sum()),
            "intensity": np.concatenate([true[coded], pred[coded]]),
        }
    )
    table = pingouin.intraclass_corr(long, "frame", "rater", "intensity").set_index("Type")
    return table.loc["ICC(C,1)", "ICC"]  # ICC3 in Shrout & Fleiss's names


def test_icc_equals_pingouin():
    table = make_predictions(["a", "b", "c"])
    true, pred = table.filter(like="_true").to_numpy(), table.filter(like="_pred").to_numpy()
    ours = icc31(true, pred)
    assert ours.shape == (3,)
    for k in range(3):
        assert ours[k] == pytest.approx(pingouin_icc3(true[:, k], pred[:, k]), abs=1e-9)
        assert icc31(true[:, k], pred[:, k]) == ours[k]


@settings(max_examples=60, deadline=None)
@given(
    hnp.arrays(float, st.tuples(st.integers(2, 30), st.just(2)), elements=st.integers(0, 5)),
    st.floats(-2, 2),
)
def test_icc_is_the_mean_squares_of_its_definition(ratings, offset):
    true, pred = ratings.T
    n, k = ratings.shape
    rows, columns, grand = ratings.mean(1), ratings.mean(0), ratings.mean()
    msr = k * ((rows - grand) ** 2).sum() / (n - 1)
    mse = ((ratings - rows[:, None] - columns + grand) ** 2).sum() / ((n - 1) * (k - 1))
    if msr + mse > 1e-9:
        assert icc31(true, pred) == pytest.approx((msr - mse) / (msr + (k - 1) * mse), abs=1e-9)
        assert icc31(true, pred + offset) == pytest.approx(icc31(true, pred), abs=1e-9)  # consistency
    else:
        assert np.isnan(icc31(true, pred))


def test_degenerate_cases_are_defined():
    def mae(true, pred):
        return measures(frame_sums(true, pred).sum(1))["MAE"]

    varied, constant = np.array([0.0, 1, 2, 5]), np.full(4, 1.7)
    assert icc31(constant, varied) == 0
    assert icc31(varied, constant) == 0
    assert np.isnan(icc31(np.full(4, 3.0), constant))
    assert np.isnan(icc31(np.full(4, np.nan), varied))
    assert np.isnan(icc31(np.empty((0, 2)), np.empty((0, 2)))).all()
    assert np.isnan(mae(np.full(4, np.nan), varied))
    assert icc31(varied, varied) == pytest.approx(1)
    assert mae(np.array([0, np.nan, 4]), np.array([1, 9, 1.5])) == pytest.approx(1.75)


def test_pooled_and_fold_mean():
    folds = [make_predictions(["a", "b"], seed=1), make_predictions(["c", "d", "e"], seed=2, noise=0.3)]
    result = evaluate(folds).set_index(["aggregation", "metric", "au"])["value"].sort_index()
    together = pd.concat(folds)
    for au in AUS:
        pairs = [(t[f"{au}_true"].to_numpy(), t[f"{au}_pred"].to_numpy()) for t in (together, *folds)]
        pooled, *each = [pingouin_icc3(*pair) for pair in pairs]
        assert result["pooled", "ICC", au] == pytest.approx(pooled, abs=1e-9)
        assert result["fold_mean", "ICC", au] == pytest.approx(np.mean(each), abs=1e-9)
        coded = [(t[~np.isnan(t)], p[~np.isnan(t)]) for t, p in pairs]
        pooled, *each = [np.abs(t - p).mean() for t, p in coded]
        assert result["pooled", "MAE", au] == pytest.approx(pooled)
        assert result["fold_mean", "MAE", au] == pytest.approx(np.mean(each))
        t, p = coded[0]
        assert result["pooled", "PCC", au] == pytest.approx(np.corrcoef(t, p)[0, 1])
        assert result["pooled", "MSE", au] == pytest.approx(((t - p) ** 2).mean())
    for aggregation in ("pooled", "fold_mean"):
        for metric in METRICS:
            values = result[aggregation, metric]
            assert values["avg"] == pytest.approx(values[list(AUS)].mean())


def test_rounded_predictions_are_those_measured():
    table = make_predictions(["a", "b", "c"])
    rounded = table.copy()
    rounded[[name for name in table if name.endswith("_pred")]] = table.filter(like="_pred").round()
    found, plain = (evaluate([table], resamples=20, rounded=choice) for choice in (True, False))
    pd.testing.assert_frame_equal(found, evaluate([rounded], resamples=20))
    assert not np.allclose(found["value"], plain["value"])


def test_the_interval_is_a_bootstrap_over_subjects():
    """The same resamples, done the long way: gather each drawn subject's frames and measure them."""
    folds = [make_predictions(list("abc"), 20, seed=3), make_predictions(list("defg"), 20, seed=4)]
    result = evaluate(folds, resamples=50, seed=7).set_index(["aggregation", "metric", "au"])
    rng = np.random.default_rng(7)
    draws = [rng.multinomial(n, np.full(n, 1 / n), size=50) for n in (3, 4)]
    averages = []
    for i in range(50):
        frames = [
            table[table["subject"] == subject]
            for table, weights in zip(folds, draws, strict=True)
            for subject, weight in zip(sorted(table["subject"].unique()), weights[i], strict=True)
            for _ in range(weight)
        ]
        frames = pd.concat(frames)
        averages.append(icc31(frames.filter(like="_true").to_numpy(), frames.filter(like="_pred").to_numpy()))
    low, high = np.percentile(np.mean(averages, 1), [2.5, 97.5])
    row = result.loc[("pooled", "ICC", "avg")]
    assert (row["ci_low"], row["ci_high"]) == (pytest.approx(low), pytest.approx(high))
    pd.testing.assert_frame_equal(result, evaluate(folds, 50, 7).set_index(["aggregation", "metric", "au"]))


def test_row_order_and_subject_names_do_not_matter():
    table = make_predictions(list("abcd"))
    shuffled = table.sample(frac=1, random_state=1).reset_index(drop=True)
    pd.testing.assert_frame_equal(evaluate([table]), evaluate([shuffled]))


def test_without_resamples_there_are_values_and_no_intervals():
    folds = [make_predictions(["F002", "F004"])]
    none, some = evaluate(folds, 0), evaluate(folds, 5)
    pd.testing.assert_series_equal(none["value"], some["value"])
    assert none[["ci_low", "ci_high"]].isna().all(axis=None)
    assert some["ci_low"].notna().all()


def test_one_subject_has_no_interval_and_an_uncoded_au_no_value():
    table = make_predictions(["a"])
    table["AU06_true"] = np.nan
    result = evaluate([table]).set_index(["aggregation", "metric", "au"])
    assert result[["ci_low", "ci_high"]].isna().all(axis=None)
    icc = result["value"].sort_index()["pooled", "ICC"]
    assert np.isnan(icc["AU06"])
    assert icc["AU12"] > 0
    assert icc["avg"] == pytest.approx((icc["AU01"] + icc["AU12"]) / 2)  # of those defined, and how many
    assert result["aus"].sort_index()["pooled", "ICC"].to_dict() == {
        "AU01": 1,
        "AU06": 0,
        "AU12": 1,
        "avg": 2,
    }


def test_ccc_f1_and_kappa_are_those_of_their_definitions():
    """Against Lin's formula, and scikit-learn on the rounded predictions."""
    from sklearn.metrics import cohen_kappa_score, f1_score

    folds = [make_predictions(list("ab"), seed=1), make_predictions(list("cd"), seed=2)]
    result = evaluate(folds, 0).query("aggregation == 'pooled'").set_index(["metric", "au"])["value"]
    table = pd.concat(folds)
    for au in AUS:
        pair = table[[f"{au}_true", f"{au}_pred"]].dropna()
        t, p = pair.to_numpy().T
        ccc = 2 * np.cov(t, p, ddof=0)[0, 1] / (t.var() + p.var() + (t.mean() - p.mean()) ** 2)
        assert result["CCC", au] == pytest.approx(ccc)
        assert result["F1", au] == pytest.approx(f1_score(t >= 2, p.round() >= 2))
        kappa = cohen_kappa_score(t.astype(int), p.round().astype(int), weights="quadratic")
        assert result["kappa", au] == pytest.approx(kappa)


def test_subjects_and_folds_alone_are_measured_as_runs_of_their_own():
    folds = {"1": make_predictions(list("ab"), seed=1), "2": make_predictions(list("cd"), seed=2)}
    parts = evaluate_parts(folds).set_index(["part", "name", "metric", "au"])
    together = pd.concat(folds.values())
    for part, name in (("fold", "2"), ("subject", "c")):
        table = folds[name] if part == "fold" else together[together["subject"] == name]
        alone = evaluate([table], 0).query("aggregation == 'pooled'").set_index(["metric", "au"])["value"]
        for key, value in alone.items():
            assert parts.loc[(part, name, *key), "value"] == pytest.approx(value, nan_ok=True)
    coded = int(folds["2"]["AU06_true"].notna().sum())
    assert parts.loc[("fold", "2", "ICC", "AU06"), "frames"] == coded
    assert set(parts.xs("subject").index.unique("name")) == set("abcd")


def test_it_is_fast_enough_for_disfa():
    subjects = [f"SN{i:03d}" for i in range(27)]
    aus = [f"AU{i:02d}" for i in range(12)]
    folds = [make_predictions(subjects[i::3], 4845, aus, seed=i) for i in range(3)]
    start = time.perf_counter()
    evaluate(folds)
    assert time.perf_counter() - start < 3  # 0.6 s alone on one core


def test_subjects_in_two_folds_and_other_aus_are_refused():
    table = make_predictions(["a", "b"])
    with pytest.raises(InputError, match=r"subjects \['a', 'b'\]"):
        evaluate([table, table])
    with pytest.raises(InputError, match="share their AUs"):
        evaluate([table, make_predictions(["c"], aus=("AU02",))])
    with pytest.raises(InputError, match="no predictions"):
        evaluate([])


def test_measures_survive_the_file(tmp_path):
    table = evaluate([make_predictions(list("abcd"))], 20)
    write_metrics(tmp_path / "metrics.csv", table)
    back = read_metrics(tmp_path / "metrics.csv")
    assert list(back) == list(table) == COLUMNS
    pd.testing.assert_frame_equal(back, table, check_dtype=False, atol=5e-7, rtol=0)
    (tmp_path / "metrics.csv").write_text("au,value\nAU06,1\n")
    with pytest.raises(InputError, match=r"metrics\.csv: columns au,value, expected au,metric"):
        read_metrics(tmp_path / "metrics.csv")
