"""A few kills of the harness that ``make torture`` runs at length."""

from torture import table, torture


def test_killed_runs_end_in_the_same_bytes(tmp_path):
    hits, bad = torture(tmp_path, 3, 0)
    assert hits.total() == 3, table(hits)
    assert not bad
