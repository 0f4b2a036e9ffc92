"""A few kills of the harness that ``make torture`` runs at length."""

from torture import table, torture


def test_killed_runs_end_in_the_same_bytes(tmp_path):
    hits, bad = torture(tmp_path, 10, 0, "results/synthetic_bp4d/g2rl_sigma2_lambda0.05_seed0/metrics.csv")
    assert hits.total() == 10, table(hits)
    assert not bad
