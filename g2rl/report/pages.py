"""The report's first page and a page per dataset, from the finished tables and figures."""

import base64
import csv
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from g2rl import __version__
from g2rl.io.atomic import write_text
from g2rl.paths import IMAGE_FREE, TOOLS, Run
from g2rl.rendered import is_rendered
from g2rl.report.html import content_of, page, text

FIGURES = {
    4: "Faces that the network was not trained on, and the heatmap that it predicts for each AU.",
    5: "True and predicted intensity of two AUs over the frames of held-out subjects.",
    6: "Average ICC and MAE of G2RL over σ, the width of the heatmaps; bands: 95 % intervals over subjects.",
    7: "Average ICC and MAE of G2RL over λ, the weight of the guidance; bands: 95 % intervals over subjects; "
    "the dashed line is the Baseline.",
}
SWEEPS = {6: "sigma", 7: "lambda"}  # figures over a parameter, a column of their CSV
WARNINGS = ("(collapsed)", "(nearly) constant, so", "(left out:")  # in the notes of Table 1
TITLES = dict(zip(IMAGE_FREE, ("Best constant, no image", "Ridge on the landmarks, no image"), strict=True))
STATUS = {  # of frames.csv: its columns in the order shown
    "frames": "in the video",
    "coded": "with codes",
    "used": "used",
    "excluded": "excluded by the configuration",
    "partly_coded": "coded in part, left out",
    "missing": "missing from the video",
    "unreadable": "unreadable",
    "no_face": "without a face found",
    "carried": "used with an earlier frame's landmarks",
}
Rows = Sequence[Mapping[str, str]]


def write_pages(
    results: Path, files: Iterable[str], configurations: Sequence[str], pages: Sequence[str]
) -> None:
    """Write the pages from ``files`` below ``results``.

    Args:
        configurations: the files that the results were made of.
        pages: the first page, then one in the folder of each dataset.
    """
    made = {Path(name).relative_to(results).as_posix() for name in files}
    first, *others = map(Path, pages)
    datasets = [path.parent.name for path in others]
    write_text(first, page("Results", _summary(results, made, configurations, datasets)))
    for name, path in zip(datasets, others, strict=True):
        write_text(path, page(name, _dataset(results, made, name)))


def _summary(results: Path, made: set[str], configurations: Sequence[str], datasets: Sequence[str]) -> str:
    table = content_of((results / "table1.html").read_text(encoding="utf-8"))
    models = sum(name.endswith("/model.safetensors") for name in made)
    what = [
        f"g2rl {__version__} with {', '.join(configurations)}: {_count(models, 'trained network')}.",
        *(_describe(results, name) for name in datasets),
    ]
    warnings = [note for note in re.findall("<li>.*?</li>\n", table) if any(w in note for w in WARNINGS)]
    for note in warnings:  # once, above the table
        table = table.replace(note, "")
    warnings += [f"<li>{text(line)}</li>" for name in datasets if (line := _faults(results, made, name))]
    parts = ["<h1>Results</h1>", f"<p>{text(' '.join(what))}</p>"]
    if warnings:
        parts += [
            "<p>To know before reading the numbers:</p>",
            f'<ul class="warnings">{"".join(warnings)}</ul>',
        ]
    parts.append(table)
    for number, caption in FIGURES.items():
        if (name := f"figures/figure{number}.png") in made:
            image = f'<img alt="Figure {number}" src="{_data(results / name, "image/png")}"/>'
            if number in SWEEPS:
                caption += _describe_sweep(_rows(results / f"figures/figure{number}.csv"), SWEEPS[number])
            words = f"<figcaption><b>Figure {number}.</b> {text(caption)}</figcaption>"
            parts.append(f"<figure>{image}{words}</figure>")
    return "\n".join(parts)


def _describe_sweep(rows: Rows, parameter: str) -> str:
    """At how many values and with how many seeds Figure 6 or 7 was measured, a sentence."""
    points = [row for row in rows if float(row[parameter])]
    values, seeds = len({row[parameter] for row in points}), sorted({int(row["seeds"]) for row in points})
    each = _count(seeds[0], "seed") if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]} seeds"
    return f" Measured at {_count(values, 'value')}, with {each} each."


def _describe(results: Path, dataset: str) -> str:
    frames = _rows(results / dataset / "frames.csv")
    subjects = len({row["subject"] for row in frames})
    used = sum(int(row["used"]) for row in frames)
    faces = "rendered" if is_rendered(dataset) else "real"
    return f"{dataset}: {faces} faces of {subjects} subjects, {used:,} frames in {len(frames)} sequences."


def _faults(results: Path, made: set[str], dataset: str) -> str:
    """What ``g2rl check`` found in a copy, a sentence; "" if nothing."""
    if f"{dataset}/check.csv" not in made:
        return ""
    found = Counter(row["severity"] for row in _rows(results / dataset / "check.csv"))
    if not found["error"] and not found["warning"]:
        return ""
    counts = ", ".join(_count(found[severity], severity) for severity in ("error", "warning"))
    return f"g2rl check on {dataset}: {counts}; see its page."


