"""The training loop and the exported network, on tiny random faces."""

import csv
import hashlib
import json
import pickle
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from g2rl.config.training import Settings
from g2rl.errors import InputError
from g2rl.faces.jpeg import encode
from g2rl.faces.sequence_file import AlignedSequence, join, write_sequence
from g2rl.inference.predictor import predict_sequences
from g2rl.network import heatmaps as hm
from g2rl.network import preprocessing
from g2rl.network.model_file import read_model
from g2rl.training import checkpoint as checkpoint_module
from g2rl.training import data, diagnostics
from g2rl.training import loop as training
from g2rl.training.targets import Targets

CPU = torch.device("cpu")
AUS = (6, 12)
TINY = "test_resnet.r160_in1k"
SMALL = Settings(backbone=TINY, image_size=32, channels=(8, 8, 8), epochs=3, batch_size=4, lr=1e-3)


def make_shard(subject: str, count: int = 10, aus: tuple[int, ...] = AUS) -> AlignedSequence:
    """Smooth random pictures, a face-like spread of landmarks, random codes with some −1."""
    random = np.random.default_rng(sum(map(ord, subject)))
    pictures = [
        encode(np.kron(random.integers(0, 255, (8, 8, 3), np.uint8), np.ones((32, 32, 1), np.uint8)))
        for _ in range(count)
    ]
    return AlignedSequence(
        subject=subject,
        sequence=f"{subject}_T1",
        aus=aus,
        frame=np.arange(count, dtype=np.int32),
        landmarks=random.uniform(60, 200, (count, 68, 2)).astype(np.float32),
        intensity=random.integers(-1, 6, (count, len(aus))).astype(np.int8),
        jpeg=np.concatenate([np.empty(0, np.uint8), *pictures]),
        offsets=np.cumsum([0, *map(len, pictures)], dtype=np.uint64),
        counts={},
    )


SHARDS = [make_shard("F001"), make_shard("M002")]
HELD_OUT = [make_shard("F003"), make_shard("M004")]


def run(
    folder: Path, settings: Settings = SMALL, shards=SHARDS, **more
) -> tuple[bytes, list[dict[str, float]]]:
    training.train(shards, settings, folder / "model.safetensors", folder / "history.csv", CPU, **more)
    with open(folder / "history.csv") as file:
        history = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    return (folder / "model.safetensors").read_bytes(), history


def test_same_seed_same_bytes_and_another_seed_others(tmp_path):
    first, _ = run(tmp_path / "a")
    assert run(tmp_path / "b")[0] == first
    assert run(tmp_path / "c", replace(SMALL, seed=1))[0] != first


def test_a_run_that_was_cut_off_ends_in_the_same_bytes(tmp_path, monkeypatch):
    undisturbed, history = run(tmp_path / "whole")
    checkpoint, original = tmp_path / "state.pt", checkpoint_module.save_checkpoint

    def save_then_die(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    for _ in range(2):  # epochs 1 and 2, each in a run of its own
        with monkeypatch.context() as patch:
            patch.setattr(training, "save_checkpoint", save_then_die)
            with pytest.raises(KeyboardInterrupt):
                run(tmp_path / "cut", checkpoint=checkpoint, key="k")
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    assert run(tmp_path / "cut", checkpoint=checkpoint, key="k") == (undisturbed, history)
    assert not checkpoint.exists()


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """The files of a whole run, and the checkpoint of one that was cut off after its second epoch."""
    folder = tmp_path_factory.mktemp("cut")
    whole = run(folder)
    original, state = checkpoint_module.save_checkpoint, folder / "state.pt"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            training, "save_checkpoint", lambda *args: original(*args) if len(args[-1]) < 4 else None
        )
        patch.setattr(training, "write_model", lambda *args: sys.exit())
        with pytest.raises(SystemExit):
            run(folder / "again", checkpoint=state, key="k")
    return whole, state.read_bytes()


