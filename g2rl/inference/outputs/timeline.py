"""Timeline: a figure of all AUs over time, a panel per face."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from g2rl.action_units import MAX_INTENSITY, NAMES, au_name
from g2rl.inference.outputs.series import Series, SeriesWriter
from g2rl.io.figures import COLOURS, TWO_COLUMNS, new_figure, save, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_FACES = 6  # those seen longest
MOST_STEPS = (
    2000  # about one per pixel of the figure's width; of more frames the highest in each step is drawn
)
ROW, HEAD = 0.235, 0.3  # inches: of an AU, above a face's panel
FOOT, LINE = 0.48, 0.13  # inches: below all, and for each line of the caption
ABSENT, DOUBTFUL = "0.93", "0.78"  # greys
DOTS = 200  # per inch
CAPTION = 150  # letters per line


class Timeline(SeriesWriter):
    """``holiday.timeline.png``, and the same as a PDF."""

    def close(self) -> None:
        draw_timeline(self._series, self._model, self.path.with_suffix(""))


def draw_timeline(series: Series, model: str, stem: Path) -> None:
    """A row per AU, 0 to 5 high; light grey where the face is not found, darker where it is doubtful."""
    from matplotlib.patches import Patch

    known = series.faces()
    faces = sorted(known[:MOST_FACES])
    more = len(known) - len(faces)
    left_out = f" {more} more faces, seen for less time, are in the CSV." if more else ""
    caption = textwrap.wrap(f"Each row: 0 to {MAX_INTENSITY}. {model}{left_out}", CAPTION)
    foot = FOOT + LINE * len(caption)
    panel = HEAD + ROW * len(series.aus)
    height = foot + panel * max(len(faces), 1)
    with style():
        figure = new_figure(TWO_COLUMNS, height, DOTS)
        for number, face in enumerate(faces or [-1]):
            bottom = foot + panel * (max(len(faces), 1) - 1 - number)
            axes = figure.add_axes((0.215, bottom / height, 0.755, (panel - HEAD) / height))
            title = f"{series.file}: face {face}" if faces else f"{series.file}: no face found"
            axes.set_title(title, loc="left", pad=4, weight="bold")
            _draw_face(axes, series, face)
            axes.tick_params(labelbottom=number == len(faces or [-1]) - 1)
        axes.set_xlabel("Seconds after the first frame", loc="left")
        patches = [
            Patch(color=ABSENT, label="face not found"),
            Patch(color=DOUBTFUL, label="doubtful (success 0)"),
        ]
        place = (0.98, (foot - 0.46) / height)
        figure.legend(
            handles=patches,
            loc="lower right",
            bbox_to_anchor=place,
            ncols=2,
            handlelength=1.2,
            handleheight=0.9,
        )
        figure.text(0.01, 0.06 / height, "\n".join(caption), fontsize=7, color="0.35")
        save(figure, stem)


def _draw_face(axes: "Axes", series: Series, face: int) -> None:
    intensity, success = series.of_face(face)
    edges, intensity, success = reduce_steps(series.edges, intensity, success)
    found = np.isfinite(intensity).all(1)
    x = np.repeat(edges, 2)[1:-1]  # where each step starts and ends
    top = len(series.aus)
    for shaded, colour in ((~found, ABSENT), (found & ~success, DOUBTFUL)):
        axes.fill_between(x, 0, top, where=np.repeat(shaded, 2), color=colour, linewidth=0)
    look: dict[str, Any] = {"color": COLOURS[face % len(COLOURS)], "alpha": 0.75, "linewidth": 0}
    for row, values in enumerate(intensity.T):
        base = top - 1 - row
        level = base + 0.92 * np.nan_to_num(values) / MAX_INTENSITY
        axes.fill_between(x, base, np.repeat(level, 2), where=np.repeat(found, 2), **look)
        axes.axhline(base, color="0.75", linewidth=0.4)
    labels = [f"{NAMES[au][0] if au in NAMES else ''}  {au_name(au)}" for au in reversed(series.aus)]
    axes.set(ylim=(0, top), yticks=np.arange(top) + 0.35, yticklabels=labels)
    if len(edges):
        axes.set_xlim(edges[0], edges[-1])
    axes.tick_params(axis="y", length=0, labelsize=7.5)


def reduce_steps(
    edges: np.ndarray, intensity: np.ndarray, success: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Several frames as one step, where there are more than ``MOST_STEPS``.

    Args:
        edges, intensity, success: (N + 1,), (N, K) and (N,), see ``Series``.

    Returns:
        The same of fewer steps, each with the highest intensities in it, and doubtful if one frame is.
    """
    count = len(success)
    frames = -(-count // MOST_STEPS)
    if frames <= 1:
        return edges, intensity, success
    starts = np.arange(0, count, frames)
    highest = np.fmax.reduceat(intensity, starts)
    trusted = np.minimum.reduceat(success | np.isnan(intensity[:, 0]), starts)
    return np.append(edges[starts], edges[-1]), highest, trusted
