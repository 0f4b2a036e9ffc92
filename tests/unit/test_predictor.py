"""Predictions of a trained network on aligned sequences."""

import pytest

from g2rl.errors import InputError
from g2rl.inference.predictor import predict_sequences
from g2rl.network.model_file import read_model
from tests.factories import CPU, HELD_OUT, SEQUENCES, run


def test_predictions_name_frames_and_leave_uncoded_empty(tmp_path):
    run(tmp_path)
    table = predict_sequences(read_model(tmp_path / "model.safetensors", CPU), HELD_OUT)
    assert list(table) == ["subject", "sequence", "frame", "AU06_true", "AU06_pred", "AU12_true", "AU12_pred"]
    assert len(table) == 20
    assert table["AU12_true"].isna().sum() == sum(
        (sequence.intensity[:, 1] < 0).sum() for sequence in HELD_OUT
    )
    assert table.filter(like="_pred").stack().between(0, 5).all()


def test_a_subject_of_the_training_cannot_be_tested(tmp_path):
    run(tmp_path)
    with pytest.raises(InputError, match=r"M002_T1.*trained on its subject M002"):
        predict_sequences(read_model(tmp_path / "model.safetensors", CPU), [HELD_OUT[0], SEQUENCES[1]])
