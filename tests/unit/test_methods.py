"""Methods beside Baseline and G2RL: each against a dense reference; one file is all that a method takes."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import g2rl.methods
from g2rl.cli.main import main
from g2rl.config import methods as declared
from g2rl.config.load import parse
from g2rl.config.runs import runs, training_flags
from g2rl.errors import InputError
from g2rl.faces.sequence_file import write_sequence
from g2rl.inference.predictions import read_predictions
from g2rl.inference.predictor import predict_sequence
from g2rl.methods import bormir, landmark_head, ordinal, vector
from g2rl.methods.registry import load_method, read_trained
from g2rl.network.model_file import read_model
from g2rl.paths import Run
from g2rl.training.history import read_history
from g2rl.training.targets import Targets
from tests.factories import AUS, CPU, HELD_OUT, SEQUENCES, SMALL, TINY, make_sequence

ROOT = Path(__file__).resolve().parents[2]
FLAT = replace(SMALL, lam=0.0, epochs=2)
DATASET = {"layout": "disfa", "root": "/data", "sheet": "sheet.tsv"}


def config(**values):
    return parse({"datasets": {"disfa": DATASET}} | values, "my.yaml")


@pytest.mark.parametrize("name", [name for name in declared.known_methods() if name not in declared.PAPER])
def test_a_trained_method_is_read_back_and_predicts(name, tmp_path):
    """The same seed gives the same bytes; an AU's intensities are numbers 0–5."""
    own = {k: v for k, v in declared.known_methods()[name].settings.items() if k not in vars(FLAT)}
    files = [tmp_path / f"{number}.safetensors" for number in (1, 2)]
    for file in files:
        load_method(name).train(SEQUENCES, FLAT, file, tmp_path / "history.csv", CPU, dataset="d", **own)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert np.isfinite(read_history(tmp_path / "history.csv")["loss"]).all()
    model = read_trained(files[0], CPU)
    assert (model.aus, model.subjects, model.datasets) == (AUS, {"F001", "M002"}, ("d",))
    found = predict_sequence(model, HELD_OUT[0])
    assert found.shape == (10, 2)
    assert (found >= 0).all()
    assert (found <= 5).all()


def test_vector_is_the_mean_feature_times_a_matrix_and_its_loss_skips_what_is_not_coded():
    torch.manual_seed(0)
    net = vector.Vector(FLAT, AUS, {}, None).eval()
    images = torch.randn(3, 3, 32, 32)
    with torch.inference_mode():
        found, maps = net(images).numpy(), net.backbone(images)[-1].numpy()
        codes = torch.tensor([[0, -1], [5, 2], [-1, -1]])
        loss = net.loss(torch.from_numpy(found), torch.zeros(0), codes)
    weight, bias = net.head.weight.detach().numpy(), net.head.bias.detach().numpy()
    expected = maps.reshape(3, maps.shape[1], -1).mean(-1) @ weight.T + bias
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    total = expected[0, 0] ** 2 + (expected[1] - [5, 2]) @ (expected[1] - [5, 2])
    assert loss.item() == pytest.approx(total / 3, rel=1e-4)


def test_ordinal_is_five_binary_classifiers_with_shared_weights():
    torch.manual_seed(0)
    net = ordinal.Ordinal(FLAT, AUS, {}, None).eval()
    logits = torch.randn(4, 2, 5)
    codes = torch.tensor([[0, 1], [2, 5], [-1, 3], [4, -1]])
    p, total = 1 / (1 + np.exp(-logits.numpy().astype(float))), 0.0
    for b in range(4):
        for k in range(2):
            if (code := codes[b, k].item()) >= 0:
                total -= sum(np.log(p[b, k, j] if code > j else 1 - p[b, k, j]) for j in range(5))
    assert net.loss(logits, torch.zeros(0), codes).item() == pytest.approx(total / 4, rel=1e-5)
    np.testing.assert_allclose(net.decode(logits).numpy(), p.sum(-1), rtol=1e-5)
    with torch.inference_mode():
        found = net(torch.randn(2, 3, 32, 32))
    assert (found.diff(dim=-1) < 0).all()  # P(I > 0) > … > P(I > 4)


