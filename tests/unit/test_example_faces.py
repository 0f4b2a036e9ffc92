"""The faces of Figure 4: the chosen frames of each dataset, and what its own network predicts for them."""

from dataclasses import replace

import numpy as np
import pytest

from g2rl.errors import InputError
from g2rl.evaluation.example_faces import choose_frames, held_out_faces
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import write_sequence
from g2rl.inference.predictions import read_predictions, write_predictions
from g2rl.inference.predictor import predict_sequences
from g2rl.network.model_file import read_model
from g2rl.training.loop import train
from tests.factories import CPU, HELD_OUT, SEQUENCES, SMALL


def test_faces_heatmaps_and_intensities_are_those_of_the_chosen_frames(tmp_path):
    fold = tmp_path / "bp4d/g2rl_sigma2_lambda0.05_seed0/fold1"
    fold.mkdir(parents=True)
    train(SEQUENCES, replace(SMALL, epochs=1), fold / "model.safetensors", fold / "history.csv", CPU)
    model = read_model(fold / "model.safetensors", CPU)
    write_predictions(fold / "predictions.csv", predict_sequences(model, HELD_OUT))
    files = [tmp_path / f"bp4d/cache/{sequence.sequence}.h5" for sequence in HELD_OUT]
    for path, sequence in zip(files, HELD_OUT, strict=True):
        write_sequence(path, sequence)
    given = [fold / "model.safetensors"], [fold / "predictions.csv"]
    (panel,) = held_out_faces(*given, files, 2)
    table = read_predictions(fold / "predictions.csv")
    chosen = choose_frames(table, 2)
    assert (panel.dataset, panel.aus) == ("bp4d", (6, 12))
    assert list(zip(panel.sequence, panel.frame, strict=True)) == list(
        chosen[["sequence", "frame"]].itertuples(index=False, name=None)
    )
    for row, sequence in enumerate(HELD_OUT):
        frame = panel.frame[row]
        np.testing.assert_array_equal(panel.faces[row], decode(sequence.jpeg, sequence.offsets, [frame])[0])
        np.testing.assert_array_equal(panel.true[row], sequence.intensity[frame])
        predicted = table[(table["sequence"] == sequence.sequence) & (table["frame"] == frame)]
        np.testing.assert_allclose([panel.pred[row]], predicted.filter(like="_pred"), atol=0.05)
        peaks = panel.heatmaps[row].reshape(len(panel.point_au), -1)
        rows, columns = np.divmod(peaks.argmax(1), panel.heatmaps.shape[-1])
        size = 256 / panel.heatmaps.shape[-1]
        np.testing.assert_allclose(panel.locations[row], np.stack([columns, rows], 1) * size + (size - 1) / 2)
    with pytest.raises(InputError, match="no aligned sequence given of M004_T1"):
        held_out_faces(*given, files[:1], 2)
    write_sequence(files[1], replace(HELD_OUT[1], frame=HELD_OUT[1].frame + 100))
    with pytest.raises(InputError, match=r"M004_T1\.h5: no frame"):
        held_out_faces(*given, files, 2)
