"""Figure 2: where each set of AU centres puts the AUs on a face."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import Centres, au_centres, au_name
from g2rl.errors import InputError
from g2rl.io.figures import COLOURS, TWO_COLUMNS, grey, new_figure, save, style


def calmest_face(files: Sequence[Path]) -> tuple[np.ndarray, np.ndarray]:
    """The face (256, 256, 3) and its landmarks (68, 2) where true intensities add up to least, in the first
    aligned sequence with a face.

    Raises:
        InputError: none has a face.
    """
    from g2rl.faces.jpeg import decode
    from g2rl.faces.sequence_file import read_sequence

    for sequence in map(read_sequence, files):
        if len(sequence.frame):
            row = int(np.argmin(np.maximum(sequence.intensity, 0).sum(1)))
            return decode(sequence.jpeg, sequence.offsets, [row])[0], sequence.landmarks[row]
    raise InputError(f"{files[0]}: no face in it nor in those after it, choose another sequence")


def figure2(
    face: np.ndarray, landmarks: np.ndarray, sets: Mapping[str, Centres], stem: str | os.PathLike
) -> pd.DataFrame:
    """Each set of AU centres on one face: a dot per location, beside it the AUs that lie there.

    Args:
        face: (256, 256, 3) uint8 RGB, aligned.
        landmarks: (68, 2), aligned pixels; drawn as small dots.
        sets: by their names, at most four.

    Returns:
        What ``stem``.csv holds: centres (the set), au, point, x, y in aligned pixels.
    """
    parts = []
    for centres, known in sets.items():
        for au in sorted(known):
            for point, (x, y) in enumerate(au_centres(landmarks, [au], known)):
                parts.append((centres, au_name(au), point, x, y))
    data = pd.DataFrame(parts, columns=["centres", "au", "point", "x", "y"])

    with style():
        figure = new_figure(TWO_COLUMNS, 7.45)
        for number, (name, rows) in enumerate(data.groupby("centres", sort=False)):
            row, column = divmod(number, 2)
            axes = figure.add_axes((0.005 + 0.5 * column, 0.505 - 0.5 * row, 0.49, 0.46))
            axes.set_axis_off()
            axes.imshow(grey(face), cmap="gray", vmin=0, vmax=255, alpha=0.75)
            axes.plot(*landmarks.T, ".", color="white", markersize=1.5)
            axes.set_title(str(name), loc="left", pad=2, weight="bold")
            axes.set(xlim=(20, 236), ylim=(242, 26))
            places: dict[tuple[float, float], list[str]] = {}
            for au, x, y in zip(rows["au"], rows["x"].round(2), rows["y"].round(2), strict=True):
                places.setdefault((x, y), []).append(str(int(au.removeprefix("AU"))))
            for (x, y), aus in places.items():
                dot = axes.plot(x, y, "o", color=COLOURS[1], markersize=4, zorder=4)[0]  # over the labels
                dot.set(markeredgecolor="white", markeredgewidth=0.5)
                # Outwards of the midline; on it, or where a dot is in the way, away from the mouth, or from
                # a dot just above; long labels a little lower.
                aside, below = x - landmarks[[27, 51, 57], 0].mean(), y > landmarks[62, 1]
                side = 0 if abs(aside) < 4 else np.sign(aside)
                reach = 6 + 3 * len(" ".join(aus))
                if any(0 < side * (x1 - x) < reach and abs(y1 - y) < 3 for x1, y1 in places):
                    side, below = 0, below or any(0 < y - y1 < 10 > abs(x1 - x) for x1, y1 in places)
                drop = (-8 if below else 8) if not side else -5 if len(aus) > 2 else 0
                axes.annotate(
                    " ".join(aus),
                    (x, y),
                    (4 * side, drop),
                    textcoords="offset points",
                    ha=("right", "center", "left")[int(side) + 1],
                    va="center",
                    fontsize=7.5,
                    weight="bold",
                    color="black",
                    bbox={"boxstyle": "round,pad=0.12", "facecolor": "white", "alpha": 0.75, "linewidth": 0},
                )
        save(figure, stem, data)
    return data
