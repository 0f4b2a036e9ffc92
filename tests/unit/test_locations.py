"""Location errors of networks whose heatmaps have their maxima at known places."""

import numpy as np
import pandas as pd
import pytest
import torch

from g2rl.config.training import Settings
from g2rl.evaluation.locations import average, location_errors
from g2rl.network.model_file import Model
from tests.factories import make_sequence

SIZE = 8  # of a heatmap, so a pixel of it is 32 of the face


class Fixed(torch.nn.Module):
    """Every heatmap has its maximum in the same pixel."""

    def __init__(self, maps, x, y):
        super().__init__()
        self.maps = torch.zeros(1, maps, SIZE, SIZE)
        self.maps[..., y, x] = 1

    def heatmaps(self, images):
        return [self.maps.expand(len(images), -1, -1, -1)]


@pytest.mark.parametrize(("maps", "points"), [("point", (0, 0, 1, 1)), ("au", (0, 1))])
def test_the_error_is_the_distance_to_the_centre_where_the_au_is_coded(maps, points):
    settings = Settings(image_size=32, channels=(8, 8, 8), maps=maps, au_centres="6: 41 46, 12: 48 54")
    model = Model(
        aus=(6, 12),
        settings=settings,
        net=Fixed(len(points), 2, 5),
        point_au=torch.tensor(points),
        device=torch.device("cpu"),
    )
    sequence = make_sequence("F001", 4)
    sequence.intensity[:] = [[3, 0], [-1, 0], [0, 1], [5, 0]]
    found = location_errors(model, [sequence])
    assert found["au"].tolist() == ["AU06", "AU06", "AU12"]

    maximum = np.array([2 * 32 + 15.5, 5 * 32 + 15.5])  # the middle of that pixel
    for row, (frame, pair) in enumerate([(0, (41, 46)), (3, (41, 46)), (2, (48, 54))]):
        face = sequence.landmarks[frame].astype(float)
        distances = [np.hypot(*(face[landmark] - maximum)) for landmark in pair]
        expected = np.mean(distances) if maps == "point" else min(distances)
        assert found["error"][row] == pytest.approx(expected, rel=1e-5)
        centre = face[list(pair)]
        shown = [0, 3] if row < 2 else [2]
        mean = sequence.landmarks[shown][:, list(pair)].mean(0)
        reduced = np.mean if maps == "point" else np.min
        still = reduced(np.hypot(*(centre - mean).T))
        assert found["constant"][row] == pytest.approx(still, rel=1e-4, abs=1e-4)
        assert found["share"][row] == pytest.approx(expected / np.hypot(*(face[36] - face[45])), rel=1e-5)
    assert found["constant"][2] == pytest.approx(0, abs=1e-4)  # the only frame: its centre is the mean
    assert (found["grid"] <= np.hypot(16, 16)).all()


def test_a_frame_counts_once_whatever_the_aus_and_seeds():
    rows = [("F001_T1", 1, "AU06", 2.0), ("F001_T1", 1, "AU12", 8.0), ("F001_T1", 2, "AU12", 4.0)]
    seed = pd.DataFrame(rows, columns=["sequence", "frame", "au", "error"])
    seed = seed.assign(dataset="bp4d", method="G2RL", share=0.1, constant=1.0, grid=1.0)
    found = average(pd.concat([seed, seed])).set_index("au")
    assert found["frames"].to_dict() == {"AU06": 1, "AU12": 2, "avg": 2}
    assert found["error"].to_dict() == {"AU06": 2, "AU12": 6, "avg": 4}
