"""The affine correction of the intensities."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from g2rl.network import heatmaps as hm
from g2rl.network.model_file import read_model
from g2rl.network.preprocessing import normalise
from g2rl.training import data
from tests.factories import CPU, SEQUENCES, SMALL, run


@pytest.mark.parametrize("maps", ["point", "au"])
def test_calibration_gives_the_training_frames_the_codes_mean_and_deviation(tmp_path, maps):
    settings = replace(SMALL, precision="fp32", maps=maps, epochs=12, lr=5e-3)
    faces = data.load_faces(SEQUENCES, 32, CPU)
    models = []
    for name, change in (("plain", {}), ("line", {"calibrate": True})):
        run(tmp_path / name, replace(settings, **change))
        models.append(read_model(tmp_path / name / "model.safetensors", CPU))
    with torch.inference_mode():
        images = normalise(faces.images)
        plain, line = (
            hm.au_mean(hm.intensities(model.net(images)[0], hm.peak(2)), model.point_au, 2).double().numpy()
            for model in models
        )
    for k in range(2):
        code = faces.intensity[:, k].numpy()
        assert line[code >= 0, k].mean() == pytest.approx(code[code >= 0].mean(), rel=1e-3)
        assert line[code >= 0, k].std() == pytest.approx(code[code >= 0].std(), rel=1e-3)
        assert np.corrcoef(line[:, k], plain[:, k])[0, 1] == pytest.approx(1, abs=1e-6)
