"""Planning in haste, on a Snakemake that lacks what it hastens: as slow as that, and no error."""

import gc

import pytest
import snakemake.common
import snakemake.jobs
import snakemake.rules

from g2rl.workflow.snakemake_patches import apply_patches, reenable_gc


@pytest.fixture(autouse=True)
def eased():
    yield
    reenable_gc()
    assert gc.isenabled()


def test_a_snakemake_without_these_names_is_left_as_it_is(monkeypatch):
    monkeypatch.delattr(snakemake.rules, "get_function_params")
    monkeypatch.delattr(snakemake.jobs.Job, "shellcmd")
    apply_patches()
    assert not gc.isenabled()
    assert not hasattr(snakemake.rules, "get_function_params")
    assert not hasattr(snakemake.jobs.Job, "shellcmd")


def test_signatures_and_commands_are_remembered(monkeypatch):
    for module in (snakemake.rules, snakemake.common):
        monkeypatch.setattr(module, "get_function_params", module.get_function_params)
    monkeypatch.setattr(snakemake.jobs.Job, "shellcmd", snakemake.jobs.Job.shellcmd)
    before = snakemake.jobs.Job.shellcmd
    apply_patches()
    assert snakemake.jobs.Job.shellcmd is not before
    params = snakemake.rules.get_function_params
    assert params is snakemake.common.get_function_params
    assert params(apply_patches) is params(apply_patches)
