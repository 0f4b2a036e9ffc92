"""Table 1: the published figures beside the measured ones, tidy and as Markdown, LaTeX and HTML.

One table for each list of AUs (BP4D's five, DISFA's twelve), in the paper's form: for ICC, then MAE, a block
of rows for each dataset and source; columns AUs and average; the best of a block's column in bold. Blocks
never compete: neither rendered faces with real ones, nor measured values with published ones.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.files import InputError, write_csv, write_text

# What a run's folder name starts with → its name in tables and figures, in the order of the rows.
METHODS = {
    "constant": "Best constant",
    "landmark_ridge": "Landmarks ridge",
    "baseline": "Baseline",
    "g2rl": "G2RL",
    "g2rlplus": "G2RL+",
}
METRICS = {"ICC": max, "MAE": min}  # the table's metrics → which is best
ARROWS = {"ICC": "↑", "MAE": "↓"}
COLUMNS = ["dataset", "method", "source", "metric", "au", "value", "ci_low", "ci_high", "fold_mean", "seeds"]


@dataclass(frozen=True)
class Result:
    """What one method reached on one dataset: a table of ``metrics.evaluate`` for each of its seeds."""

    dataset: str
    method: str  # one of the values of METHODS
    metrics: Sequence[pd.DataFrame]


def method_name(run: str) -> str:
    """A run's folder → its method: ``g2rl_sigma2_lambda0.05_seed0`` is G2RL.

    Raises:
        InputError: it starts with none of ``METHODS``.
    """
    prefix = run.partition("_sigma")[0]
    if prefix not in METHODS:
        raise InputError(f"{run}: no run's folder, expected a name that starts with one of {list(METHODS)}")
    return METHODS[prefix]


def is_rendered(dataset: str) -> bool:
    """Whether a dataset holds rendered faces, told by its name (``synthetic_…``)."""
    return dataset.startswith("synthetic_")


def read_published() -> pd.DataFrame:
    """The paper's Table 1: dataset, method, metric, au (``6`` … or ``avg``), value."""
    with (files("g2rl") / "data" / "published_table1.csv").open(encoding="utf-8") as stream:
        return pd.read_csv(stream, dtype={"au": str})


