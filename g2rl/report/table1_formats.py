"""Table 1 as Markdown, LaTeX and HTML: blocks of rows that compete, the best of each column in bold."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from g2rl.evaluation.methods import ARROWS, BEST
from g2rl.io.markdown import escape, pipe_table
from g2rl.rendered import is_rendered
from g2rl.report.html import page, text


def markdown(table: pd.DataFrame, caption: str, notes: Sequence[str] = ()) -> str:
    """GitHub Markdown: the caption, a pipe table for each list of AUs, the notes as a list."""
    parts = [f"**Table 1.** {escape(caption)}"]
    for panel in _panels(table):
        width = len(panel.header) - 1
        rows = []
        for block in panel.blocks:
            rows.append([f"*{escape(block.title)}*", *[""] * width])
            rows += [_cells(row, panel.compared, "**{}**", escape) for row in block.rows]
        parts.append(pipe_table(panel.header, f"| :---{' | ---:' * width} |", rows))
    parts += ["\n".join(f"- {escape(note)}" for note in notes)] if notes else []
    return "\n\n".join(parts) + "\n"


def latex(table: pd.DataFrame, caption: str, notes: Sequence[str] = ()) -> str:
    """A ``table*`` of booktabs tabulars, to ``\\input`` in a document that loads booktabs."""
    lines = ["% needs \\usepackage{booktabs}", "\\begin{table*}", "\\centering\\footnotesize"]
    lines += [
        "\\setlength{\\tabcolsep}{3.5pt}",
        f"\\caption{{{_latex(caption)}}}",
        "\\label{tab:results}",
        "\\par\\medskip",
    ]
    for number, panel in enumerate(_panels(table)):
        width = len(panel.header)
        lines += ["\\par\\bigskip"] if number else []
        lines += [f"\\begin{{tabular}}{{@{{}}l{'r' * (width - 1)}@{{}}}}", "\\toprule"]
        lines += [" & ".join(map(_latex, panel.header)) + " \\\\"]
        for block in panel.blocks:
            title = _latex(block.title)
            lines += ["\\midrule", f"\\multicolumn{{{width}}}{{@{{}}l}}{{\\emph{{{title}}}}} \\\\"]
            lines += [
                " & ".join(_cells(row, panel.compared, "\\textbf{{{}}}", _latex)) + " \\\\"
                for row in block.rows
            ]
        lines += ["\\bottomrule", "\\end{tabular}"]
    if notes:
        lines += ["\\par\\medskip\\raggedright", *(f"{_latex(note)}\\par" for note in notes)]
    return "\n".join([*lines, "\\end{table*}"]) + "\n"


def html(table: pd.DataFrame, caption: str, notes: Sequence[str] = ()) -> str:
    """A page of its own, without outside resources, fit for screen, dark screen and print."""
    parts = [f"<figcaption><b>Table 1.</b> {text(caption)}</figcaption>"]
    for panel in _panels(table):
        width, heads = len(panel.header), panel.header
        lines = [
            '<table class="values">',
            "<thead><tr>" + "".join(f'<th scope="col">{h}</th>' for h in heads) + "</tr></thead>",
        ]
        for block in panel.blocks:
            kind = "rendered" if block.rendered else block.source
            title = text(block.title)
            lines.append(f'<tbody class="{kind}">')
            lines.append(f'<tr class="title"><th scope="rowgroup" colspan="{width}">{title}</th></tr>')
            for row in block.rows:
                method, *cells = _cells(row, panel.compared, "<b>{}</b>", text)
                data = "".join(f"<td>{cell}</td>" for cell in cells)
                lines.append(f'<tr><th scope="row">{method}</th>{data}</tr>')
            lines.append("</tbody>")
        parts.append("\n".join([*lines, "</table>"]))
    if notes:
        parts += ["<ul>", *(f"<li>{text(note)}</li>" for note in notes), "</ul>"]
    return page("Table 1", "\n".join(["<figure>", *parts, "</figure>"]))


@dataclass(frozen=True)
class _Row:
    method: str
    values: list[str]  # AUs and average, two decimals
    best: list[bool]
    interval: str  # of the average; empty where published
    difference: str  # of the average from the Baseline's; empty where none was measured


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
        last = ["vs. Baseline"] * self.compared
        return ["Method", *(f"AU{au}" for au in self.aus), "Avg.", "95 %", *last]

    @property
    def compared(self) -> bool:
        return any(row.difference for block in self.blocks for row in block.rows)


def _panels(table: pd.DataFrame) -> list[_Panel]:
    """Datasets with the same AUs share a panel; in it ICC first, and published before measured."""
    aus = {
        (str(dataset), str(source)): tuple(dict.fromkeys(au for au in rows["au"] if au != "avg"))
        for (dataset, source), rows in table.groupby(["dataset", "source"], sort=False)
    }
    panels = []
    for columns in dict.fromkeys(aus.values()):
        members = [key for key, value in aus.items() if value == columns]
        blocks = [_block(table, metric, *member) for metric in BEST for member in members]
        panels.append(_Panel(list(columns), blocks))
    return panels


def _block(table: pd.DataFrame, metric: str, dataset: str, source: str) -> _Block:
    rows = table[(table["dataset"] == dataset) & (table["source"] == source) & (table["metric"] == metric)]
    wide = rows.pivot(index="method", columns="au", values="value")
    wide = wide.loc[list(dict.fromkeys(rows["method"])), list(dict.fromkeys(rows["au"]))]
    shown = wide.to_numpy(float).round(2)
    average = rows[rows["au"] == "avg"].set_index("method").loc[wide.index]
    counts = average["aus"].fillna(len(wide.columns) - 1).astype(int)
    ranked = shown.copy()
    ranked[counts < counts.max(), -1] = np.nan  # an average of fewer AUs does not compete
    # Best as printed: equal figures are equally bold. A block of one row has no best.
    best = np.zeros(shown.shape, bool)
    if len(shown) > 1:
        for column in range(shown.shape[1]):
            known = ranked[~np.isnan(ranked[:, column]), column]
            if len(known):
                best[:, column] = ranked[:, column] == BEST[metric](known)
    faces = " on rendered faces" if is_rendered(dataset) else ""
    return _Block(
        f"{metric} {ARROWS[metric]} {dataset}, {source}{faces}",
        source,
        is_rendered(dataset),
        [
            _Row(
                method,
                [*map(_number, values[:-1]), _number(values[-1]) + f" ({n})" * (0 < n < len(values) - 1)],
                list(bold),
                _interval(average.loc[method]),
                _difference(average.loc[method]),
            )
            for method, values, bold, n in zip(wide.index, shown, best, counts, strict=True)
        ],
    )


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{round(value, 2) + 0.0:.2f}".replace("-", "−")  # + 0.0: no −0.00


def _interval(row: pd.Series) -> str:
    if row["source"] == "published":
        return ""
    if np.isnan(row["ci_low"]):
        return "–"
    return f"[{_number(row['ci_low'])}, {_number(row['ci_high'])}]"


def _difference(row: pd.Series) -> str:
    if np.isnan(row["difference"]):
        return ""
    low, high = _number(row["difference_low"]), _number(row["difference_high"])
    interval = "" if np.isnan(row["difference_low"]) else f" [{low}, {high}]"
    return f"{'+' * (row['difference'] >= 0)}{_number(row['difference'])}{interval}"


def _cells(row: _Row, compared: bool, bold: str, escaped: Callable[[str], str]) -> list[str]:
    last = [row.difference] * compared
    values = [escaped(v) for v in (row.method, *row.values, row.interval, *last)]
    best = [False, *row.best, False, *[False] * compared]
    return [bold.format(v) if b else v for v, b in zip(values, best, strict=True)]


def _latex(text: str) -> str:
    return text.translate(_LATEX)


_LATEX = str.maketrans(
    {c: f"\\{c}" for c in "&%$#_{}"}
    | {"\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}"}
    | {"−": "$-$", "–": "--", "↑": "$\\uparrow$", "↓": "$\\downarrow$", "·": "$\\cdot$", "×": "$\\times$"}
    | {"λ": "$\\lambda$", "σ": "$\\sigma$", "‖": "$\\|$", "√": "$\\surd$", "±": "$\\pm$", "≥": "$\\geq$"}
    | {"≤": "$\\leq$", "→": "$\\to$", "²": "$^2$", "<": "$<$", ">": "$>$"}
)