DAMAGES = {
    "foreign": lambda content: b"not a checkpoint",
    "empty": lambda content: b"",
    **{
        f"cut at {share:%}": lambda content, share=share: content[: int(len(content) * share)]
        for share in (0.001, 0.3, 0.9, 0.9999)
    },
    "a byte of a weight": lambda content: (
        content[:100_000] + bytes([content[100_000] ^ 1]) + content[100_001:]
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_reported_and_not_used(tmp_path, capsys, cut_off, damage):
    whole, content = cut_off
    (tmp_path / "state.pt").write_bytes(DAMAGES[damage](content))
    assert run(tmp_path, checkpoint=tmp_path / "state.pt", key="k") == whole
    assert "state.pt: a damaged checkpoint: starting afresh\n" in capsys.readouterr().err


@pytest.mark.parametrize(("key", "said"), [("k", "resuming after epoch 2"), ("j", "of other settings")])
def test_a_checkpoint_is_used_for_its_own_run_alone(tmp_path, capsys, cut_off, key, said):
    whole, content = cut_off
    (tmp_path / "state.pt").write_bytes(content)
    assert run(tmp_path, checkpoint=tmp_path / "state.pt", key=key) == whole
    assert said in capsys.readouterr().err
    assert not (tmp_path / "state.pt").exists()


def test_no_code_in_a_checkpoint_runs(tmp_path, capsys):
    class Trap:
        def __reduce__(self):
            return print, ("caught",)

    content = pickle.dumps(Trap())
    (tmp_path / "state.pt").write_bytes(hashlib.sha256(content).digest() + content)
    with pytest.raises(pickle.UnpicklingError):
        run(tmp_path, checkpoint=tmp_path / "state.pt", key="k")
    assert "caught" not in capsys.readouterr().out


def test_terminated_training_goes_on_where_it_was(tmp_path):
    """A scheduler's time limit: SIGTERM, and later a run of the same command."""
    for shard in SHARDS:
        write_sequence(tmp_path / f"{shard.sequence}.h5", shard)
    options = ["--epochs=40", "--batch-size=4", "--image-size=32", "--channels=8,8,8", f"--backbone={TINY}"]
    command = [sys.executable, "-m", "g2rl", "train", "--device=cpu", *options]
    command += ["--sequences", *(str(tmp_path / f"{shard.sequence}.h5") for shard in SHARDS)]

    def files(name):
        folder, state = tmp_path / name, tmp_path / name / "state.pt"
        paths = ["--model", folder / "model", "--history", folder / "history", "--checkpoint", state]
        return folder, state, [*command, *map(str, paths)]

    folder, state, again = files("cut")
    process = subprocess.Popen(again, stderr=subprocess.PIPE, text=True)
    try:
        while not state.exists():
            assert process.poll() is None
            time.sleep(0.05)
        process.terminate()
        process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143
    assert [path.name for path in folder.iterdir()] == ["state.pt"]
    done = subprocess.run(again, capture_output=True, text=True, check=True)
    assert re.search(r"resuming after epoch \d+", done.stderr)
    whole, _, undisturbed = files("whole")
    subprocess.run(undisturbed, capture_output=True, check=True)
    for name in ("model", "history"):
        assert (folder / name).read_bytes() == (whole / name).read_bytes()
    assert not state.exists()


def test_baseline_and_guided_run_start_alike_and_see_the_same_batches(tmp_path):
    weights = [training.build(replace(SMALL, lam=lam), 4, None).net.state_dict() for lam in (0, 0.05)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    faces = data.load_faces(SHARDS, 32, CPU)
    ours, theirs = (
        [batch[2] for batch in data.batches(faces, replace(SMALL, lam=lam), 1)] for lam in (0, 0.05)
    )
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


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
def test_the_probe_measures_and_leaves_everything_as_it_was(guidance):
    settings = replace(SMALL, precision="fp32", guidance=guidance)
    faces = data.load_faces(SHARDS, 32, CPU)
    targets = Targets(AUS, settings, CPU)
    model = training.build(settings, 4, None).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    row = diagnostics.diagnose(model, faces, targets, settings)
    assert row == diagnostics.diagnose(model, faces, targets, settings)
    assert row == diagnostics.diagnose(
        model, replace(faces, images=None, jpeg=join(SHARDS)), targets, settings
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
    _, G, WM, _ = model(preprocessing.normalise(faces.images[index]), faces.landmarks[index] / 128 - 1)
    model.guidance_loss(G, WM).backward()
    squared = sum(float(p.grad.square().sum()) for p in model.net.parameters() if p.grad is not None)
    assert row["grad_G"] == pytest.approx(squared**0.5, rel=1e-3)


def test_warmup_lets_g_stand_still_after_a_third_of_the_epochs(tmp_path, monkeypatch):
    """Also when the run is cut off in between, and it ends in the same bytes."""
    settings = replace(SMALL, guidance="warmup", epochs=6)
    undisturbed, history = run(tmp_path / "whole", settings)
    varied = [row["var_G"] for row in history]
    assert len(set(varied[:3])) == 3
    assert len(set(varied[2:])) == 1
    original = checkpoint_module.save_checkpoint

    def save_then_die(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    for _ in range(3):
        with monkeypatch.context() as patch:
            patch.setattr(training, "save_checkpoint", save_then_die)
            with pytest.raises(KeyboardInterrupt):
                run(tmp_path / "cut", settings, checkpoint=tmp_path / "state", key="k")
    assert run(tmp_path / "cut", settings, checkpoint=tmp_path / "state", key="k") == (undisturbed, history)


@pytest.mark.parametrize("maps", ["point", "au"])
def test_calibration_gives_the_training_frames_the_codes_mean_and_deviation(tmp_path, maps):
    settings = replace(SMALL, precision="fp32", maps=maps, epochs=12, lr=5e-3)
    faces = data.load_faces(SHARDS, 32, CPU)
    models = []
    for name, change in (("plain", {}), ("line", {"calibrate": True})):
        run(tmp_path / name, replace(settings, **change))
        models.append(read_model(tmp_path / name / "model.safetensors", CPU))
    with torch.inference_mode():
        images = preprocessing.normalise(faces.images)
        plain, line = (
            hm.au_mean(hm.intensities(model.net(images)[0], 2), model.point_au, 2).double().numpy()
            for model in models
        )
    for k in range(2):
        code = faces.intensity[:, k].numpy()
        assert line[code >= 0, k].mean() == pytest.approx(code[code >= 0].mean(), rel=1e-3)
        assert line[code >= 0, k].std() == pytest.approx(code[code >= 0].std(), rel=1e-3)
        assert np.corrcoef(line[:, k], plain[:, k])[0, 1] == pytest.approx(1, abs=1e-6)


def test_fewer_subjects_are_drawn_by_the_seed(tmp_path):
    from safetensors import safe_open

    shards = [make_shard(f"F{n:03}") for n in range(1, 9)]
    drawn = set()
    for seed in range(3):
        run(tmp_path / str(seed), replace(SMALL, epochs=1, max_subjects=3, seed=seed), shards)
        with safe_open(tmp_path / str(seed) / "model.safetensors", "pt") as file:
            drawn.add(tuple(json.loads(file.metadata()["g2rl"])["subjects"]))
    assert all(len(subjects) == 3 for subjects in drawn)
    assert len(drawn) > 1


def test_training_lowers_the_loss(tmp_path):
    _, history = run(tmp_path, replace(SMALL, epochs=12, lam=0.0, lr=5e-3))
    assert history[-1]["loss_S"] < 0.7 * history[0]["loss_S"]


def test_every_face_but_the_remainder_is_seen_once_an_epoch():
    faces = data.load_faces(SHARDS, 32, CPU)
    seen = torch.cat([batch[1] for batch in data.batches(faces, replace(SMALL, batch_size=6), 0)])
    assert len(seen) == 18
    assert len(torch.unique(seen.flatten(1), dim=0)) == 18


def test_batches_decoded_on_the_way_are_the_resident_ones():
    faces = data.load_faces(SHARDS, 32, CPU)
    streamed = replace(faces, images=None, jpeg=join(SHARDS))
    pairs = zip(data.batches(faces, SMALL, 2), data.batches(streamed, SMALL, 2), strict=True)
    for resident, decoded in pairs:
        assert all(torch.equal(a, b) for a, b in zip(resident, decoded, strict=True))


def test_augmentation_moves_pixels_and_landmarks_together():
    """A bright dot at each landmark's place stays at the landmark's place."""
    size, spot = 64, 20
    images = torch.zeros(4, size, size, 3, dtype=torch.uint8)
    landmarks = torch.full((4, 68, 2), 128.0)
    images[:, spot, spot + 10] = 255
    landmarks[:, 30] = torch.tensor([(spot + 10 + 0.5) * 4 - 0.5, (spot + 0.5) * 4 - 0.5])  # the nose tip
    mirror = torch.tensor([False, True, False, True])
    move = torch.tensor([[0, 0], [0, 0], [5, -3], [5, -3]])
    out, moved = data.augment(images, landmarks, mirror, move)
    for image, points in zip(out, moved, strict=True):
        y, x = divmod(int(image[..., 0].argmax()), size)
        assert ((x + 0.5) * 4 - 0.5, (y + 0.5) * 4 - 0.5) == tuple(points[30].tolist())


def test_mirrored_targets_are_the_mirrored_faces_targets():
    landmarks = torch.from_numpy(SHARDS[0].landmarks)
    intensity = torch.from_numpy(SHARDS[0].intensity)
    targets = Targets(AUS, SMALL, CPU)
    images = torch.zeros(10, 32, 32, 3, dtype=torch.uint8)
    _, mirrored = data.augment(images, landmarks, torch.ones(10, dtype=torch.bool), torch.zeros(10, 2).long())
    maps, of_map = targets(landmarks, intensity)
    flipped, _ = targets(mirrored, intensity)
    # AU06's and AU12's right and left points change places.
    torch.testing.assert_close(flipped[:, [1, 0, 3, 2]].flip(-1), maps)
    assert torch.equal(of_map[:, 0], intensity[:, 0].float())


def test_predictions_name_frames_and_leave_uncoded_empty(tmp_path):
    run(tmp_path)
    table = predict_sequences(read_model(tmp_path / "model.safetensors", CPU), HELD_OUT)
    assert list(table) == ["subject", "sequence", "frame", "AU06_true", "AU06_pred", "AU12_true", "AU12_pred"]
    assert len(table) == 20
    assert table["AU12_true"].isna().sum() == sum((shard.intensity[:, 1] < 0).sum() for shard in HELD_OUT)
    assert table.filter(like="_pred").stack().between(0, 5).all()


@pytest.mark.parametrize(
    "change",
    [
        *({"guidance": guidance} for guidance in ("detached", "standardised", "variance")),
        *({"projection": projection} for projection in ("pooled", "full")),
        *({"adjacency": adjacency} for adjacency in ("inverse", "identity")),
        {"geometry_init": "he"},
        {"guidance": "detached", "permute_landmarks": True},
        {"intensity_loss": 0.1, "decoding": "soft", "high_intensity_weight": 0.5, "maps": "au"},
    ],
)
def test_every_choice_trains_and_predicts(tmp_path, change):
    run(tmp_path / "plain", replace(SMALL, epochs=1))
    _, history = run(tmp_path / "other", replace(SMALL, epochs=1, **change))
    assert np.isfinite(history[-1]["loss"])
    weights = [
        read_model(tmp_path / name / "model.safetensors", CPU).net.state_dict() for name in ("plain", "other")
    ]
    same = weights[0].keys() == weights[1].keys() and all(
        weights[0][name].shape == weights[1][name].shape and torch.equal(weights[0][name], weights[1][name])
        for name in weights[0]
    )
    assert not same
    model = read_model(tmp_path / "other" / "model.safetensors", CPU)
    assert predict_sequences(model, HELD_OUT).filter(like="_pred").stack().between(0, 5).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"calibrate": True, "decoding": "soft"}, "decoding max"),
        ({"image_size": 100}, "multiple of 32"),
        ({"sigma": 0.0}, "sigma"),
        ({"lam": 1.0}, "lambda"),
    ],
)
def test_settings_that_cannot_be_trained_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(SMALL, **change)


def test_bad_input_is_named(tmp_path):
    with pytest.raises(InputError, match=r"different AUs.*F001_T1.*M009_T1"):
        run(tmp_path, shards=[SHARDS[0], make_shard("M009", aus=(6, 17))])
    with pytest.raises(InputError, match=r"no training frame.*frames\.csv"):
        run(tmp_path, shards=[make_shard("F001", 0)])
    with pytest.raises(InputError, match=r"epoch 1.*lower lr"):
        run(tmp_path, replace(SMALL, lr=1e30))


def test_a_model_file_that_is_none_is_named(tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"x" * 100)
    save_file({"weight": torch.zeros(3)}, tmp_path / "b.safetensors")
    for name, message in (("a", "not a readable"), ("b", "no description"), ("c", "c.safetensors")):
        with pytest.raises(InputError, match=message):
            read_model(tmp_path / f"{name}.safetensors", CPU)


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        ({"channels": [10**7] * 3}, "fit"),
        ({"channels": [8] * 30}, "expected 5 or fewer values"),
        ({"image_size": 10**6 * 32}, "image_size: 32000000, expected 256 or less"),
        ({"backbone": "hf-hub:someone/something"}, "no backbone 'hf-hub:"),
        ({"backbone": "local-dir:/"}, "no backbone"),
        ({"backbone": "resnet50.tv_in1k"}, "fit"),
        ({"aus": [6, 12, 99]}, "fit"),
        ({"aus": None}, "fit"),
        ({"other": 1}, "fit"),
        ({"stride": 0}, "fit"),
    ],
    ids=str,
)
def test_a_strangers_model_is_held_to_its_own_size(tmp_path, cut_off, claim, message):
    """Whatever its description claims: no network, no memory but its file's, one line."""
    (whole, _), path = cut_off[0], tmp_path / "model.safetensors"
    path.write_bytes(whole)
    with safe_open(path, "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        about = json.loads(file.metadata()["g2rl"]) | claim
    save_file(weights, path, metadata={"g2rl": json.dumps(about)})
    with pytest.raises(InputError, match=rf"model\.safetensors: weights do not.*{message}"):
        read_model(path, CPU)


@pytest.mark.parametrize("length", [2**62, 2**31, 10**6])
def test_a_header_longer_than_its_file_is_refused(tmp_path, length):
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + b'{"a": {}}')
    with pytest.raises(InputError, match="not a readable safetensors file"):
        read_model(path, CPU)


