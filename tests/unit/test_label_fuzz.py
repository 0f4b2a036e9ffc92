"""Generated label files and sheets, whole and damaged: right, or one line; never a traceback."""

import os

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.label_fuzz import verify, verify_range

CASES = int(os.environ.get("G2RL_FUZZ", "100000"))  # of the long run; make fuzz


@settings(max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**40))
@example(0)
def test_generated_case(tmp_path, case):
    verify(case, tmp_path)


@pytest.mark.slow
def test_many_generated_cases():
    counts = verify_range(0, CASES)
    assert counts["right"] > CASES // 3
    assert counts["refused"] > CASES // 3
