"""How far L̂, the maximum of an AU's heatmap, lies from the AU's centre on faces that show the AU."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.action_units import au_centres, au_name, map_au
from g2rl.evaluation.methods import method_title
from g2rl.faces.jpeg import ALIGNED_SIZE, decode
from g2rl.faces.sequence_file import AlignedSequence, read_sequence
from g2rl.io.atomic import write_text
from g2rl.io.markdown import escape, pipe_table
from g2rl.io.tables import write_csv
from g2rl.paths import dataset_of_sequence, locate_fold_file

if TYPE_CHECKING:
    import torch

    from g2rl.network.model_file import Model

BATCH = 64
OUTER_EYES = (36, 45)  # landmarks: the outer corners
FRAME = ["sequence", "frame"]
MEASURES = ["error", "share", "constant", "grid"]
CAPTION = (
    "**Locations.** The distance from the maximum of a heatmap to the AU's centre among the landmarks, in "
    "pixels of the aligned face and as a share of the distance between the outer corners of the eyes; mean "
    "over the AU's points (that of the nearest, if the AU has one heatmap for all) and over the test frames "
    "that are coded above 0 (where an AU is absent, its heatmap is to be empty). Frames: each counted once, "
    "whatever the number of seeds; in the row avg those that show any AU. Constant: the error of a point "
    "that never moves, the mean centre of these frames. Grid: the error of the centre itself, rounded to a "
    "pixel of the heatmap, as the target is. No "
    "interval: a difference between two methods is not tested."
)


def location_errors(model: "Model", sequences: Sequence[AlignedSequence]) -> pd.DataFrame:
    """The errors of a network on the faces of its test subjects.

    Returns:
        One row per frame and AU that is coded above 0: sequence, frame, au, and in pixels of the aligned face
        error, constant and grid, and share of the eyes' distance; see ``CAPTION``.
    """
    import torch

    from g2rl.config.au_centres import centres_in_use
    from g2rl.inference.predictor import check_alignment
    from g2rl.network.heatmaps import to_heatmap, to_image

    s = model.settings
    centres = centres_in_use(s.centres, s.au_centres, model.aus)
    point_au = map_au(model.aus, centres)
    maps = np.arange(len(point_au)) if s.maps == "point" else point_au  # the heatmap of each point
    found, landmarks, codes = [], [], []
    frames: list[tuple[str, int]] = []
    for sequence in sequences:
        check_alignment(model, sequence)
        for start in range(0, len(sequence.frame), BATCH):
            rows = np.arange(start, min(start + BATCH, len(sequence.frame)))
            faces = decode(sequence.jpeg, sequence.offsets, rows, s.image_size)
            found.append(model.predict(faces, sequence.landmarks[rows]).locations)
            landmarks.append(sequence.landmarks[rows])
            codes.append(sequence.intensity[rows])
            frames.extend((sequence.sequence, number) for number in sequence.frame[rows].tolist())
    points, shown = np.concatenate(landmarks), np.concatenate(codes) > 0
    true = au_centres(points, model.aus, centres)
    eyes = np.linalg.norm(points[:, OUTER_EYES[0]] - points[:, OUTER_EYES[1]], axis=-1)
    on_grid = to_heatmap(torch.from_numpy(true), ALIGNED_SIZE, s.map_size).round().clip(0, s.map_size - 1)
    grid = _distance(to_image(on_grid, ALIGNED_SIZE, s.map_size).numpy(), true)
    error = _distance(np.concatenate(found)[:, maps], true)

    def over_points(distances: np.ndarray) -> np.ndarray:
        return distances.min(1) if s.maps == "au" else distances.mean(1)

    parts = []
    for k, au in enumerate(model.aus):
        of_au, coded = point_au == k, shown[:, k]
        if not coded.any():
            continue
        mean = true[coded][:, of_au].mean(0)
        errors = over_points(error[coded][:, of_au])
        places = [frames[row] for row in np.flatnonzero(coded)]
        parts.append(
            pd.DataFrame(
                {
                    "sequence": [sequence for sequence, _ in places],
                    "frame": [frame for _, frame in places],
                    "au": au_name(au),
                    "error": errors,
                    "share": errors / eyes[coded],
                    "constant": over_points(_distance(true[coded][:, of_au], mean)),
                    "grid": over_points(grid[coded][:, of_au]),
                }
            )
        )
    columns = [*FRAME, "au", *MEASURES]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _distance(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.linalg.norm(first - second, axis=-1)


def locations_from_files(
    models: Sequence[Path], sequences: Sequence[Path], device: "torch.device"
) -> pd.DataFrame:
    """Every network on the test subjects of its own dataset that it was not trained on.

    Args:
        models: ``DATASET/RUN/foldK/model.safetensors``.
        sequences: ``DATASET/cache/SEQUENCE.h5``.

    Returns:
        See ``average``.
    """
    from g2rl.network.model_file import read_model

    parts = []
    for path in models:
        place, model = locate_fold_file(path), read_model(path, device)
        own = [read_sequence(each) for each in sequences if dataset_of_sequence(each) == place.dataset]
        unseen = [each for each in own if each.subject not in model.subjects]
        errors = location_errors(model, unseen)
        parts.append(errors.assign(dataset=place.dataset, method=method_title(place.method)))
    return average(pd.concat(parts))


def average(errors: pd.DataFrame) -> pd.DataFrame:
    """The means over the frames of all folds and seeds.

    Args:
        errors: of ``location_errors``, with dataset and method.

    Returns:
        dataset, method, au (``AU06``, …, ``avg``, the mean over AUs), frames, error, share, constant, grid.
    """
    method = ["dataset", "method"]
    table = errors.groupby([*method, "au"], sort=False)[MEASURES].mean()
    table["frames"] = errors.drop_duplicates([*method, "au", *FRAME]).groupby([*method, "au"]).size()
    mean = table.groupby(method, sort=False)[MEASURES].mean()
    mean["frames"] = errors.drop_duplicates([*method, *FRAME]).groupby(method).size()
    table = pd.concat([table.reset_index(), mean.reset_index().assign(au="avg")], ignore_index=True)
    return table[[*method, "au", "frames", *MEASURES]]


def write_locations(table: pd.DataFrame, stem: Path) -> None:
    """Write ``stem``.csv and .md."""
    write_csv(stem.with_suffix(".csv"), table, "%.4f")
    rows = [
        [*map(escape, keys), f"{frames:,}", f"{error:.1f}", f"{share:.1%}", f"{constant:.1f}", f"{grid:.1f}"]
        for *keys, frames, error, share, constant, grid in table.itertuples(index=False)
    ]
    header = ["dataset", "method", "AU", "frames", "error, pixels", "share", "constant", "grid"]
    text = pipe_table(header, "| :--- | :--- | :--- |" + " ---: |" * 5, rows)
    write_text(stem.with_suffix(".md"), f"{CAPTION}\n\n{text}\n")