def test_a_subject_of_the_training_cannot_be_tested(tmp_path):
    run(tmp_path)
    with pytest.raises(InputError, match=r"M002_T1.*trained on its subject M002"):
        predict_sequences(read_model(tmp_path / "model.safetensors", CPU), [HELD_OUT[0], SHARDS[1]])


def test_other_weights_at_the_start_are_another_checkpoint():
    keys = {
        checkpoint_module.checkpoint_key(SMALL, SHARDS, weights, {})
        for weights in (None, {"w": torch.zeros(3)}, {"w": torch.ones(3)})
    }
    assert len(keys) == 3


def test_var_g_is_over_faces_not_over_steps(tmp_path):
    """Faces that are all alike have one G, also while the weights move."""
    shard = make_shard("F001")
    same = replace(shard, landmarks=np.repeat(shard.landmarks[:1], 10, 0))
    _, history = run(tmp_path, replace(SMALL, lr=1e-2), shards=[same])
    assert all(row["var_G"] < 1e-9 for row in history)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recorded_step_trains_as_the_plain_one(tmp_path, monkeypatch):
    """On a GPU: same losses with and without the CUDA graph, and after a cut and resume."""
    cuda = torch.device("cuda")
    settings = replace(SMALL, precision="fp32", lr=1e-4)

    def losses(name: str, **more) -> list[float]:
        training.train(SHARDS, settings, tmp_path / name / "m", tmp_path / name / "h.csv", cuda, **more)
        with open(tmp_path / name / "h.csv") as file:
            return [float(row["loss"]) for row in csv.DictReader(file)]

    recorded = losses("recorded")
    with monkeypatch.context() as patch:
        patch.setattr(training, "capture", lambda step, *_: lambda *values: step(*values))
        plain = losses("plain")
    original = checkpoint_module.save_checkpoint

    def save_then_die(*arguments):
        original(*arguments)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(training, "save_checkpoint", save_then_die)
        with pytest.raises(KeyboardInterrupt):
            losses("cut", checkpoint=tmp_path / "state", key="k")
    resumed = losses("cut", checkpoint=tmp_path / "state", key="k")
    assert recorded == pytest.approx(plain, rel=1e-3)
    assert recorded == pytest.approx(resumed, rel=1e-3)
