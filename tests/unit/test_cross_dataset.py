"""Across datasets: the shared AUs' columns, each network's own values, and nothing else."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.evaluation.cross_dataset import CrossResult, cross_results, predict_shared, shared_aus, within
from g2rl.evaluation.metrics import evaluate
from g2rl.inference.predictor import predict_sequence
from g2rl.network.model import HeatmapNet
from g2rl.network.model_file import Model
from g2rl.report.cross_dataset import cross_markdown, write_cross_table
from g2rl.training.targets import Targets
from tests.factories import CPU, make_sequence

SETTINGS = Settings(
    backbone="test_resnet.r160_in1k", image_size=64, channels=(8, 8, 8), precision="fp32", centres="default"
)


def model(aus, seed=0):
    torch.manual_seed(seed)
    points = Targets(aus, SETTINGS, CPU).point_au
    net = HeatmapNet(SETTINGS.backbone, len(points), SETTINGS.channels).eval()
    with torch.no_grad():
        net.head.weight.normal_(std=0.05)
    return Model(net=net, aus=aus, settings=SETTINGS, point_au=points, device=CPU)


def coded(aus, subject):
    """The same faces whoever the subject is, coded for some AUs."""
    sequence = make_sequence("F001", aus=aus)
    return replace(sequence, subject=subject, sequence=f"{subject}_T1")


def test_shared_aus_are_the_columns_of_both():
    network, sequence = model((4, 6, 12, 17)), coded((17, 6, 10), "F002")
    table = predict_shared(network, [sequence])
    assert [name for name in table if "AU" in name] == ["AU06_true", "AU06_pred", "AU17_true", "AU17_pred"]
    every = predict_sequence(network, sequence)
    np.testing.assert_array_equal(table["AU06_pred"], every[:, 1])
    np.testing.assert_array_equal(table["AU17_pred"], every[:, 3])
    true = sequence.intensity[:, 0].astype(float)
    np.testing.assert_array_equal(
        table["AU17_true"].astype(float).to_numpy(), np.where(true < 0, np.nan, true)
    )
    assert shared_aus((6, 10, 12, 14, 17), (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)) == (6, 12, 17)


def test_no_shared_au_is_named():
    with pytest.raises(InputError, match=r"the network knows AUs \(4,\), F002_T1 is coded for \(6, 12\)"):
        predict_shared(model((4,)), [coded((6, 12), "F002")])


def test_subjects_that_the_network_was_trained_on_are_left_out():
    """As where its training started from the other dataset's network."""
    network = replace(model((6, 12)), subjects=frozenset({"SN001", "F002", "F004"}))
    faces = [coded((6, 12), name) for name in ("F002", "F003", "F004")]
    assert set(predict_shared(network, faces)["subject"]) == {"F003"}
    with pytest.raises(InputError, match="F002_T1 and the others: the network was trained on all of their"):
        predict_shared(network, [faces[0], faces[2]])


def test_faces_aligned_otherwise_are_refused():
    other = replace(coded((6, 12), "F002"), alignment=replace(model((6,)).alignment, anchors="eyes"))
    with pytest.raises(InputError, match=r"F002_T1: aligned by .*: align it as those"):
        predict_shared(model((6, 12)), [other])


def test_own_measures_are_cut_to_the_shared_aus():
    table = predict_shared(model((6, 10, 12)), [coded((6, 10, 12), name) for name in ("F002", "F004")])
    cut = within(evaluate([table], 10), ["AU06", "AU12"])
    shared = evaluate([table.drop(columns=["AU10_true", "AU10_pred"])], 10)
    keys = ["au", "metric", "aggregation"]
    pd.testing.assert_series_equal(
        cut.set_index(keys)["value"].sort_index(), shared.set_index(keys)["value"].sort_index()
    )


def test_each_network_is_tested_on_every_other_dataset(tmp_path):
    faces = {
        "bp4d": [coded((6, 10, 12), "F002"), coded((6, 10, 12), "F004")],
        "disfa": [coded((4, 6, 12), "SN001")],
    }
    models = {
        ("bp4d", "G2RL"): [model((6, 10, 12))],
        ("disfa", "G2RL"): [model((4, 6, 12), seed) for seed in (1, 2, 3)],
    }
    own = {
        key: [evaluate([predict_shared(networks[0], faces[key[0]])], 10)] for key, networks in models.items()
    }
    results = cross_results(models, faces, own, 10)
    assert [(r.train, r.test, len(r.metrics)) for r in results] == [
        ("bp4d", "bp4d", 1),
        ("bp4d", "disfa", 1),
        ("disfa", "disfa", 1),
        ("disfa", "bp4d", 3),
    ]
    table = write_cross_table(results, tmp_path / "cross")
    row = table.query("train == 'disfa' and test == 'bp4d' and metric == 'ICC' and au == '12'")
    each = [evaluate([predict_shared(network, faces["bp4d"])], 0) for network in models["disfa", "G2RL"]]
    expected = [
        m.query("au == 'AU12' and metric == 'ICC' and aggregation == 'pooled'")["value"] for m in each
    ]
    assert row["value"].item() == pytest.approx(np.mean(expected))
    assert set(table["au"]) == {"6", "12", "avg"}
    text = (tmp_path / "cross.md").read_text()
    assert "| disfa | bp4d | G2RL |" in text
    assert text == cross_markdown(table)


def test_one_dataset_alone():
    with pytest.raises(InputError, match="bp4d: there is no other"):
        cross_results({("bp4d", "G2RL"): [model((6,))]}, {"bp4d": [coded((6,), "F002")]}, {}, 0)


def test_rendered_faces_are_named():
    measures = evaluate([predict_shared(model((6,)), [coded((6,), "F002")])], 0)
    from g2rl.evaluation.cross_dataset import cross_table

    table = cross_table([CrossResult("synthetic_bp4d", "synthetic_disfa", "G2RL", [measures])])
    assert "Rendered faces: synthetic\\_bp4d, synthetic\\_disfa" in cross_markdown(table)
