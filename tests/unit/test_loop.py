"""The training loop: the same bytes from the same seed, also when it was interrupted."""

import os
import signal
from dataclasses import replace

import pytest
import torch

from g2rl.cli.main import main
from g2rl.errors import InputError
from g2rl.faces.sequence_file import write_sequence
from g2rl.network.model_file import read_model, write_model
from g2rl.network.variants import build_model
from g2rl.training import cuda_graph, data, loop
from g2rl.training.checkpoint import Checkpoint
from g2rl.training.history import read_history
from tests.factories import CPU, SEQUENCES, SMALL, TINY, interrupted, make_sequence, run


def test_same_seed_same_bytes_and_another_seed_others(tmp_path):
    first, _ = run(tmp_path / "a")
    assert run(tmp_path / "b")[0] == first
    assert run(tmp_path / "c", replace(SMALL, seed=1))[0] != first


def test_a_run_that_was_interrupted_ends_in_the_same_bytes(tmp_path):
    undisturbed, history = run(tmp_path / "whole")
    checkpoint = tmp_path / "state.pt"
    for _ in range(2):  # after epochs 1 and 2, each in a run of its own
        with interrupted():
            run(tmp_path / "cut", checkpoint=checkpoint, key="k")
    assert not (tmp_path / "cut" / "model.safetensors").exists()
    assert run(tmp_path / "cut", checkpoint=checkpoint, key="k") == (undisturbed, history)
    assert not checkpoint.exists()


def test_a_terminated_command_resumes_where_it_was(tmp_path, monkeypatch, capfd):
    """A scheduler's time limit: SIGTERM, and later a run of the same command; in processes: test_gpus.py."""
    for sequence in SEQUENCES:
        write_sequence(tmp_path / f"{sequence.sequence}.h5", sequence)
    command = ["train", "--device=cpu", "--epochs=3", "--batch-size=4", "--image-size=32"]
    command += ["--channels=8,8,8", f"--backbone={TINY}", "--sequences"]
    command += [str(tmp_path / f"{sequence.sequence}.h5") for sequence in SEQUENCES]

    def arguments(folder):
        files = {"model": folder / "model", "history": folder / "history", "checkpoint": folder / "state.pt"}
        return [*command, *(f"--{name}={path}" for name, path in files.items())]

    original, handler = Checkpoint.save, signal.getsignal(signal.SIGTERM)

    def save_then_terminate(*values):
        original(*values)
        os.kill(os.getpid(), signal.SIGTERM)

    try:
        with monkeypatch.context() as patch:
            patch.setattr(Checkpoint, "save", save_then_terminate)
            with pytest.raises(SystemExit, match="143"):
                main(arguments(tmp_path / "cut"))
        assert [path.name for path in (tmp_path / "cut").iterdir()] == ["state.pt"]
        assert main(arguments(tmp_path / "cut")) == main(arguments(tmp_path / "whole")) == 0
    finally:
        signal.signal(signal.SIGTERM, handler)
    said = capfd.readouterr().err
    assert said.index("epoch 1, before the interruption: loss") < said.index("resuming after epoch 1")
    for name in ("model", "history"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    assert not (tmp_path / "cut" / "state.pt").exists()


def test_baseline_and_guided_run_start_alike_and_see_the_same_batches(tmp_path):
    weights = [build_model(replace(SMALL, lam=lam), 4, None).net.state_dict() for lam in (0, 0.05)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    faces = data.load_faces(SEQUENCES, 32, CPU)
    ours, theirs = (
        [batch[2] for batch in data.batches(faces, replace(SMALL, lam=lam), 1)] for lam in (0, 0.05)
    )
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_warmup_freezes_g_after_a_third_of_the_epochs(tmp_path):
    """Also when the run is interrupted in between, and it ends in the same bytes."""
    settings = replace(SMALL, guidance="warmup", epochs=6)
    undisturbed, history = run(tmp_path / "whole", settings)
    varied = [row["var_G"] for row in history]
    assert len(set(varied[:3])) == 3
    assert len(set(varied[2:])) == 1
    for _ in range(3):
        with interrupted():
            run(tmp_path / "cut", settings, checkpoint=tmp_path / "state", key="k")
    assert run(tmp_path / "cut", settings, checkpoint=tmp_path / "state", key="k") == (undisturbed, history)


def test_training_lowers_the_loss(tmp_path):
    _, history = run(tmp_path, replace(SMALL, epochs=12, lam=0.0, lr=5e-3))
    assert history[-1]["loss_S"] < 0.7 * history[0]["loss_S"]


def test_bad_input_is_named(tmp_path):
    with pytest.raises(InputError, match=r"different AUs.*F001_T1.*M009_T1"):
        run(tmp_path, sequences=[SEQUENCES[0], make_sequence("M009", aus=(6, 17))])
    with pytest.raises(InputError, match=r"no training frame.*frames\.csv"):
        run(tmp_path, sequences=[make_sequence("F001", 0)])
    with pytest.raises(InputError, match=r"epoch 1.*lower lr"):
        run(tmp_path, replace(SMALL, lr=1e30))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_recorded_step_trains_as_the_plain_one(tmp_path, monkeypatch):
    """On a GPU: same losses with and without the CUDA graph, and after an interruption."""
    cuda = torch.device("cuda")
    settings = replace(SMALL, precision="fp32", lr=1e-4)

    def losses(name: str, **more) -> list[float]:
        loop.train(SEQUENCES, settings, tmp_path / name / "m", tmp_path / name / "h.csv", cuda, **more)
        return read_history(tmp_path / name / "h.csv")["loss"].tolist()

    recorded = losses("recorded")
    with interrupted():
        losses("cut", checkpoint=tmp_path / "state", key="k")
    resumed = losses("cut", checkpoint=tmp_path / "state", key="k")
    monkeypatch.setenv("G2RL_CUDA_GRAPH", "0")
    monkeypatch.setattr(cuda_graph, "capture", None)  # it would fail
    plain = losses("plain")
    assert recorded == pytest.approx(plain, rel=1e-3)
    assert recorded == pytest.approx(resumed, rel=1e-3)


def test_on_a_cpu_the_step_is_run_as_it_is():
    step = object()
    assert cuda_graph.recorded(step, None, None, torch.zeros(4)) is step


@pytest.mark.parametrize(
    ("known", "new", "expected"),
    [(("a", "b"), "b", ("a", "b")), (("a",), "c", ("a", "c")), ((), "c", ()), (("a",), "", ())],
)
def test_datasets_are_named_all_or_none(tmp_path, known, new, expected):
    settings = replace(SMALL, epochs=1)
    net = build_model(settings, 4).net
    write_model(net, settings, (6, 12), ["P1"], tmp_path / "first", datasets=known)
    run(tmp_path, settings, first=read_model(tmp_path / "first", CPU), dataset=new)
    assert read_model(tmp_path / "model.safetensors", CPU).datasets == expected
