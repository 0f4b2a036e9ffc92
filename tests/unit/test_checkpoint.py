"""A checkpoint is resumed by its own training alone, and never when it is damaged."""

import hashlib
import pickle

import pytest
import torch

from g2rl.training.checkpoint import checkpoint_key
from tests.factories import SEQUENCES, SMALL, interrupted, run


@pytest.fixture(scope="module")
def cut_off(tmp_path_factory):
    """The files of a whole run, and the checkpoint of one that was interrupted after its second epoch."""
    folder = tmp_path_factory.mktemp("cut")
    whole = run(folder)
    state = folder / "state.pt"
    for _ in range(2):
        with interrupted():
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
def test_a_damaged_checkpoint_is_reported_and_not_used(tmp_path, caplog, cut_off, damage):
    whole, content = cut_off
    (tmp_path / "state.pt").write_bytes(DAMAGES[damage](content))
    assert run(tmp_path, checkpoint=tmp_path / "state.pt", key="k") == whole
    assert "state.pt: a damaged checkpoint: starting afresh" in caplog.text


@pytest.mark.parametrize(("key", "said"), [("k", "resuming after epoch 2"), ("j", "of other settings")])
def test_a_checkpoint_is_used_for_its_own_run_alone(tmp_path, caplog, cut_off, key, said):
    caplog.set_level("INFO")
    whole, content = cut_off
    (tmp_path / "state.pt").write_bytes(content)
    assert run(tmp_path, checkpoint=tmp_path / "state.pt", key=key) == whole
    assert said in caplog.text
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


def test_other_weights_at_the_start_are_another_checkpoint():
    keys = {
        checkpoint_key(SMALL, SEQUENCES, weights, {})
        for weights in (None, {"w": torch.zeros(3)}, {"w": torch.ones(3)})
    }
    assert len(keys) == 3
