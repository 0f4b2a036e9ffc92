"""The study's store of sums: the same differences as from the predictions, whatever machine trained what."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from g2rl.errors import InputError
from g2rl.evaluation.comparison import compare
from g2rl.io.tables import write_csv
from g2rl.network import controls
from g2rl.paths import Run
from g2rl.training.data import load_faces
from tests.factories import CPU, SMALL, make_sequence

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))
import axes
import hard_faces
import hidden_codes
import study

EPOCHS = 2
VARIANTS = {"baseline": (0.0, ""), "g2rl": (0.05, ""), "shuffled": (0.05, "shuffled")}


def predictions(rng, shift):
    subject, frame = np.repeat(["F1", "F2", "M1"], 30), np.tile(np.arange(30), 3)
    rows = {"subject": subject, "sequence": subject, "frame": frame}
    truth = {au: np.random.default_rng(au).integers(0, 6, 90) for au in (6, 12)}
    for au, true in truth.items():
        rows[f"AU{au:02d}_true"] = true
        rows[f"AU{au:02d}_pred"] = np.clip(true + shift + rng.normal(0, 1, 90), 0, 5).round(3)
    return pd.DataFrame(rows)


def write(root, name, seed, fold=1, epochs=EPOCHS):
    """One training's predictions and history, in a results folder."""
    lam, variant = VARIANTS[name]
    folder = root / "synthetic_bp4d" / Run(2, lam, seed, variant).name / f"fold{fold}"
    folder.mkdir(parents=True)
    rng = np.random.default_rng([seed, *str(fold).encode(), *name.encode()])
    table = predictions(rng, 0.1 * len(name) / 8)
    write_csv(folder / "predictions.csv", table)
    write_csv(folder / "history.csv", pd.DataFrame({"epoch": range(epochs + 1)}))
    return table


def asked(seeds):
    return {
        study.Asked("synthetic_bp4d", name, Run(2, lam, seed, variant), 1, EPOCHS)
        for name, (lam, variant) in VARIANTS.items()
        for seed in seeds
    }


def test_differences_are_those_of_the_predictions(tmp_path):
    tables = {name: {s: [write(tmp_path, name, s)] for s in range(3)} for name in VARIANTS}
    sums = study.collect(tmp_path, asked(range(3)))
    found = study.differences(sums, [("g2rl", "shuffled"), ("g2rl", "baseline")])
    for row in found.itertuples():
        expected = compare(tables[row.variant], tables[row.less]).set_index("metric").loc[row.metric]
        assert row.seeds == 3
        assert row.difference == pytest.approx(expected["difference"])
        assert (row.ci_low, row.ci_high) == pytest.approx((expected["ci_low"], expected["ci_high"]))
        assert row.t_low < row.difference < row.t_high
    # Holm's correction leaves the primary difference and a single other one as they are.
    assert (found["p_holm"] == found["p"]).all()


def test_trainings_of_two_machines_add_up_and_a_repeated_one_counts_once(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    for name in VARIANTS:
        write(here, name, 0)
        write(here, name, 1)
        write(there, name, 1)
        write(there, name, 2)
    mine, theirs = (study.collect(each, asked(range(3))) for each in (here, there))
    merged = study.merge(mine, theirs)
    assert len(merged) == 9 * 3 * 2  # trainings, subjects, AUs
    assert sorted(study.trainings(merged)["seed"].unique()) == [0, 1, 2]


def test_a_seed_without_one_of_its_folds_is_left_out(tmp_path):
    for fold in (1, 2):
        write(tmp_path, "baseline", 0, fold)
    write(tmp_path, "baseline", 1, 1)
    sums = study.collect(tmp_path, asked(range(2)))
    assert set(study.complete(sums)["seed"]) == {0}


def test_trainings_of_another_length_are_refused_and_other_runs_passed_over(tmp_path):
    write(tmp_path, "baseline", 0, epochs=EPOCHS + 1)
    with pytest.raises(InputError, match="other than 2 epochs"):
        study.collect(tmp_path, asked([0]))
    write(tmp_path, "baseline", 5)
    write(tmp_path, "g2rl", 1)
    assert set(study.collect(tmp_path, asked([1]))["seed"]) == {1}


def test_held_out_training_subjects_are_told_from_test_subjects(tmp_path):
    write(tmp_path, "g2rl", 0)
    write(tmp_path, "g2rl", 1, fold="1v")
    seeds = {
        folder: study.collect(tmp_path, asked(range(2)), folder)["seed"].unique().tolist()
        for folder in (study.TEST, study.VALIDATION)
    }
    assert seeds == {study.TEST: [0], study.VALIDATION: [1]}


def test_each_axis_has_its_own_three_variants():
    rows = [
        {"dataset": dataset, "variant": variant, "seed": 0}
        for dataset, variants in axes.AXES.values()
        for variant in variants
    ]
    found = axes.by_axis(pd.DataFrame(rows).drop_duplicates())
    for name in axes.AXES:
        assert found.loc[found["dataset"] == name, "variant"].tolist() == list(axes.SIDES)


def test_hidden_codes_are_seen_by_the_positive_control_alone():
    sequences = [make_sequence(name) for name in ("F001", "F002")]
    plain = load_faces(sequences, 32, CPU).intensity
    hidden = hidden_codes.load_hidden(sequences, 32, CPU, {"F002"}).intensity
    first = len(sequences[0].frame)
    assert torch.equal(hidden[:first], plain[:first])
    assert (hidden[first:] < 0).all()
    assert (plain[first:] >= 0).any()
    settings = replace(SMALL, geometry="intensities")
    seen = [
        guide(torch.zeros(1), each, settings)
        for guide, each in ((hidden_codes.guide, hidden), (controls.guide, plain))
    ]
    assert torch.equal(*seen)


def test_subjects_without_codes_are_of_the_training_part():
    names = [f"F{n:03}" for n in range(1, 13)]
    plan = SimpleNamespace(
        sequences={name: SimpleNamespace(subject=name) for name in names}, train=lambda fold: names[:10]
    )
    hidden = hard_faces.uncoded_subjects(plan)
    assert set(hidden) < set(names[:10])
    assert len(hidden) == 10 - hard_faces.CODED


def test_an_axis_with_a_diverged_training_is_shown_without_its_seed_too(tmp_path):
    for name in VARIANTS:
        for seed in range(3):
            write(tmp_path, name, seed)
    sums = study.collect(tmp_path, asked(range(3)))
    lost = (sums["variant"] == "g2rl") & (sums["seed"] == 1)
    sums.loc[lost, ["p", "pp", "tp"]] = 0  # it predicts 0
    sums["dataset"] = "noise"
    assert axes.without_diverged(sums[~lost]).empty
    kept = axes.without_diverged(sums)
    assert set(kept["dataset"]) == {"noise, without seed 1"}
    assert set(kept["seed"]) == {0, 2}
    assert set(kept["variant"]) == set(VARIANTS)


@pytest.mark.parametrize("name", ["study", "axes", "tuning"])
def test_each_training_of_a_configuration_is_asked_for_once(name):
    every, pairs = study.trainings_of(name)
    assert len({(one.dataset, one.run, one.fold) for one in every}) == len(every)
    assert pairs[0] == study.PRIMARY
    assert {one.epochs for one in every} == ({24, 84} if name == "axes" else {24})
