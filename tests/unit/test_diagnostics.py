"""What the diagnostics measure, and that they leave the model as it was."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from g2rl.faces.sequence_file import join
from g2rl.network.preprocessing import normalise
from g2rl.network.variants import build_model
from g2rl.training import data, diagnostics
from g2rl.training.targets import Targets
from tests.factories import AUS, CPU, SEQUENCES, SMALL, make_sequence, run


def test_history_shows_what_eq_6_does(tmp_path):
    _, guided = run(tmp_path / "g2rl")
    _, baseline = run(tmp_path / "baseline", replace(SMALL, lam=0.0))
    assert [row["epoch"] for row in guided] == [row["epoch"] for row in baseline] == [0, 1, 2, 3]
    of_the_module = ("var_G", "norm_G", "rank_G", "norm_W", "norm_WM", "loss_G", "grad_G")
    assert all(row[name] > 0 for row in guided for name in of_the_module)
    assert all(row[name] == 0 for row in baseline for name in of_the_module)
    assert all(row["grad_S"] > 0 for row in guided)
    assert all(row["loss"] == row["loss_S"] > 0 for row in baseline)
    assert all(1 <= row["rank_G"] <= 20 for row in guided)  # of 20 faces
    for row in guided:
        assert row["loss"] == pytest.approx(0.05 * row["loss_G"] + 0.95 * row["loss_S"], rel=1e-3)


@pytest.mark.parametrize("guidance", ["joint", "standardised"])
def test_diagnostics_measure_and_leave_everything_as_it_was(guidance):
    settings = replace(SMALL, precision="fp32", guidance=guidance)
    faces = data.load_faces(SEQUENCES, 32, CPU)
    targets = Targets(AUS, settings, CPU)
    model = build_model(settings, 4, None).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    row = diagnostics.diagnose(model, faces, targets, settings)
    assert row == diagnostics.diagnose(model, faces, targets, settings)
    assert row == diagnostics.diagnose(
        model, replace(faces, images=None, jpeg=join(SEQUENCES)), targets, settings
    )
    assert torch.equal(state, torch.get_rng_state())
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())
    G = model.geometry(faces.landmarks / 128 - 1).detach().double().numpy()
    assert row["var_G"] == pytest.approx(G.var(0).sum(), rel=1e-3)
    assert row["norm_G"] == pytest.approx(np.sqrt((G**2).sum(1).mean()), rel=1e-4)
    shares = np.linalg.svd(G - G.mean(0), compute_uv=False)
    shares = shares[shares > 0] / shares.sum()
    assert row["rank_G"] == pytest.approx(np.exp(-(shares * np.log(shares)).sum()), rel=1e-2)
    # The gradient of L_G in the network, by its own backward pass.
    index = torch.linspace(0, 19, 4).long()
    _, G, WM = model(normalise(faces.images[index]), faces.landmarks[index] / 128 - 1)
    model.guidance_loss(G, WM).backward()
    squared = sum(float(p.grad.square().sum()) for p in model.net.parameters() if p.grad is not None)
    assert row["grad_G"] == pytest.approx(squared**0.5, rel=1e-3)


def test_var_g_is_over_faces_not_over_steps(tmp_path):
    """Faces that are all alike have one G, also while the weights move."""
    sequence = make_sequence("F001")
    same = replace(sequence, landmarks=np.repeat(sequence.landmarks[:1], 10, 0))
    _, history = run(tmp_path, replace(SMALL, lr=1e-2), sequences=[same])
    assert all(row["var_G"] < 1e-9 for row in history)
