"""A few kills of the harness that ``make torture`` runs at length."""

from torture import table, torture


def test_killed_runs_end_in_the_same_bytes(tmp_path):
    hits, bad = torture(tmp_path, 5, 0)
    assert hits.total() == 5, table(hits)
    assert not bad