def mean_over_seeds(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The mean of one or more tables of ``metrics.evaluate``, row by row, and of their intervals' ends.

    Such an interval is one over subjects, not over seeds. Rows keep the first table's order.

    Raises:
        InputError: the tables differ in AUs.
    """
    keys = ["au", "metric", "aggregation"]
    first = tables[0][keys].reset_index(drop=True)
    for table in tables[1:]:
        if not table[keys].reset_index(drop=True).equals(first):
            found, expected = (list(dict.fromkeys(t["au"])) for t in (table, first))
            raise InputError(f"metrics of several seeds differ in their rows: AUs {found} and {expected}")
    mean = np.mean([table[["value", "ci_low", "ci_high"]].to_numpy(float) for table in tables], axis=0)
    return first.assign(value=mean[:, 0], ci_low=mean[:, 1], ci_high=mean[:, 2])


def table1(results: Sequence[Result]) -> pd.DataFrame:
    """The tidy Table 1: published rows, then the measured ones, pooled over folds and averaged over seeds.

    Returns:
        Columns ``COLUMNS``: source is ``published`` or ``measured``; au is written as in the paper (``6``,
        ``avg``); ci_low and ci_high (95 %, over subjects), fold_mean and seeds (their number) if measured.

    Raises:
        InputError: a method that is not in ``METHODS``, or one twice for a dataset.
    """
    parts = [read_published().assign(source="published")]
    seen = set()
    for result in sorted(results, key=lambda r: (r.dataset, _rank(r.method))):
        if (result.dataset, result.method) in seen:
            raise InputError(f"Table 1: two results for {result.method!r} on {result.dataset}: give one")
        seen.add((result.dataset, result.method))
        mean = mean_over_seeds(result.metrics)
        mean = mean[mean["metric"].isin(METRICS)]
        pooled, folds = (mean[mean["aggregation"] == name] for name in ("pooled", "fold_mean"))
        parts.append(
            pooled.assign(
                dataset=result.dataset,
                method=result.method,
                source="measured",
                au=pooled["au"].map(lambda au: au if au == "avg" else str(int(au.removeprefix("AU")))),
                fold_mean=folds["value"].to_numpy(),
                seeds=len(result.metrics),
            )
        )
    table = pd.concat(parts, ignore_index=True).reindex(columns=COLUMNS)
    return table.astype({"seeds": "Int64"})


def caption(table: pd.DataFrame, recipe: str = "", notes: Sequence[str] = ()) -> str:
    """The caption of a tidy table, as plain sentences.

    Args:
        recipe: how the measured networks were trained, a phrase.
        notes: further sentences, such as that L_G collapsed.
    """
    measured = table[table["source"] == "measured"]
    datasets = list(dict.fromkeys(measured["dataset"]))
    rendered, real = ([d for d in datasets if is_rendered(d) is kind] for kind in (True, False))
    seeds = sorted(set(measured["seeds"]))
    sentences = [
        "ICC(3,1), higher is better, and MAE, lower is better, for each AU and on average, the best of each "
        "block in bold.",
        "Published: the paper's figures, on the real faces of BP4D and DISFA.",
    ]
    if real:
        sentences.append(f"Measured on {_and(real)}: real faces.")
    if rendered:
        sentences.append(
            f"Measured on {_and(rendered)}: rendered faces, made by this project. Their values say "
            "nothing about real faces and must not be compared with the published ones."
        )
    if datasets:
        sentences.append(
            "Measured values pool the test frames of all folds, no subject is in both training and test, "
            "predictions are not rounded; in brackets the average's 95 % interval, bootstrap over subjects."
        )
        sentences.append(
            "Best constant: each AU's training median. Landmarks ridge: sees the 68 landmarks and no pixels."
        )
    if recipe:
        sentences.append(f"Every network: {recipe.rstrip('.')}.")
    if seeds:
        sentences.append(f"Mean of {max(seeds)} seeds." if max(seeds) > 1 else "One seed.")
    return " ".join([*sentences, *notes])


def markdown(table: pd.DataFrame, caption: str) -> str:
    """GitHub Markdown: the caption, then a pipe table for each list of AUs."""
    parts = [f"**Table 1.** {caption.translate(_MARKDOWN)}"]
    for panel in _panels(table):
        width = len(panel.aus) + 2
        lines = [
            _pipe([*panel.header, "95 %"]),
            _pipe([":---", *["---:"] * width]),
        ]
        for block in panel.blocks:
            lines.append(_pipe([f"*{block.title.translate(_MARKDOWN)}*", *[""] * width]))
            lines += [_pipe(_cells(row, "**{}**", _MARKDOWN)) for row in block.rows]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def latex(table: pd.DataFrame, caption: str) -> str:
    """A ``table*`` of booktabs tabulars, to ``\\input`` in a document that loads booktabs."""
    lines = ["% needs \\usepackage{booktabs}", "\\begin{table*}", "\\centering\\footnotesize"]
    lines += [
        "\\setlength{\\tabcolsep}{3.5pt}",
        f"\\caption{{{caption.translate(_LATEX)}}}",
        "\\label{tab:results}",
        "\\par\\medskip",
    ]
    for number, panel in enumerate(_panels(table)):
        width = len(panel.aus) + 3
        lines += ["\\par\\bigskip"] if number else []
        lines += [f"\\begin{{tabular}}{{@{{}}l{'r' * (width - 1)}@{{}}}}", "\\toprule"]
        lines += [" & ".join([*panel.header, "95\\,\\%"]) + " \\\\"]
        for block in panel.blocks:
            title = block.title.translate(_LATEX)
            lines += ["\\midrule", f"\\multicolumn{{{width}}}{{@{{}}l}}{{\\emph{{{title}}}}} \\\\"]
            lines += [" & ".join(_cells(row, "\\textbf{{{}}}", _LATEX)) + " \\\\" for row in block.rows]
        lines += ["\\bottomrule", "\\end{tabular}"]
    return "\n".join([*lines, "\\end{table*}"]) + "\n"


def html(table: pd.DataFrame, caption: str) -> str:
    """A page of its own, without outside resources, fit for screen, dark screen and print."""
    parts = []
    for panel in _panels(table):
        width = len(panel.aus) + 3
        heads = [*panel.header, "95 %"]
        lines = [
            "<table>",
            "<thead><tr>" + "".join(f'<th scope="col">{h}</th>' for h in heads) + "</tr></thead>",
        ]
        for block in panel.blocks:
            kind = "rendered" if block.rendered else block.source
            title = block.title.translate(_HTML)
            lines.append(f'<tbody class="{kind}">')
            lines.append(f'<tr class="block"><th scope="rowgroup" colspan="{width}">{title}</th></tr>')
            for row in block.rows:
                method, *cells = _cells(row, "<b>{}</b>", _HTML)
                data = "".join(f"<td>{cell}</td>" for cell in cells)
                lines.append(f'<tr><th scope="row">{method}</th>{data}</tr>')
            lines.append("</tbody>")
        parts.append("\n".join([*lines, "</table>"]))
    return _PAGE.format(caption=caption.translate(_HTML), tables="\n".join(parts))


def write_table1(
    results: Sequence[Result], stem: str | os.PathLike, recipe: str = "", notes: Sequence[str] = ()
) -> pd.DataFrame:
    """Write ``stem``.csv, .md, .tex and .html and return the tidy table; see ``table1`` and ``caption``."""
    table = table1(results)
    text = caption(table, recipe, notes)
    write_csv(f"{stem}.csv", table)
    for suffix, render in ((".md", markdown), (".tex", latex), (".html", html)):
        write_text(Path(f"{stem}{suffix}"), render(table, text))
    return table


@dataclass(frozen=True)
class _Row:
    method: str
    values: list[str]  # AUs and average, two decimals
    best: list[bool]
    interval: str  # of the average; empty where published


@dataclass(frozen=True)
class _Block:
    """The rows of one metric, dataset and source: those that compete."""

    title: str
    source: str
    rendered: bool
    rows: list[_Row]


@dataclass(frozen=True)
class _Panel:
    aus: list[str]
    blocks: list[_Block]

    @property
    def header(self) -> list[str]:
        return ["Method", *(f"AU{au}" for au in self.aus), "Avg."]


def _panels(table: pd.DataFrame) -> list[_Panel]:
    """Datasets with the same AUs share a panel; in it ICC first, and published before measured."""
    aus = {
        key: tuple(dict.fromkeys(au for au in rows["au"] if au != "avg"))
        for key, rows in table.groupby(["dataset", "source"], sort=False)
    }
    panels = []
    for columns in dict.fromkeys(aus.values()):
        members = [key for key, value in aus.items() if value == columns]
        blocks = [_block(table, metric, *member) for metric in METRICS for member in members]
        panels.append(_Panel(list(columns), blocks))
    return panels


def _block(table: pd.DataFrame, metric: str, dataset: str, source: str) -> _Block:
    rows = table[(table["dataset"] == dataset) & (table["source"] == source) & (table["metric"] == metric)]
    wide = rows.pivot(index="method", columns="au", values="value")
    wide = wide.loc[list(dict.fromkeys(rows["method"])), list(dict.fromkeys(rows["au"]))]
    shown = wide.to_numpy(float).round(2)
    # Best as printed: equal figures are equally bold. A block of one row has no best.
    best = np.zeros(shown.shape, bool)
    if len(shown) > 1:
        for column in range(shown.shape[1]):
            known = shown[~np.isnan(shown[:, column]), column]
            if len(known):
                best[:, column] = shown[:, column] == METRICS[metric](known)
    average = rows[rows["au"] == "avg"].set_index("method")
    faces = " on rendered faces" if is_rendered(dataset) else ""
    return _Block(
        f"{metric} {ARROWS[metric]} {dataset}, {source}{faces}",
        source,
        is_rendered(dataset),
        [
            _Row(method, [_number(v) for v in values], list(bold), _interval(average.loc[method]))
            for method, values, bold in zip(wide.index, shown, best, strict=True)
        ],
    )


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # + 0.0: no −0.00


def _interval(row: pd.Series) -> str:
    if row["source"] == "published":
        return ""
    return f"[{_number(row['ci_low'])}, {_number(row['ci_high'])}]"


def _cells(row: _Row, bold: str, replacements: dict[int, str]) -> list[str]:
    values = [v.translate(replacements) for v in (row.method, *row.values, row.interval)]
    return [bold.format(v) if b else v for v, b in zip(values, [False, *row.best, False], strict=True)]


def _pipe(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _and(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _rank(method: str) -> int:
    names = list(METHODS.values())
    if method not in names:
        raise InputError(f"Table 1: no method {method!r}; there are {names}")
    return names.index(method)


_MARKDOWN = str.maketrans({c: f"\\{c}" for c in "\\`*_|<"})
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    | {"−": "$-$", "–": "--", "↑": "$\\uparrow$", "↓": "$\\downarrow$", "·": "$\\cdot$", "×": "$\\times$"}
    | {"λ": "$\\lambda$", "σ": "$\\sigma$", "‖": "$\\|$", "√": "$\\surd$", "±": "$\\pm$", "≥": "$\\geq$"}
    | {"≤": "$\\leq$", "→": "$\\to$", "²": "$^2$", "<": "$<$", ">": "$>$"}
)
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<title>Table 1</title>
<style>
:root {{ color-scheme: light dark; --rule: light-dark(#222, #ccc); --hair: light-dark(#ccc, #555);
  --quiet: light-dark(#555, #aaa); --tint: light-dark(#fdf3e1, #3a3020); }}
body {{ font: 15px/1.45 "Source Serif 4", "Times New Roman", Times, serif; max-width: 62rem;
  margin: 2rem auto; padding: 0 1rem; }}
figure {{ margin: 0; overflow-x: auto; }}
figcaption {{ margin-bottom: 1rem; max-width: 52rem; }}
table {{ border-collapse: collapse; margin: 0 0 1.6rem; border-block: 1.5px solid var(--rule);
  font-variant-numeric: tabular-nums; }}
th, td {{ padding: .14rem .5rem; text-align: right; font-weight: normal; white-space: nowrap; }}
th[scope=row], th[scope=rowgroup], th:first-child {{ text-align: left; padding-left: 0; }}
td:last-child, th:last-child {{ padding-right: 0; }}
td:nth-last-child(2) {{ border-left: 1px solid var(--hair); }}
td:last-child {{ color: var(--quiet); }}
thead th {{ font-weight: bold; }}
tr.block th {{ border-top: 1px solid var(--rule); font-style: italic; padding-top: .3rem; }}
tbody.rendered tr.block th {{ background: var(--tint); }}
@media print {{ body {{ font-size: 8.5pt; margin: 0; max-width: none; }} tbody {{ break-inside: avoid; }}
  figure {{ overflow: visible; }} th, td {{ padding-inline: .28rem; }} @page {{ margin: 15mm; }} }}
</style>
</head>
<body>
<figure>
<figcaption><b>Table 1.</b> {caption}</figcaption>
{tables}
</figure>
</body>
</html>
"""
