"""TODO: one line."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.errors import InputError
from g2rl.inference.predictions import KEYS, au_columns
from g2rl.report.figures.style import (
    ALIGNED_SIZE,
    TWO_COLUMNS,
    label,
    new_figure,
    save,
    style,
    whole,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from g2rl.network.model_file import Model


@dataclass(frozen=True)
class FacePanel:
    """R held-out faces of one dataset with their predicted heatmaps, for ``figure4``."""

    dataset: str
    aus: Sequence[int]
    point_au: np.ndarray  # (P,) which of aus (its index) each heatmap belongs to
    faces: np.ndarray  # (R, 256, 256, 3) uint8 RGB, aligned
    heatmaps: np.ndarray  # (R, P, S', S') in units of intensity: Eq. 1's maps times 2πσ²
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
    dataset: str, model: "Model", predictions: pd.DataFrame, shards: Mapping[str, Path], count: int
) -> FacePanel:
    """The faces of ``choose_frames`` and the heatmaps that ``model`` predicts for them.

    Args:
        predictions: of the fold that the model was not trained on.
        shards: the test sequences' files by name.

    Raises:
        InputError: the shard of a chosen frame is missing, or not the one that was predicted.
    """
    from g2rl.faces.jpeg import decode
    from g2rl.faces.sequence_file import read_sequence
    from g2rl.inference.predictor import predict
    from g2rl.network.heatmaps import peak

    chosen = choose_frames(predictions, count)
    faces, maps, true, pred = [], [], [], []
    for row in chosen.itertuples():
        if row.sequence not in shards:
            raise InputError(f"figure 4: no shard given of {row.sequence}, which the predictions name")
        shard = read_sequence(shards[row.sequence])
        index = np.flatnonzero(shard.frame == row.frame)
        if not len(index):
            raise InputError(f"{shards[row.sequence]}: no frame {row.frame}: predict its frames anew")
        result = predict(model, decode(shard.jpeg, shard.offsets, index, model.settings.image_size))
        faces.append(decode(shard.jpeg, shard.offsets, index)[0])
        maps.append(result.heatmaps[0] / peak(model.settings.sigma, model.settings.amplitude))
        true.append(shard.intensity[index[0]])
        pred.append(result.intensity[0])
    return FacePanel(
        dataset,
        model.aus,
        model.point_au.cpu().numpy(),
        *map(np.stack, (faces, maps, true, pred)),
        *(chosen[column].tolist() for column in KEYS),
    )


def figure4(panels: Sequence[FacePanel], stem: str | os.PathLike) -> pd.DataFrame:
    """Held-out faces, and over each the predicted heatmaps of one AU after another.

    An AU's heatmap is the maximum over its points. Writes ``stem``.png, .pdf and .csv and returns what the
    last holds: a row a point, x and y of its maximum in aligned pixels, peak its height.
    """
    with style():
        # In inches. A face is as tall as the lines of its AUs, at most six a line, beside it.
        margin, gap, text, head, foot = 0.03, 0.05, 0.17, 0.27, 0.42
        lines = [int(np.ceil(len(panel.aus) / 6)) for panel in panels]
        across = [int(np.ceil(len(panel.aus) / n)) for panel, n in zip(panels, lines, strict=True)]
        cells = [
            (TWO_COLUMNS - 2 * margin - m * gap - (n - 1) * (gap + text)) / (m + n)
            for m, n in zip(across, lines, strict=True)
        ]
        heights = [
            head + len(panel.faces) * n * (text + cell + gap)
            for panel, n, cell in zip(panels, lines, cells, strict=True)
        ]
        height = sum(heights) + foot
        figure = new_figure(TWO_COLUMNS, height)

        def place(x: float, y: float, size: float, label: str, value: str = "") -> "Axes":
            """A square of ``size`` inches, its top left corner at x, y from the figure's, text above it."""
            axes = figure.add_axes(
                (x / TWO_COLUMNS, 1 - (y + size) / height, size / TWO_COLUMNS, size / height)
            )
            axes.set_axis_off()
            for at, words, side in ((0, label, "left"), (1, value, "right")):
                axes.annotate(
                    words, (at, 1), (0, 1.5), "axes fraction", "offset points", ha=side, va="bottom"
                )
            return axes

        top = 0.0
        for panel, n, m, cell in zip(panels, lines, across, cells, strict=True):
            title = {"va": "top", "weight": "bold"}
            figure.text(margin / TWO_COLUMNS, 1 - (top + 0.06) / height, label(panel.dataset), **title)
            top += head
            for row, face in enumerate(panel.faces):
                size = n * cell + (n - 1) * (gap + text)
                axes = place(margin, top + text, size, f"{panel.sequence[row]}, frame {panel.frame[row]}")
                axes.imshow(face)
                grey = face @ np.array([0.299, 0.587, 0.114])
                for k, au in enumerate(panel.aus):
                    line, column = divmod(k, m)
                    x = margin + size + gap + column * (cell + gap)
                    y = top + text + line * (cell + gap + text)
                    value = f"{whole(panel.true[row, k])} / {panel.pred[row, k]:.1f}"
                    axes = place(x, y, cell, f"AU{au}", value)
                    shown = _overlay(axes, grey, panel.heatmaps[row, panel.point_au == k].max(0))
                top += n * (text + cell + gap)

        axes = figure.add_axes((0.30, 0.23 / height, 0.36, 0.09 / height))
        bar = figure.colorbar(shown, cax=axes, orientation="horizontal", ticks=range(MAX_INTENSITY + 1))
        bar.solids.set_alpha(1)
        bar.outline.set_linewidth(0.4)
        axes.tick_params(pad=1.5, length=2)
        figure.text(0.285, 0.27 / height, "predicted intensity", ha="right", va="center")
        figure.text(0.675, 0.27 / height, "above each face: true / predicted", ha="left", va="center")
        data = pd.concat([_panel_rows(panel) for panel in panels], ignore_index=True)
        save(figure, stem, data)
    return data


def _overlay(axes: "Axes", grey: np.ndarray, heatmap: np.ndarray) -> object:
    """A face in grey, and its (S', S') heatmap over it, clear where there is no intensity."""
    square = (-0.5, ALIGNED_SIZE - 0.5, ALIGNED_SIZE - 0.5, -0.5)
    axes.imshow(grey, cmap="gray", vmin=0, vmax=255, extent=square)
    alpha = (heatmap / 2).clip(0, 0.8)
    return axes.imshow(
        heatmap,
        cmap="plasma",
        vmin=0,
        vmax=MAX_INTENSITY,
        alpha=alpha,
        extent=square,
        interpolation="bilinear",
    )


def _panel_rows(panel: FacePanel) -> pd.DataFrame:
    rows = []
    size = panel.heatmaps.shape[-1]
    for r in range(len(panel.faces)):
        for p, k in enumerate(panel.point_au):
            heatmap = panel.heatmaps[r, p]
            y, x = np.unravel_index(heatmap.argmax(), heatmap.shape)
            where = [(v + 0.5) * ALIGNED_SIZE / size - 0.5 for v in (x, y)]
            true = panel.true[r, k] if panel.true[r, k] >= 0 else np.nan
            face = (panel.dataset, panel.subject[r], panel.sequence[r], panel.frame[r])
            rows.append((*face, au_name(panel.aus[k]), p, *where, heatmap.max(), true, panel.pred[r, k]))
    return pd.DataFrame(
        rows, columns=["dataset", *KEYS, "au", "point", "x", "y", "peak", "true", "pred"]
    ).astype({"true": "Int8"})
