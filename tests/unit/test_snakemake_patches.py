"""Snakemake's patches: off unless asked for, and a Snakemake without what they patch is left as it is."""

import gc

import pytest
import snakemake.common
import snakemake.jobs
import snakemake.rules

from g2rl.workflow.snakemake_patches import SWITCH, apply_patches


@pytest.fixture(autouse=True)
def restored(monkeypatch):
    for module in (snakemake.rules, snakemake.common):
        monkeypatch.setattr(module, "get_function_params", module.get_function_params)
    monkeypatch.setattr(snakemake.jobs.Job, "shellcmd", snakemake.jobs.Job.shellcmd)
    monkeypatch.setenv(SWITCH, "1")
    threshold = gc.get_threshold()
    yield
    gc.set_threshold(*threshold)


def patched() -> tuple:
    return snakemake.rules.get_function_params, snakemake.jobs.Job.shellcmd, gc.get_threshold()


def test_they_are_off_by_default(monkeypatch):
    monkeypatch.delenv(SWITCH)
    before = patched()
    assert not apply_patches()
    assert patched() == before


def test_a_snakemake_without_these_names_is_left_as_it_is(monkeypatch):
    monkeypatch.delattr(snakemake.rules, "get_function_params")
    monkeypatch.delattr(snakemake.jobs.Job, "shellcmd")
    assert apply_patches()
    assert not hasattr(snakemake.rules, "get_function_params")
    assert not hasattr(snakemake.jobs.Job, "shellcmd")


def test_signatures_and_commands_are_kept():
    before = patched()
    assert apply_patches()
    assert all(new != old for new, old in zip(patched(), before, strict=True))
    params = snakemake.rules.get_function_params
    assert params is snakemake.common.get_function_params
    assert params(apply_patches) is params(apply_patches)
