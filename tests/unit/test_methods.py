"""Methods beside Baseline and G2RL: each against a dense reference; one file is all that a method takes."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.optimize import minimize
from scipy.stats import norm

import g2rl.methods
from g2rl.cli.main import main
from g2rl.config import methods as declared
from g2rl.config.load import parse
from g2rl.config.runs import runs, training_flags
from g2rl.errors import InputError
from g2rl.faces.jpeg import encode
from g2rl.faces.sequence_file import write_sequence
from g2rl.inference.predictions import read_predictions
from g2rl.inference.predictor import predict_sequence
from g2rl.methods import bormir, ccnn_it, kbss, landmark_head, ordinal, vector
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


def test_ccnn_it_joins_ordinal_distributions_by_franks_copula():
    """Cell by cell; θ = 0 is independence, and a pair's sums are its AUs' distributions."""
    torch.manual_seed(0)
    net = ccnn_it.Copulas(FLAT, (1, 2, 4), {}, None)
    theta = np.array([4.0, -2.0, 0.0])  # of the pairs 0–1, 0–2, 1–2
    net.theta.data = torch.tensor(theta, dtype=torch.float32)
    net.steps.data = torch.randn(3, 4)
    scores, codes = torch.randn(3, 3), np.array([[0, 3, 5], [2, -1, 1], [-1, -1, -1]])
    rise = np.log1p(np.exp(net.steps.detach().numpy().astype(float)))
    bounds = np.column_stack([np.full(3, -np.inf), np.zeros(3), rise.cumsum(1), np.full(3, np.inf)])
    c = norm.cdf(bounds - scores.numpy().astype(float)[..., None])  # (3, K, 7)

    def copula(u, v, t):
        rise = [np.exp(-t * each) - 1 for each in (u, v, 1)]
        return -np.log(1 + rise[0] * rise[1] / rise[2]) / t if t else u * v

    def cell(b, i, j, t, x, y):
        (u0, u1), (v0, v1) = c[b, i, x : x + 2], c[b, j, y : y + 2]
        return copula(u1, v1, t) - copula(u0, v1, t) - copula(u1, v0, t) + copula(u0, v0, t)

    joint = net.joint(net.cumulative(scores)).detach().numpy()
    alone, total = np.diff(c), 0.0
    for p, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        dense = [[[cell(b, i, j, theta[p], x, y) for y in range(6)] for x in range(6)] for b in range(3)]
        np.testing.assert_allclose(joint[:, p], dense, atol=1e-7)
        np.testing.assert_allclose(joint[:, p].sum(2), alone[:, i], atol=1e-7)
        np.testing.assert_allclose(joint[:, p].sum(1), alone[:, j], atol=1e-7)
        known = [b for b in range(3) if min(codes[b, i], codes[b, j]) >= 0]
        total -= sum(np.log(dense[b][codes[b, i]][codes[b, j]]) for b in known) / 2
    total -= sum(np.log(alone[b, k, codes[b, k]]) for b, k in np.argwhere(codes >= 0))
    assert net.loss(scores, torch.zeros(0), torch.from_numpy(codes)).item() == pytest.approx(
        total / 3, rel=1e-5
    )
    np.testing.assert_allclose(net.decode(scores).detach().numpy(), alone @ np.arange(6), atol=1e-6)
    u, v, t = (x.double().requires_grad_() for x in (torch.rand(9), torch.rand(9), torch.linspace(-8, 8, 9)))
    assert torch.autograd.gradcheck(ccnn_it.frank, (u, v, t))  # the middle one by the series


def test_kbss_draws_five_frames_from_valley_to_peak_and_knows_the_codes_of_the_ends_alone():
    tables = [np.array([[0, 1, 2, 3, 2, 0], [1, 1, 1, 1, 1, 1]]).T, np.array([[5, -1, 4], [0, 2, 2]]).T]
    frames, ends = kbss.draw_tuples(tables, 3, np.random.default_rng(0))
    rows = np.unique(np.column_stack([frames[:, [0, -1]], ends.reshape(12, 4)]), axis=0).tolist()
    assert rows == [[0, 3, 0, -1, 3, -1], [5, 3, 0, -1, 3, -1], [6, 7, -1, 0, -1, 2], [8, 6, 4, -1, 5, -1]]
    assert all((np.diff(row) >= 0).all() or (np.diff(row) <= 0).all() for row in frames)


def test_kbss_has_the_losses_of_its_docstring():
    rng = np.random.default_rng(0)
    found, mirrored = rng.uniform(0, 5, (2, 2, 5, 2))  # two tuples of two AUs
    h = rng.uniform(size=(2, 5, 3))
    codes = np.array([[[1, -1], [4, -1]], [[-1, 0], [-1, 5]]])
    expected = 0.0
    for b, k in enumerate([0, 1]):
        f, (valley, peak) = found[b, :, k], codes[b, :, k]
        g = h[b] / np.linalg.norm(h[b], axis=1, keepdims=True)
        d = ((g[:, None] - g) ** 2).sum(-1)
        expected += (f[0] - valley) ** 2 + (f[4] - peak) ** 2
        expected += 2 * sum(max(0, f[t] - f[t + 1]) for t in range(4))
        for t in range(3):
            near, far = (d[t, t + 1], d[t + 1, t + 2]), d[t, t + 2]
            expected += 3 * sum(max(0, each - far) for each in near)
        expected += 4 * max(0, (peak - valley) / 5 - d[0, 4])
        expected += 5 * ((found[b] - mirrored[b]) ** 2).sum() / 5
    own = {"ordering": 2.0, "similarity": 3.0, "contrast": 4.0, "symmetry": 5.0}
    net = kbss.Kbss(FLAT, AUS, own, None)
    rows = [np.stack(pair).reshape(20, -1) for pair in ((found, mirrored), (h, h))]
    loss = net.loss(tuple(map(torch.from_numpy, rows)), torch.zeros(0), torch.from_numpy(codes))
    assert loss.item() == pytest.approx(expected / 2, rel=1e-5)


@pytest.mark.parametrize(("name", "epochs", "lr"), [("kbss", 10, 2e-3), ("ccnn_it", 3, 5e-3)])
def test_it_learns_the_sizes_of_a_disc_and_a_bar(name, epochs, lr, tmp_path):
    """And estimates those of another sequence."""
    settings = replace(FLAT, epochs=epochs, lr=lr)
    sequences = [drawn_sequence(f"F00{number}", number) for number in range(4)]
    own = {k: v for k, v in declared.known_methods()[name].settings.items() if k not in vars(FLAT)}
    load_method(name).train(sequences[:3], settings, tmp_path / "m", tmp_path / "h.csv", CPU, **own)
    losses = read_history(tmp_path / "h.csv")["loss"]
    assert losses.iloc[-1] < 0.75 * losses.iloc[1]
    found = predict_sequence(read_trained(tmp_path / "m", CPU), sequences[3])
    for k in range(2):
        assert np.corrcoef(found[:, k], sequences[3].intensity[:, k])[0, 1] > 0.9


def drawn_sequence(subject, seed):
    """40 frames whose codes go up and down, drawn as the sizes of a disc and a bar."""
    random = np.random.default_rng(seed)
    codes = np.round(2.5 - 2.5 * np.cos(np.arange(40)[:, None] / np.array([4, 3]) + seed)).astype(np.int8)
    y, x = np.mgrid[:256, :256]
    images = []
    for disc, bar in codes.tolist():
        image = np.full((256, 256, 3), random.integers(150, 200), np.uint8)
        image[(x - 128) ** 2 + (y - 180) ** 2 < (10 + 10 * disc) ** 2] = 40
        image[30 : 40 + 8 * bar, 60:196] = 90
        images.append(encode(image))
    offsets = np.cumsum([0, *map(len, images)], dtype=np.uint64)
    template = make_sequence(subject, 40)
    return replace(template, intensity=codes, jpeg=np.concatenate(images), offsets=offsets)


def test_an_au_without_valleys_and_peaks_is_an_error_in_one_line(tmp_path):
    still = [replace(each, intensity=np.full((10, 2), 1, np.int8)) for each in SEQUENCES]
    for name in ("kbss", "bormir"):
        own = {k: v for k, v in declared.known_methods()[name].settings.items() if k not in vars(FLAT)}
        with pytest.raises(InputError, match=f"AU06 changes in no training sequence: {name} needs valleys"):
            load_method(name).train(still, FLAT, tmp_path / "m", tmp_path / "h.csv", CPU, **own)


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
