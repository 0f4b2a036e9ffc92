"""Figure 3: the framework, with the shapes of the tensors in a forward pass."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from g2rl.io.figures import COLOURS, TWO_COLUMNS, new_figure, save, style
from g2rl.network.shapes import Layer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

HEIGHT, BOX = 2.95, 0.24  # inches: of the figure, of a box
NET, PROJECTION, GRAPH = 2.25, 1.2, 0.42  # the middle of each row of boxes, from below
EDGE = 0.47  # from the figure's edge to the middle of a row's first box
TITLES = {
    "Adjacency": "A",
    "Concatenation": "concatenated",
    "ConvTranspose2d": "deconvolution",
    "Conv2d": "conv 1×1",
    "Conv1d": "conv 1×1",
    "Linear": "fc",
    "ConstantTarget": "constant",  # in the place of the graph network: the controls
    "IntensityTarget": "random",
}
INPUTS = {"P": "landmarks P", "I": "intensities I"}
GCN = ("W1", "W2", "W3")  # the layers of Eq. 3
TRANSPOSED = ("Concatenation", "Conv1d")  # PyTorch has their channels before the 68 landmarks


def figure3(layers: Sequence[Layer], aus: int, stem: str | os.PathLike) -> pd.DataFrame:
    """The network of test time in the first row; below it what exists in training only.

    Args:
        layers: see ``trace_layers``.
        aus: K, the number of intensities.

    Returns:
        What ``stem``.csv holds: part, name, kind, shape (of one face, landmarks first), parameters.
    """
    net, projection, graph = (
        [one for one in layers if one.part == part] for part in ("net", "projection", "geometry")
    )
    with style():
        figure = new_figure(TWO_COLUMNS, HEIGHT)
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, TWO_COLUMNS), ylim=(0, HEIGHT))
        axes.set_axis_off()
        axes.add_patch(_rectangle(0.06, 0.06, TWO_COLUMNS - 0.12, 1.72, facecolor="0.96", linestyle="--"))
        axes.text(0.14, 1.71, "in training only", va="top", style="italic", fontsize=8)
        counts = [sum(one.parameters for one in part) / 1e6 for part in (net, layers)]
        text = f"at test time: {counts[0]:.2f} M parameters (in training: {counts[1]:.2f} M)"
        axes.text(0.14, HEIGHT - 0.08, text, va="top", style="italic", fontsize=8)

        across = np.linspace(EDGE, TWO_COLUMNS - EDGE, len(net) + 1).tolist()
        titles = ["face", *map(_title, net[1:-2]), "deconvolution: M", "conv 1×1: heatmaps", "AU intensities"]
        _row(axes, across, NET, titles, [*map(_shape, net), str(aus)], COLOURS[5])
        M, heatmaps, right = across[-3:]

        between = np.linspace(M, right, len(projection) + 2)[: len(projection)].tolist()
        titles = [*map(_title, projection[:-1]), "fc: WM"] if projection else []
        reach = _row(axes, between, PROJECTION, titles, [*map(_shape, projection)], COLOURS[4])
        _arrow(axes, (M, NET - BOX / 2), (M, PROJECTION + (BOX / 2 + 0.17 if projection else 0)))

        along = [*np.linspace(EDGE, right, len(graph)).tolist()[:-1], right]
        titles = [*map(_title, graph[:-1]), f"{_title(graph[-1])}: G"]
        _row(axes, along, GRAPH, titles, [*map(_shape, graph)], COLOURS[2])

        place = {layer.name: x for x, layer in zip(along, graph, strict=True)}
        low = GRAPH - BOX / 2
        for name in GCN[:2] if "F" in place else ():  # Eq. 4 takes the outputs of all of Eq. 3
            x, end = place[name], place["F"]
            axes.plot([x, x, end, end], [low, low - 0.1, low - 0.1, low], color="0.25", linewidth=0.7)

        _text(axes, right - 0.09, PROJECTION, "$L_G=\\|G-WM\\|^2$")
        start = between[-1] + reach if projection else M + 0.38
        _arrow(axes, (start, PROJECTION), (right - 0.56, PROJECTION))
        _arrow(axes, (right, GRAPH + BOX / 2 + 0.17), (right, PROJECTION - 0.1))
        _text(axes, heatmaps, HEIGHT - 0.17, "$L_S$: distance to the heatmaps of Eq. 1")
        _arrow(axes, (heatmaps, NET + BOX / 2 + 0.17), (heatmaps, HEIGHT - 0.26))
        _text(axes, right - 0.47, 1.63, "$L=\\lambda L_G+(1-\\lambda)L_S$")
        data = pd.DataFrame([asdict(one) | {"shape": _shape(one)} for one in layers])
        save(figure, stem, data)
    return data


def _title(layer: Layer) -> str:
    if layer.part == "geometry" and layer.name in GCN:
        return "ReLU(AFW)"
    if layer.part == "geometry" and layer.kind == "Input":
        return INPUTS[layer.name]
    return TITLES.get(layer.kind, layer.kind.partition(".")[0])  # a backbone without the name of its weights


def _shape(layer: Layer) -> str:
    """As the paper has it, one row per landmark."""
    shape = layer.shape[::-1] if layer.kind in TRANSPOSED else layer.shape
    return "×".join(map(str, shape))


def _row(
    axes: "Axes",
    middles: Sequence[float],
    y: float,
    titles: Sequence[str],
    shapes: Sequence[str],
    colour: str,
) -> float:
    """Boxes with a tensor's shape in each, what made it above, and arrows from one to the next; returns half
    the width of a box."""
    width = min(0.8, 0.86 * (middles[1] - middles[0])) if len(middles) > 1 else 0.8
    for n, (x, title, shape) in enumerate(zip(middles, titles, shapes, strict=True)):
        axes.add_patch(_rectangle(x - width / 2, y - BOX / 2, width, BOX, facecolor=colour, alpha=0.45))
        axes.text(x, y, shape, ha="center", va="center", fontsize=7.5)
        axes.text(x, y + BOX / 2 + 0.03, title, ha="center", va="bottom", fontsize=7)
        if n:
            _arrow(axes, (middles[n - 1] + width / 2, y), (x - width / 2, y))
    return width / 2


def _rectangle(x: float, y: float, width: float, height: float, **look: Any) -> "Patch":
    from matplotlib.patches import Rectangle

    return Rectangle((x, y), width, height, edgecolor="0.4", linewidth=0.6, **look)


def _arrow(axes: "Axes", start: tuple[float, float], end: tuple[float, float]) -> None:
    look = {
        "arrowstyle": "-|>",
        "color": "0.25",
        "linewidth": 0.7,
        "mutation_scale": 6,
        "shrinkA": 0,
        "shrinkB": 0,
    }
    axes.annotate("", end, start, arrowprops=look)


def _text(axes: "Axes", x: float, y: float, text: str) -> None:
    axes.text(x, y, text, ha="center", va="center", fontsize=8.5)
