"""What all figures share: sizes for a two-column page, colours, and PNG, PDF and CSV of the same bytes."""

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd

from g2rl.io.atomic import atomic_path
from g2rl.io.tables import write_csv
from g2rl.rendered import is_rendered

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ONE_COLUMN, TWO_COLUMNS = 3.33, 7.0  # inches, as in the proceedings' style
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")  # Okabe & Ito: colour-blind safe
MARKERS = "os^Dv*"
LINES = ("-", (0, (3, 1.2)), ":")
STYLE = {
    "font.family": "STIXGeneral",  # a Times that matplotlib carries: the same on every machine
    "mathtext.fontset": "stix",
    "font.size": 8.5,
    "axes.titlesize": 8.5,
    "axes.labelsize": 8.5,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "lines.linewidth": 1.2,
    "lines.markersize": 4,
    "legend.frameon": False,
    "pdf.fonttype": 42,  # TrueType: publishers refuse Type 3
}


def label(dataset: str) -> str:
    return f"{dataset} (rendered faces)" if is_rendered(dataset) else dataset


def grey(face: np.ndarray) -> np.ndarray:
    """An RGB image (H, W, 3) as luma (H, W), ITU-R BT.601."""
    return face @ np.array([0.299, 0.587, 0.114])


def style() -> AbstractContextManager[None]:
    """Matplotlib's defaults and ours, whatever the user's own settings are."""
    import matplotlib.style

    return matplotlib.style.context(["default", STYLE])


def new_figure(width: float, height: float, dpi: int = 300, **options: Any) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=dpi, **options)


def draw_grid(axes: "Axes", along: Literal["x", "y"] = "y") -> None:
    """Light lines behind what is drawn."""
    axes.grid(axis=along, color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)


def save(figure: "Figure", stem: str | os.PathLike, data: pd.DataFrame | None = None) -> None:
    """Write ``stem``.pdf, .png and .csv, without date and version: the same drawing, the same bytes."""
    for suffix, metadata in ((".pdf", {"CreationDate": None}), (".png", {"Software": None})):
        with atomic_path(f"{stem}{suffix}") as path:
            figure.savefig(path, metadata=metadata)
    if data is not None:
        write_csv(f"{stem}.csv", data)