def test_landmark_head_adds_its_loss_to_the_baselines_and_is_gone_at_test_time(tmp_path):
    net = landmark_head.LandmarkHead(FLAT, AUS, {"landmark_weight": 0.5}, None).eval()
    rng = np.random.default_rng(0)
    points = rng.uniform(60, 200, (3, 68, 2)).astype(np.float32)
    found = rng.normal(size=(3, 68, 2)).astype(np.float32)
    true = points / 128 - 1
    eyes = ((true[:, 36] - true[:, 45]) ** 2).sum(-1)
    expected = np.mean([((found[i] - true[i]) ** 2).sum() / (2 * eyes[i]) for i in range(3)])
    loss = landmark_head.landmark_loss(torch.from_numpy(found), torch.from_numpy(points))
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    landmarks, codes = torch.from_numpy(points), torch.tensor([[0, 3], [1, -1], [5, 2]])
    output = torch.zeros(3, 4, FLAT.map_size, FLAT.map_size), torch.from_numpy(found).flatten(1)
    target, of_map = Targets(AUS, FLAT, CPU)(landmarks, codes)
    squared = ((target.numpy() ** 2).sum((2, 3)) * (of_map.numpy() >= 0)).sum() / 3
    assert net.loss(output, landmarks, codes).item() == pytest.approx(squared + 0.5 * expected, rel=1e-4)
    train = landmark_head.train
    train(SEQUENCES, FLAT, tmp_path / "m", tmp_path / "h.csv", CPU, landmark_weight=0.5)
    assert not any("projection" in name for name in read_model(tmp_path / "m", CPU).net.state_dict())


def test_bormirs_relevance_is_the_best_of_all_that_rise():
    """Against SciPy's general solver, with the constraints as they are written."""
    rng = np.random.default_rng(1)
    for label in (0.0, 2.0, 9.0):
        values, n = np.sort(rng.uniform(0, 4, 7)), 7

        def cost(a, values=values, label=label):
            return (a @ values - label) ** 2 + 0.3 * (np.diff(a) ** 2).sum()

        found = bormir.relevance(values, label, 0.3)
        constraints = [
            {"type": "eq", "fun": lambda a: a.sum() - 1},
            {"type": "ineq", "fun": lambda a: np.r_[a[0], np.diff(a)]},
        ]
        best = minimize(cost, np.full(n, 1 / n), constraints=constraints, options={"ftol": 1e-12})
        assert found.sum() == pytest.approx(1, abs=1e-4)
        assert (np.diff(found) >= -1e-9).all()
        assert (found >= 0).all()
        assert cost(found) == pytest.approx(best.fun, abs=1e-3)


def test_bormir_sees_segments_between_valleys_and_peaks():
    codes = np.array([0, 0, 0, 1, -1, 3, 3, 2, 0, 0, 4])
    points = np.arange(11.0)[:, None]
    found = list(bormir.segments(points, codes))
    assert [(s.valley, s.peak) for s in found] == [(0, 3), (0, 3), (0, 4)]
    assert [s.features[:, 0].tolist() for s in found] == [[1, 2, 3, 5], [8, 7, 6, 5], [8, 9, 10]]
    assert list(bormir.segments(points, np.zeros(11))) == list(bormir.segments(points[:0], codes[:0])) == []


def test_bormir_learns_a_linear_intensity_from_its_ends_alone():
    rng = np.random.default_rng(0)
    direction = rng.normal(size=6)
    bags = []
    for _ in range(80):
        ramp = np.linspace(*np.sort(rng.uniform(0, 5, 2)), 12)
        noise = rng.normal(size=(12, 6))
        noise -= np.outer(noise @ direction, direction) / (direction @ direction)
        points = np.outer(ramp, direction) / (direction @ direction) + 0.1 * noise
        bags.append(bormir.Segment(np.column_stack([points, np.ones(12)]), ramp[0], ramp[-1]))
    w, _ = bormir.fit(bags, 1e-3, 0.3, 0.0, 5)
    truth = np.concatenate([np.linspace(bag.valley, bag.peak, 12) for bag in bags])
    guess = np.concatenate([bag.features @ w for bag in bags])
    assert np.corrcoef(truth, guess)[0, 1] > 0.98


