"""Figure 4: held-out faces, and over each the predicted heatmaps of one AU after another."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.evaluation.example_faces import FacePanel
from g2rl.faces.jpeg import ALIGNED_SIZE
from g2rl.inference.predictions import KEYS
from g2rl.io.figures import TWO_COLUMNS, grey, label, new_figure, save, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.colors import Colormap

COLOURS = "OrRd"  # the paper: redder is higher, lighter is lower; in grey: darker is higher
PALE = 0.75  # the darkest a face is under its heatmap, so that no shadow looks like an intensity


def figure4(panels: Sequence[FacePanel], stem: str | os.PathLike) -> pd.DataFrame:
    """An AU's heatmap is the maximum over its points.

    Returns:
        What ``stem``.csv holds: one row per point, x and y of its maximum in aligned pixels, peak its height.
    """
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

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
            place_of_title = margin / TWO_COLUMNS, 1 - (top + 0.06) / height
            figure.text(*place_of_title, label(panel.dataset), va="top", weight="bold")
            top += head
            for row, face in enumerate(panel.faces):
                size = n * cell + (n - 1) * (gap + text)
                axes = place(margin, top + text, size, f"{panel.sequence[row]}, frame {panel.frame[row]}")
                axes.imshow(face)
                for k, au in enumerate(panel.aus):
                    line, column = divmod(k, m)
                    x = margin + size + gap + column * (cell + gap)
                    y = top + text + line * (cell + gap + text)
                    value = f"{_truth(panel.true[row, k])} / {panel.pred[row, k]:.1f}"
                    axes = place(x, y, cell, f"AU{au}", value)
                    _overlay(axes, face, panel.heatmaps[row, panel.point_au == k].max(0))
                top += n * (text + cell + gap)

        axes = figure.add_axes((0.30, 0.23 / height, 0.36, 0.09 / height))
        scale = ScalarMappable(Normalize(0, MAX_INTENSITY), _colours_as_seen())
        bar = figure.colorbar(scale, cax=axes, orientation="horizontal", ticks=range(MAX_INTENSITY + 1))
        bar.outline.set_linewidth(0.4)
        axes.tick_params(pad=1.5, length=2)
        figure.text(0.285, 0.27 / height, "predicted intensity", ha="right", va="center")
        figure.text(0.675, 0.27 / height, "above each face: true / predicted", ha="left", va="center")
        data = pd.concat([_panel_rows(panel) for panel in panels], ignore_index=True)
        save(figure, stem, data)
    return data


def _truth(value: float) -> str:
    return f"{value:.0f}" if value >= 0 else "–"


def _overlay(axes: "Axes", face: np.ndarray, heatmap: np.ndarray) -> None:
    """A face in pale grey, and its (S', S') heatmap over it, clear where there is no intensity."""
    square = (-0.5, ALIGNED_SIZE - 0.5, ALIGNED_SIZE - 0.5, -0.5)
    pale = PALE + (1 - PALE) * grey(face) / 255
    axes.imshow(pale, cmap="gray", vmin=0, vmax=1, extent=square)
    drawn = axes.imshow(heatmap, cmap=COLOURS, vmin=0, vmax=MAX_INTENSITY, extent=square)
    drawn.set(alpha=_opacity(heatmap), interpolation="bilinear")


def _opacity(intensity: np.ndarray) -> np.ndarray:
    return (0.9 * intensity).clip(0, 0.9)


def _colours_as_seen() -> "Colormap":
    """The colours of the intensities over a face of middling grey, for the legend."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    share = np.linspace(0, 1, 256)
    opacity = _opacity(share * MAX_INTENSITY)[:, None]
    return ListedColormap(opacity * colormaps[COLOURS](share)[:, :3] + (1 - opacity) * (1 + PALE) / 2)


def _panel_rows(panel: FacePanel) -> pd.DataFrame:
    rows = []
    for r in range(len(panel.faces)):
        for p, k in enumerate(panel.point_au):
            heatmap = panel.heatmaps[r, p]
            true = panel.true[r, k] if panel.true[r, k] >= 0 else np.nan
            face = (panel.dataset, panel.subject[r], panel.sequence[r], panel.frame[r])
            rows.append(
                (
                    *face,
                    au_name(panel.aus[k]),
                    p,
                    *panel.locations[r, p],
                    heatmap.max(),
                    true,
                    panel.pred[r, k],
                )
            )
    return pd.DataFrame(
        rows, columns=["dataset", *KEYS, "au", "point", "x", "y", "peak", "true", "pred"]
    ).astype({"true": "Int8"})
