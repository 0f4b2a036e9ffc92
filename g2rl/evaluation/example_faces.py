"""The held-out faces of Figure 4: chosen by their true intensities, never by a prediction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import read_sequence
from g2rl.inference.predictions import KEYS, au_columns, read_predictions
from g2rl.paths import dataset_of_sequence, locate_fold_file

if TYPE_CHECKING:
    from g2rl.network.model_file import Model


@dataclass(frozen=True)
class FacePanel:
    """R held-out faces of one dataset with their predicted heatmaps, for ``figure4``."""

    dataset: str
    aus: Sequence[int]
    point_au: np.ndarray  # (P,) which of aus (its index) each heatmap belongs to
    faces: np.ndarray  # (R, 256, 256, 3) uint8 RGB, aligned
    heatmaps: np.ndarray  # (R, P, S', S') in units of intensity: Eq. 1's maps times 2πσ²
    locations: np.ndarray  # (R, P, 2) x, y of each heatmap's maximum, aligned pixels
    true: np.ndarray  # (R, K) 0–5, NaN or negative = not coded
    pred: np.ndarray  # (R, K) 0–5
    subject: Sequence[str]
    sequence: Sequence[str]
    frame: Sequence[int]


def choose_frames(predictions: pd.DataFrame, count: int) -> pd.DataFrame:
    """The frames for ``figure4``: ``count`` subjects, spread evenly over the sorted names, of each the frame
    with the highest sum of true intensities (the first of equals).

    Returns:
        Columns subject, sequence, frame; fewer than ``count`` rows if there are fewer subjects.
    """
    table = predictions.sort_values(KEYS, ignore_index=True)
    total = table[[f"{au}_true" for au in au_columns(table)]].sum(axis=1)
    best = total.groupby(table["subject"]).idxmax().to_numpy()
    spread = np.linspace(0, len(best) - 1, min(count, len(best))).round().astype(int)
    return table.loc[best[spread], KEYS].reset_index(drop=True)


def held_out_faces(
    models: Sequence[Path], predictions: Sequence[Path], sequences: Sequence[Path], count: int
) -> list[FacePanel]:
    """The faces of ``choose_frames`` of each dataset and the heatmaps that a network predicts for them.

    Args:
        models: ``DATASET/RUN/foldK/model.safetensors``, one per dataset.
        predictions: of each model, its ``predictions.csv``.
        sequences: ``DATASET/cache/SEQUENCE.h5`` of the test subjects of all datasets.

    Raises:
        InputError: the aligned sequence of a chosen frame is missing, or not the one that was predicted.
    """
    import torch

    from g2rl.network.model_file import read_model

    panels = []
    for path, table in zip(models, predictions, strict=True):
        dataset, model = locate_fold_file(path).dataset, read_model(path, torch.device("cpu"))
        files = {each.stem: each for each in sequences if dataset_of_sequence(each) == dataset}
        panels.append(_face_panel(dataset, model, choose_frames(read_predictions(table), count), files))
    return panels


def _face_panel(dataset: str, model: "Model", chosen: pd.DataFrame, files: Mapping[str, Path]) -> FacePanel:
    from g2rl.network.variants import height

    subjects, names, frames = (chosen[column].tolist() for column in KEYS)
    faces, maps, where, true, pred = [], [], [], [], []
    for name, frame in zip(names, frames, strict=True):
        if name not in files:
            raise InputError(f"figure 4: no aligned sequence given of {name}, which the predictions name")
        sequence = read_sequence(files[name])
        index = np.flatnonzero(sequence.frame == frame)
        if not len(index):
            raise InputError(f"{files[name]}: no frame {frame}: predict its frames again")
        images = decode(sequence.jpeg, sequence.offsets, index, model.settings.image_size)
        result = model.predict(images, sequence.landmarks[index])
        faces.append(decode(sequence.jpeg, sequence.offsets, index)[0])
        maps.append(result.heatmaps[0] / height(model.settings))
        where.append(result.locations[0])
        true.append(sequence.intensity[index[0]])
        pred.append(result.intensity[0])
    return FacePanel(
        dataset=dataset,
        aus=model.aus,
        point_au=model.point_au.cpu().numpy(),
        faces=np.stack(faces),
        heatmaps=np.stack(maps),
        locations=np.stack(where),
        true=np.stack(true),
        pred=np.stack(pred),
        subject=subjects,
        sequence=names,
        frame=frames,
    )