def _dataset(results: Path, made: set[str], dataset: str) -> str:
    faces = "rendered faces, made by this project" if is_rendered(dataset) else "real faces"
    parts = [f"<h1>{text(dataset)}</h1>", f"<p>{text(_describe(results, dataset))}</p>"]
    runs = sorted(name.split("/")[1] for name in made if re.fullmatch(f"{dataset}/[^/]+/metrics.csv", name))
    for metric, words in (("ICC", "ICC(3,1), higher is better"), ("MAE", "MAE, lower is better")):
        parts.append(
            f"<h2>{metric}</h2>\n<p>{words}: each AU and their mean, over the test frames of all folds, on "
            f"{faces}; in brackets its 95 % interval over subjects. –: undefined.</p>"
        )
        parts.append(
            _measures(results / dataset, [*IMAGE_FREE, *(r for r in runs if r not in IMAGE_FREE)], metric)
        )
    claims = [row for row in _rows(results / "claims.csv") if row["dataset"] == dataset]
    columns = {"claim": "claim", "paper": "in the paper", "measured": "measured", "verdict": "verdict"}
    parts.append(
        "<h2>The paper's claims</h2>\n<p>What this run measured for each. Undecided: the interval "
        "holds 0, or there are too few seeds.</p>"
    )
    parts += [_table(claims, columns, "text"), _download(results / "claims.csv")]
    parts.append("<h2>Frames</h2>\n<p>How many there are, and why coded frames are not used.</p>")
    frames = _rows(results / dataset / "frames.csv")
    totals = {name: f"{sum(int(row[name]) for row in frames):,}" for name in STATUS}
    shown = {name: words for name, words in STATUS.items() if totals[name] != "0"}
    parts += [_table([totals], shown, ""), _download(results / dataset / "frames.csv", "by sequence")]
    if f"{dataset}/check.csv" in made:
        found = _rows(results / dataset / "check.csv")
        parts.append("<h2>Faults of the copy</h2>\n<p>What <code>g2rl check</code> found, errors first.</p>")
        columns = {name: name for name in found[0]} if found else {"nothing": "nothing found"}
        parts += [_table(found, columns, "text"), _download(results / dataset / "check.csv")]
    return "\n".join(parts)


def _measures(folder: Path, runs: Sequence[str], metric: str) -> str:
    """One row per run, with its file to download."""
    lines: list[dict[str, str | Path]] = []
    columns: dict[str, str] = {}
    for run in runs:
        rows = [
            row
            for row in _rows(folder / run / "metrics.csv")
            if (row["metric"], row["aggregation"]) == (metric, "pooled")
        ]
        columns = {row["au"]: "Avg." if row["au"] == "avg" else f"AU{int(row['au'][2:])}" for row in rows}
        line = {row["au"]: _number(row["value"]) for row in rows}
        (average,) = (row for row in rows if row["au"] == "avg")
        low, high = _number(average["ci_low"]), _number(average["ci_high"])
        interval = f"[{low}, {high}]" if average["ci_low"] else "–"
        lines.append({"run": _title(run), **line, "interval": interval, "file": folder / run / "metrics.csv"})
    heads = {"run": "run", **columns, "interval": "95 %", "file": ""}
    return _table(lines, heads, "")


def _title(run: str) -> str:
    if run in (*IMAGE_FREE, *TOOLS):
        return TITLES.get(run, run)
    found = Run.parse(run)
    if found.other:
        return f"{found.other}, seed {found.seed}"
    name = {"baseline": "Baseline", "g2rl": "G2RL"}.get(found.method, "G2RL+")
    weight = f", λ = {found.lambda_:g}" if found.lambda_ else ""
    variant = f", {found.variant}" if found.variant and found.method in ("baseline", "g2rl") else ""
    return f"{name}, σ = {found.sigma:g}{weight}{variant}, seed {found.seed}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def _number(value: str) -> str:
    return f"{round(float(value), 2) + 0.0:.2f}".replace("-", "−") if value else "–"


def _table(rows: Sequence[Mapping[str, str | Path]], columns: Mapping[str, str], kind: str) -> str:
    """An HTML table; a path becomes a download."""
    heads = "".join(f'<th scope="col">{text(head)}</th>' for head in columns.values())
    lines = []
    for row in rows:
        first, *cells = (
            _download(value, "CSV") if isinstance(value := row.get(name, ""), Path) else text(str(value))
            for name in columns
        )
        lines.append(f'<tr><th scope="row">{first}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>')
    body = "\n".join(lines)
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{heads}</tr></thead>\n<tbody>{body}</tbody>'
        "</table></div>"
    )


def _download(path: Path, words: str = "") -> str:
    words = f"{path.name}{f', {words}' if words else ''}" if words != "CSV" else words
    return f'<a download="{path.parent.name}_{path.name}" href="{_data(path, "text/csv")}">{words}</a>'


def _data(path: Path, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"


def _rows(path: Path) -> Rows:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))