def test_naming_a_method_gives_its_runs_with_its_settings():
    plain = config()
    named = config(
        methods=["baseline", "g2rl", "vector", "landmark_head"],
        method_settings={"vector": {"lr": 0.001}, "landmark_head": {"landmark_weight": 2}},
        seeds=[0, 1],
    )
    added = [run for run in runs(named) if run.other]
    names = ["vector_seed0", "landmark_head_seed0", "vector_seed1", "landmark_head_seed1"]
    assert [run.name for run in added] == names
    assert all(Run.parse(run.name) == run for run in added)
    assert not any(run.other for run in runs(plain))
    flags = training_flags(named, added[0], (6, 12))
    assert {"--method=vector", "--lr=0.001", "--lambda=0", "--sigma=2"} <= {*flags}
    assert "--method-setting=landmark_weight=2.0" in training_flags(named, added[1], (6, 12))
    unchanged = training_flags(plain, runs(plain)[0], (6, 12))
    assert training_flags(named, runs(named)[0], (6, 12)) == unchanged


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"methods": ["baseline", "g2rl", "vectr"]}, "methods: 'vectr' is none of .*did you mean 'vector'"),
        ({"methods": ["baseline", "vector"]}, "methods: g2rl is missing"),
        ({"methods": ["baseline", "g2rl", "g2rl"]}, "methods: one stands twice"),
        ({"method_settings": {"vector": {}}}, "method_settings.vector: expected one of methods"),
        (
            {"methods": ["baseline", "g2rl", "vector"], "method_settings": {"vector": {"lrr": 1}}},
            r"method_settings\.vector\.lrr: no key .*did you mean 'lr'",
        ),
        (
            {"methods": ["baseline", "g2rl", "vector"], "method_settings": {"vector": {"lr": -1}}},
            r"method_settings\.vector: lr: -1",
        ),
    ],
)
def test_a_wrong_method_is_named_in_one_line(values, words):
    with pytest.raises(InputError, match=words) as caught:
        config(**values)
    assert "\n" not in str(caught.value)


def test_the_example_of_contributing_is_a_whole_method(tmp_path, monkeypatch, capfd):
    """Its one file, in the place of a module of g2rl/methods, is trained and tested by the commands."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    (tmp_path / "example.py").write_text(example)
    assert len(example.splitlines()) < 60
    monkeypatch.setattr(declared, "FOLDER", tmp_path)
    monkeypatch.setattr(g2rl.methods, "__path__", [*g2rl.methods.__path__, str(tmp_path)])
    declared.known_methods.cache_clear()
    try:
        assert list(declared.known_methods()) == ["example"]
        for sequence in (*SEQUENCES, make_sequence("F003")):
            write_sequence(tmp_path / f"{sequence.subject}.h5", sequence)
        train = ["train", "--method=example", "--device=cpu", "--epochs=1", "--image-size=32", "--lambda=0"]
        train += [f"--backbone={TINY}", "--method-setting=margin=0.5", f"--history={tmp_path}/h.csv"]
        train += [f"--model={tmp_path}/m", "--sequences", *(f"{tmp_path}/{s}.h5" for s in ("F001", "M002"))]
        assert main(train) == 0, capfd.readouterr().err
        test = ["test", f"{tmp_path}/m", "--sequences", f"{tmp_path}/F003.h5", "-o", f"{tmp_path}/p.csv"]
        assert main([*test, "--device=cpu"]) == 0, capfd.readouterr().err
        assert len(read_predictions(tmp_path / "p.csv")) == 10
        assert main([*train, "--method-setting=margn=1"]) == 2
        assert "method example has {'margin': 0.25}" in capfd.readouterr().err
    finally:
        declared.known_methods.cache_clear()


def test_a_model_without_heatmaps_is_refused_where_they_are_needed(tmp_path):
    vector.train(SEQUENCES, FLAT, tmp_path / "m", tmp_path / "h.csv", CPU)
    with pytest.raises(InputError, match="a model of the method vector, which has no heatmaps: g2rl test"):
        read_model(tmp_path / "m", CPU)
