"""Figures 2 and 4–7, sized for a two-column page, each as PNG, PDF and a CSV of what it plots.

Same input, same bytes. The frames that figures 4 and 5 show are chosen by rules that see the true
intensities only (``choose_frames``, ``choose_sequence``), never by how well a network does on them.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from g2rl.au import CENTRES, MAX_INTENSITY, au_centres, au_name
from g2rl.files import InputError, atomic_path, write_csv
from g2rl.metrics import KEYS, au_columns
from g2rl.tables import ARROWS, is_rendered, mean_over_seeds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from g2rl.cache import Shard
    from g2rl.inference import Model

ONE_COLUMN, TWO_COLUMNS = 3.33, 7.0  # inches, as in the proceedings' style
ALIGNED_SIZE = 256
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


@dataclass(frozen=True)
class Faces:
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


@dataclass(frozen=True)
class SweepPoint:
    """What G2RL reached at one value of σ or λ: a table of ``metrics.evaluate`` for each seed."""

    dataset: str
    value: float
    metrics: Sequence[pd.DataFrame]


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


def choose_sequence(predictions: pd.DataFrame) -> tuple[str, list[str]]:
    """The sequence and the two AUs for ``figure5``: those whose truth varies most.

    In each sequence the two AUs with the largest standard deviation of the truth count; the sequence where
    the two add up to most is taken, the first by name of equals.

    Raises:
        InputError: fewer than two AUs, or in no sequence are two of them coded twice.
    """
    columns = {f"{au}_true": au for au in au_columns(predictions)}
    spread = predictions.groupby("sequence")[list(columns)].std().rename(columns=columns)
    top = np.sort(spread.fillna(-np.inf).to_numpy(), axis=1)[:, -2:].sum(1)
    if len(columns) < 2 or not np.isfinite(top).any():
        raise InputError("figure 5: it needs two AUs that are coded in one sequence, in two frames or more")
    sequence = spread.index[np.argmax(top)]
    order = spread.loc[sequence].sort_values(ascending=False, kind="stable", na_position="last")
    return sequence, sorted(order.index[:2])


def held_out_faces(
    dataset: str, model: "Model", predictions: pd.DataFrame, shards: Mapping[str, Path], count: int
) -> Faces:
    """The faces of ``choose_frames`` and the heatmaps that ``model`` predicts for them.

    Args:
        predictions: of the fold that the model was not trained on.
        shards: the test sequences' files by name.

    Raises:
        InputError: the shard of a chosen frame is missing, or not the one that was predicted.
    """
    from g2rl.cache import decode, read_shard
    from g2rl.heatmaps import peak
    from g2rl.inference import predict

    chosen = choose_frames(predictions, count)
    faces, maps, true, pred = [], [], [], []
    for row in chosen.itertuples():
        if row.sequence not in shards:
            raise InputError(f"figure 4: no shard given of {row.sequence}, which the predictions name")
        shard = read_shard(shards[row.sequence])
        index = np.flatnonzero(shard.frame == row.frame)
        if not len(index):
            raise InputError(f"{shards[row.sequence]}: no frame {row.frame}: predict its frames anew")
        result = predict(model, decode(shard.jpeg, shard.offsets, index, model.settings.image_size))
        faces.append(decode(shard.jpeg, shard.offsets, index)[0])
        maps.append(result.heatmaps[0] / peak(model.settings.sigma, model.settings.amplitude))
        true.append(shard.intensity[index[0]])
        pred.append(result.intensity[0])
    return Faces(
        dataset,
        model.aus,
        model.point_au.cpu().numpy(),
        *map(np.stack, (faces, maps, true, pred)),
        *(chosen[column].tolist() for column in KEYS),
    )


def calmest_face(shard: "Shard") -> tuple[np.ndarray, np.ndarray]:
    """The face (256, 256, 3) and its landmarks (68, 2) where a sequence's true intensities add up to least.

    Raises:
        InputError: the sequence has no face.
    """
    from g2rl.cache import decode

    if not len(shard.frame):
        raise InputError(f"{shard.sequence}: no face in it, choose another sequence")
    row = int(np.argmin(np.maximum(shard.intensity, 0).sum(1)))
    return decode(shard.jpeg, shard.offsets, [row])[0], shard.landmarks[row]


def figure2(face: np.ndarray, landmarks: np.ndarray, stem: str | os.PathLike) -> pd.DataFrame:
    """Each set of AU centres on one face: a dot a place, beside it the AUs that lie there.

    Args:
        face: (256, 256, 3) uint8 RGB, aligned.
        landmarks: (68, 2), aligned pixels; drawn as small dots.

    Returns:
        What ``stem``.csv holds: centres (the set), au, point, x, y in aligned pixels.
    """
    parts = []
    for name, known in CENTRES.items():
        for au in sorted(known):
            for point, (x, y) in enumerate(au_centres(landmarks, [au], name)):
                parts.append((name, au_name(au), point, x, y))
    data = pd.DataFrame(parts, columns=["centres", "au", "point", "x", "y"])

    with _style():
        figure = _new(TWO_COLUMNS, 7.45)
        for number, (name, rows) in enumerate(data.groupby("centres", sort=False)):
            row, column = divmod(number, 2)
            axes = figure.add_axes((0.005 + 0.5 * column, 0.505 - 0.5 * row, 0.49, 0.46))
            axes.set_axis_off()
            axes.imshow(face @ np.array([0.299, 0.587, 0.114]), cmap="gray", vmin=0, vmax=255, alpha=0.75)
            axes.plot(*landmarks.T, ".", color="white", markersize=1.5)
            axes.set_title(name, loc="left", pad=2, weight="bold")
            axes.set(xlim=(20, 236), ylim=(242, 26))
            for (x, y), aus in rows.groupby([rows["x"].round(2), rows["y"].round(2)], sort=False)["au"]:
                axes.plot(
                    x, y, "o", color=COLOURS[1], markersize=4, markeredgecolor="white", markeredgewidth=0.5
                )
                # Outwards of the midline; on it, away from the mouth; long labels a little lower.
                aside, below = x - landmarks[[27, 51, 57], 0].mean(), y > landmarks[62, 1]
                side = 0 if abs(aside) < 4 else np.sign(aside)
                drop = (-8 if below else 8) if not side else -5 if len(aus) > 2 else 0
                axes.annotate(
                    " ".join(str(int(au.removeprefix("AU"))) for au in aus),
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
        _save(figure, stem, data)
    return data


def figure4(panels: Sequence[Faces], stem: str | os.PathLike) -> pd.DataFrame:
    """Held-out faces, and over each the predicted heatmaps of one AU after another.

    An AU's heatmap is the maximum over its points. Writes ``stem``.png, .pdf and .csv and returns what the
    last holds: a row a point, x and y of its maximum in aligned pixels, peak its height.
    """
    with _style():
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
        figure = _new(TWO_COLUMNS, height)

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
            figure.text(margin / TWO_COLUMNS, 1 - (top + 0.06) / height, _label(panel.dataset), **title)
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
                    value = f"{_whole(panel.true[row, k])} / {panel.pred[row, k]:.1f}"
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
        data = pd.concat([_points(panel) for panel in panels], ignore_index=True)
        _save(figure, stem, data)
    return data


def figure5(predictions: Mapping[str, pd.DataFrame], dataset: str, stem: str | os.PathLike) -> pd.DataFrame:
    """Two AUs of one held-out subject over frames: the true intensity and each method's prediction.

    The sequence and the AUs come from ``choose_sequence``. Lines break where frames are missing or not coded.

    Args:
        predictions: by a method's name, its test predictions; all hold the same frames.

    Returns:
        What ``stem``.csv holds: dataset, subject, sequence, frame, au, series (``true`` or a method) and
        intensity.
    """
    first = next(iter(predictions.values()))
    sequence, aus = choose_sequence(first)
    shown = {
        name: table[table["sequence"] == sequence].sort_values("frame") for name, table in predictions.items()
    }
    truth = next(iter(shown.values()))
    parts = []
    for au in aus:
        series = {"true": truth[f"{au}_true"]} | {name: t[f"{au}_pred"] for name, t in shown.items()}
        keys = {"subject": truth["subject"], "sequence": sequence, "frame": truth["frame"]}
        parts += [
            pd.DataFrame(
                {"dataset": dataset, **keys, "au": au, "series": name, "intensity": values.to_numpy()}
            )
            for name, values in series.items()
        ]
    data = pd.concat(parts, ignore_index=True)

    with _style():
        figure = _new(ONE_COLUMN, 2.9, layout="constrained")
        panels = figure.subplots(2, 1, sharex=True, sharey=True)
        for axes, au in zip(panels, aus, strict=True):
            of_au = data[data["au"] == au]
            for number, (name, rows) in enumerate(of_au.groupby("series", sort=False)):
                frame, intensity = _with_gaps(rows["frame"].to_numpy(), rows["intensity"].to_numpy(float))
                if name == "true":
                    look = {"color": "black", "drawstyle": "steps-mid", "linewidth": 1.0}
                else:
                    look = {
                        "color": COLOURS[number - 1],
                        "linestyle": LINES[(number - 1) % len(LINES)],
                    }
                axes.plot(frame, intensity, label=name, **look)
            axes.set_title(f"AU{int(au[2:])}", loc="left", pad=3)
            axes.set(ylim=(-0.15, MAX_INTENSITY + 0.15), yticks=range(MAX_INTENSITY + 1), ylabel="Intensity")
            axes.grid(axis="y", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
            axes.margins(x=0.01)
        subject = truth["subject"].iloc[0]
        panels[-1].set_xlabel(
            f"Frame of {sequence}" + (f" (subject {subject})" if subject != sequence else "")
        )
        figure.suptitle(_label(dataset), fontsize=8.5, weight="bold", x=0.01, ha="left")
        figure.legend(
            *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=4, handlelength=1.8
        )
        _save(figure, stem, data)
    return data


def figure6(points: Sequence[SweepPoint], stem: str | os.PathLike) -> pd.DataFrame:
    """ICC and MAE, averaged over AUs, over σ; bands are 95 % intervals over subjects.

    Returns:
        What ``stem``.csv holds: dataset, sigma, metric, value, ci_low, ci_high, seeds.
    """
    return _sweep(points, "sigma", "σ (heatmap pixels)", stem)


def figure7(points: Sequence[SweepPoint], stem: str | os.PathLike) -> pd.DataFrame:
    """As ``figure6`` over λ, on a logarithmic axis; λ = 0, the Baseline, is a dashed line."""
    return _sweep(points, "lambda", "λ", stem)


def _sweep(points: Sequence[SweepPoint], name: str, label: str, stem: str | os.PathLike) -> pd.DataFrame:
    parts = []
    for point in sorted(points, key=lambda p: (p.dataset, p.value)):
        mean = mean_over_seeds(point.metrics)
        rows = mean[(mean["au"] == "avg") & (mean["aggregation"] == "pooled") & mean["metric"].isin(ARROWS)]
        parts.append(rows.assign(dataset=point.dataset, seeds=len(point.metrics), **{name: point.value}))
    columns = ["dataset", name, "metric", "value", "ci_low", "ci_high", "seeds"]
    data = pd.concat(parts, ignore_index=True)[columns]
    if data.duplicated(["dataset", name, "metric"]).any():
        raise InputError(f"{name} sweep: a value twice for one dataset; give all seeds of a value together")

    from matplotlib.lines import Line2D

    with _style():
        figure = _new(TWO_COLUMNS, 2.35, layout="constrained")
        panels = figure.subplots(1, 2)
        for axes, metric in zip(panels, ARROWS, strict=True):
            of_metric = data[data["metric"] == metric]
            for number, (dataset, rows) in enumerate(of_metric.groupby("dataset", sort=False)):
                line = rows[rows[name] > 0]
                colour, marker = COLOURS[number], MARKERS[number]
                axes.plot(line[name], line["value"], color=colour, marker=marker, label=_label(dataset))
                axes.fill_between(
                    line[name], line["ci_low"], line["ci_high"], color=colour, alpha=0.15, linewidth=0
                )
                for value in rows.loc[rows[name] == 0, "value"]:
                    axes.axhline(value, color=colour, linestyle="--", linewidth=0.9)
            ticks = sorted(v for v in data[name].unique() if v > 0)
            if name == "lambda":
                axes.set_xscale("log")
            axes.set_xticks(ticks, [f"{tick:.3g}" for tick in ticks])
            axes.set_xticks([], minor=True)
            axes.set(xlabel=label, ylabel=f"{metric} {ARROWS[metric]}")
            axes.grid(axis="y", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
        handles = panels[0].get_legend_handles_labels()
        if (data[name] == 0).any():
            handles[0].append(Line2D([], [], color="0.3", linestyle="--", linewidth=0.9))
            handles[1].append("λ = 0, the Baseline")
        figure.legend(*handles, loc="outside upper center", ncols=3)
        figure.get_layout_engine().set(wspace=0.06)
        _save(figure, stem, data)
    return data


def figure_ablations(data: pd.DataFrame, against: Mapping[str, str], stem: str | os.PathLike) -> None:
    """Each variant's difference from what it is compared with, ICC and MAE, and its 95 % interval.

    Args:
        data: see ``ablations.ablation_table``.
        against: what each variant is compared with; the variant itself is not drawn.
    """
    shown = data[[against[name] != name for name in data["variant"]]]
    names, datasets = list(dict.fromkeys(shown["variant"])), list(dict.fromkeys(shown["dataset"]))
    with _style():
        figure = _new(
            TWO_COLUMNS, 0.75 + 0.21 * len(names) * max(1, 0.6 * len(datasets)), layout="constrained"
        )
        for axes, metric in zip(figure.subplots(1, 2, sharey=True), ARROWS, strict=True):
            axes.axvline(0, color="0.3", linewidth=0.8)
            for number, dataset in enumerate(datasets):
                rows = shown[(shown["dataset"] == dataset) & (shown["metric"] == metric)].set_index("variant")
                at = [names.index(name) + (number - (len(datasets) - 1) / 2) * 0.25 for name in rows.index]
                sides = [rows["difference"] - rows["ci_low"], rows["ci_high"] - rows["difference"]]
                look = {"color": COLOURS[number], "fmt": MARKERS[number], "elinewidth": 1, "capsize": 2}
                axes.errorbar(rows["difference"], at, xerr=sides, label=_label(dataset), **look)
            labels = [name if against[name] == "baseline" else f"{name} − {against[name]}" for name in names]
            axes.set_yticks(range(len(names)), labels)
            axes.set(xlabel=f"difference in {metric} {ARROWS[metric]}", ylim=(len(names) - 0.4, -0.6))
            axes.grid(axis="x", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
        _save(figure, stem, data)


def figure_guidance(data: pd.DataFrame, stem: str | os.PathLike) -> None:
    """What L_G does, epoch by epoch, a line a dataset and training: G's variance over faces and its share of
    G's mean square, G's effective rank, L_G, W's norm, and L_G's pull on the network beside that of L_S.

    Args:
        data: see ``ablations.guidance_table``.
    """
    from matplotlib.ticker import MaxNLocator

    panels = {
        "var_G": "variance of G over faces",
        "share_G": "share of variance in G's mean square",
        "rank_G": "effective rank of G",
        "loss_G": "$L_G$",
        "norm_W": "‖W‖",
        "pull": "$λ|∇L_G|\\;/\\;(1-λ)|∇L_S|$",
    }
    trainings, datasets = (list(dict.fromkeys(data[name])) for name in ("training", "dataset"))
    with _style():
        lines = -(-data.groupby(["dataset", "training"]).ngroups // 3)  # of the legend
        figure = _new(TWO_COLUMNS, 4.2 + 0.16 * max(0, lines - 2), layout="constrained")
        for axes, (column, label) in zip(figure.subplots(2, 3).flat, panels.items(), strict=True):
            log = column not in ("norm_W", "rank_G")
            for (dataset, training), rows in data.groupby(["dataset", "training"], sort=False):
                number = trainings.index(training)
                turn = number + number // len(COLOURS)  # a colour that comes again has another marker
                look = {"color": COLOURS[number % len(COLOURS)], "marker": MARKERS[turn % len(MARKERS)]}
                look["linestyle"] = LINES[datasets.index(dataset) % len(LINES)]
                values = rows[column].where(rows[column] > 0) if log else rows[column]  # 0: the line ends
                name = training if len(datasets) == 1 else f"{training}, {dataset}"
                axes.plot(rows["epoch"], values, label=name, markersize=3, **look)
            if log:
                axes.set_yscale("log")
            axes.set_title(label, loc="left", pad=3)
            axes.xaxis.set_major_locator(MaxNLocator(7, integer=True))
            axes.grid(axis="y", color="0.9", linewidth=0.5)
            axes.set_axisbelow(True)
        figure.supxlabel("epoch; 0: before the first step", fontsize=8.5)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=3)
        _save(figure, stem, data)


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


def _points(panel: Faces) -> pd.DataFrame:
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


def _with_gaps(frame: np.ndarray, intensity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A NaN wherever frames are further apart than their usual step, so that a line breaks there."""
    step = np.diff(frame)
    breaks = np.flatnonzero(step > np.median(step)) + 1 if len(step) else []
    return np.insert(frame.astype(float), breaks, np.nan), np.insert(intensity, breaks, np.nan)


def _label(dataset: str) -> str:
    return f"{dataset} (rendered faces)" if is_rendered(dataset) else dataset


def _whole(value: float) -> str:
    return f"{value:.0f}" if value >= 0 else "–"


def _style() -> object:
    """Matplotlib's defaults and ours, whatever the user's own settings are."""
    import matplotlib.style

    return matplotlib.style.context(["default", STYLE])


def _new(width: float, height: float, **options: object) -> "Figure":
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=300, **options)


def _save(figure: "Figure", stem: str | os.PathLike, data: pd.DataFrame) -> None:
    # Without the date and the version the bytes depend on what is drawn alone.
    for suffix, metadata in ((".png", {"Software": None}), (".pdf", {"CreationDate": None})):
        with atomic_path(f"{stem}{suffix}") as path:
            figure.savefig(path, metadata=metadata)
    write_csv(f"{stem}.csv", data)
