"""Table 1: the tidy file, what is bold, and that each form parses back to the same values."""

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from g2rl.errors import InputError
from g2rl.evaluation.metrics import evaluate, mean_over_seeds, write_metrics
from g2rl.inference.predictions import read_predictions, write_predictions
from g2rl.report.captions import caption, notes
from g2rl.report.table1 import COLUMNS, MethodResult, read_published, table1, table1_from_files, write_table1
from tests.tables import BP4D, DISFA, make_metrics, make_predictions


def results(rng=None):
    """Four methods on the two rendered datasets, the networks with two seeds."""
    rng = rng or np.random.default_rng(0)
    out = []
    for dataset, aus in (("synthetic_bp4d", BP4D), ("synthetic_disfa", DISFA)):
        level = {"Best constant": (0.0, 0.7), "Landmarks ridge": (0.49, 0.62), "Baseline": (0.62, 0.5)}
        for method, (icc, mae) in (level | {"G2RL": (0.63, 0.49)}).items():
            seeds = 2 if method in ("Baseline", "G2RL") else 1
            tables = []
            for _ in range(seeds):
                noise = rng.normal(0, 0.05, len(aus)) * (icc > 0)
                values = icc + noise, mae - noise
                tables.append(make_metrics(aus, *(np.append(v, v.mean()) for v in values)))
            out.append(MethodResult(dataset, method, tables))
    return out


def test_tidy_table(tmp_path):
    table = write_table1(results(), tmp_path / "table1")
    back = pd.read_csv(tmp_path / "table1.csv", dtype={"au": str})
    assert list(back) == COLUMNS
    assert COLUMNS[:6] == ["dataset", "method", "source", "metric", "au", "value"]
    published = back[back["source"] == "published"].reset_index(drop=True)
    pd.testing.assert_frame_equal(published[list(read_published())], read_published())
    assert published[["ci_low", "ci_high", "fold_mean", "seeds"]].isna().all(axis=None)
    measured = back[back["source"] == "measured"]
    assert set(measured["dataset"]) == {"synthetic_bp4d", "synthetic_disfa"}
    assert list(dict.fromkeys(measured["method"])) == ["Best constant", "Landmarks ridge", "Baseline", "G2RL"]
    assert set(measured["metric"]) == {"ICC", "MAE"}
    assert len(measured) == 4 * 2 * (6 + 13)
    np.testing.assert_allclose(back["value"], table["value"].astype(float), rtol=1e-5)


def test_seeds_are_averaged():
    first, second = (make_metrics(BP4D, np.full(6, value), np.full(6, 0.5)) for value in (0.4, 0.6))
    table = table1([MethodResult("synthetic_bp4d", "G2RL", [first, second])])
    row = table[(table["dataset"] == "synthetic_bp4d") & (table["metric"] == "ICC") & (table["au"] == "avg")]
    found = row[["value", "ci_low", "ci_high", "fold_mean", "seeds"]].to_numpy(float)
    np.testing.assert_allclose(found, [[0.5, 0.45, 0.55, 0.49, 2]])
    with pytest.raises(InputError, match="differ in their rows"):
        mean_over_seeds([first, make_metrics((6, 10), np.zeros(3), np.zeros(3))])


def test_the_mean_over_folds_may_be_shown():
    metrics = make_metrics(BP4D, np.full(6, 0.4), np.full(6, 0.5))
    shown, pooled = (
        table1([MethodResult("synthetic_bp4d", "G2RL", [metrics])], aggregation=aggregation)
        for aggregation in ("fold_mean", "pooled")
    )
    shown, pooled = (table[table["source"] == "measured"] for table in (shown, pooled))
    np.testing.assert_array_equal(shown["value"], pooled["fold_mean"])
    np.testing.assert_array_equal(shown["fold_mean"], pooled["fold_mean"])
    assert (shown["value"] != pooled["value"]).all()


def test_a_constant_prediction_is_noted_from_the_files(tmp_path):
    paths = []
    for fold, spread in ((1, 1.0), (2, 0.0)):
        path = tmp_path / f"disfa/baseline_sigma2_seed3/fold{fold}/predictions.csv"
        path.parent.mkdir(parents=True)
        rows = [f"S{fold},S{fold},{frame},{frame % 3},{spread * (frame % 3)}" for frame in range(30)]
        path.write_text("subject,sequence,frame,AU05_true,AU05_pred\n" + "\n".join(rows) + "\n")
        paths.append(path)
    _, notes = table1_from_files([], predictions=paths)
    assert notes == [
        "Predictions (nearly) constant, so that the ICC is about 0: AU05 in fold 2 of seed 3 (Baseline on "
        "disfa)."
    ]


def test_how_few_codes_a_weakly_supervised_method_sees_is_noted(tmp_path):
    """Of the codes 0, 1, 2, 0, 1, 2, … of two subjects, valleys and peaks are two in three."""
    path = tmp_path / "disfa/kbss_seed0/fold1/predictions.csv"
    path.parent.mkdir(parents=True)
    rows = [f"{name},{name},{frame},{frame % 3},{frame % 3}" for name in "ab" for frame in range(30)]
    path.write_text("subject,sequence,frame,AU05_true,AU05_pred\n" + "\n".join(rows) + "\n")
    (note,) = table1_from_files([], predictions=[path])[1]
    assert "weakly supervised" in note
    assert "as are 40 of 60 on disfa of the test codes" in note


def test_every_method_is_paired_with_the_baseline(tmp_path):
    """By its files: the image-free baselines with each of its seeds; the average less the Baseline's."""
    predictions, metrics = [], []
    for method, noise in (("constant", 1.5), ("baseline_sigma2_seed0", 0.8), ("baseline_sigma2_seed1", 0.7)):
        path = tmp_path / f"disfa/{method}/fold1/predictions.csv"
        path.parent.mkdir(parents=True)
        write_predictions(path, make_predictions(list("abcd"), noise=noise))
        metrics.append(path.parents[1] / "metrics.csv")
        write_metrics(metrics[-1], evaluate([read_predictions(path)], 0))
        predictions.append(path)
    results, _ = table1_from_files(metrics, predictions=predictions, resamples=50)
    table = write_table1(results, tmp_path / "table1", published=[])
    rows = table[(table["au"] == "avg") & (table["metric"] == "ICC")].set_index("method")
    assert np.isnan(rows.loc["Baseline", "difference"])
    row = rows.loc["Best constant"]
    assert row["difference"] == pytest.approx(row["value"] - rows.loc["Baseline", "value"], abs=2e-6)
    assert row["difference_low"] < row["difference"] < row["difference_high"] < 0
    assert (row["aus"], row["seeds"], rows.loc["Baseline", "seeds"]) == (3, 1, 2)
    assert "vs. Baseline: the average less the Baseline's" in (tmp_path / "table1.md").read_text()


def test_neutral_rows_are_of_predictions_less_each_subjects_own_percentile(tmp_path):
    """A face that a method reads too high throughout costs nothing any more; no code is looked at."""
    folds = [make_predictions(names, seed=k) for k, names in enumerate((["F001", "F002"], ["F003", "F004"]))]
    expected, files, metrics = [], [], []
    for number, table in enumerate(folds):
        calibrated = table.copy()
        for k, subject in enumerate(table["subject"].unique()):
            for au in ("AU01", "AU06", "AU12"):
                rows = (table["subject"] == subject).to_numpy(), f"{au}_pred"
                table.loc[rows] = (table.loc[rows] / 2 + 2.4 * k).round(4)
                calibrated.loc[rows] = (table.loc[rows] - np.percentile(table.loc[rows], 5)).clip(lower=0)
        expected.append(calibrated)
        for method in ("baseline_sigma2_seed0", "constant"):
            files.append(tmp_path / "mine" / method / f"fold{number + 1}/predictions.csv")
            write_predictions(files[-1], table.assign(AU01_pred=1.0) if method == "constant" else table)
    for method in ("baseline_sigma2_seed0", "constant"):
        metrics.append(tmp_path / "mine" / method / "metrics.csv")
        write_metrics(metrics[-1], evaluate(folds, 20))
    found, _ = table1_from_files(metrics, predictions=files, resamples=20, neutral=True)
    table = write_table1(found, tmp_path / "table1", published=[])
    assert list(dict.fromkeys(table["method"])) == ["Best constant", "Baseline", "Baseline, neutral"]
    wanted = evaluate(expected, 20).query("aggregation == 'pooled' and metric in ('ICC', 'MAE')")
    rows = table[table["method"] == "Baseline, neutral"]
    np.testing.assert_allclose(rows["value"], wanted["value"])
    icc = table[(table["metric"] == "ICC") & (table["au"] == "avg")].set_index("method")
    gain = icc["value"]["Baseline, neutral"] - icc["value"]["Baseline"]
    assert gain > 0.1
    assert icc["difference"]["Baseline, neutral"] == pytest.approx(gain)
    assert "neutral”: predictions less the 5th percentile" in (tmp_path / "table1.md").read_text()
    plain, _ = table1_from_files(metrics, predictions=files, resamples=20)
    assert {result.method for result in plain} == {"Best constant", "Baseline"}


def test_an_average_of_fewer_aus_says_so_and_is_not_the_best():
    full, part = (make_metrics(BP4D, np.full(6, value), np.full(6, 0.5)) for value in (0.4, 0.9))
    part.loc[(part["metric"] == "ICC") & (part["au"] == "AU06"), "value"] = np.nan
    part.loc[(part["metric"] == "ICC") & (part["au"] == "avg"), "aus"] = 4
    table = table1([MethodResult("x", "Baseline", [full]), MethodResult("x", "G2RL", [part])], published=[])
    from g2rl.report.table1_formats import markdown

    rows = rows_of_markdown(markdown(table, ""))[0, "ICC ↑ x, measured"]
    assert [rows[name][-2] for name in ("Baseline", "G2RL")] == ["**0.40**", "0.90 (4)"]


def test_without_an_interval_there_is_a_dash_and_a_note():
    alone = make_metrics(BP4D, np.full(6, 0.4), np.full(6, 0.5)).assign(ci_low=np.nan, ci_high=np.nan)
    table = table1([MethodResult("x", "Baseline", [alone])], published=[])
    from g2rl.report.captions import notes
    from g2rl.report.table1_formats import markdown

    assert rows_of_markdown(markdown(table, ""))[0, "ICC ↑ x, measured"]["Baseline"][-1] == "–"
    assert "95 %, –: no interval over subjects, as where a fold tests a single one." in notes(table)


def test_published_averages_are_the_means_of_their_rows():
    table = read_published()
    for _, rows in table.groupby(["dataset", "method", "metric"]):
        value = rows.set_index("au")["value"]
        assert value["avg"] == pytest.approx(value.drop("avg").mean(), abs=0.0101)


def rows_of_markdown(text):
    """Pipe tables → {(panel, block title): {method: cells}}."""
    found, panel, block = {}, -1, None
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        if not cells or set(line) <= set("|:- "):
            continue
        if cells[0] == "Method":
            panel, header = panel + 1, cells
        elif cells[0].startswith("*"):
            block = found.setdefault((panel, cells[0].strip("*").replace("\\", "")), {})
        else:
            assert len(cells) == len(header)
            block[cells[0]] = cells[1:]
    return found


def test_bold_is_the_best_of_its_own_block(tmp_path):
    given = results()
    write_table1(given, tmp_path / "table1")
    found = rows_of_markdown((tmp_path / "table1.md").read_text())
    assert [title for panel, title in found if panel == 0] == [
        "ICC ↑ BP4D, published",
        "ICC ↑ synthetic_bp4d, measured on rendered faces",
        "MAE ↓ BP4D, published",
        "MAE ↓ synthetic_bp4d, measured on rendered faces",
    ]
    assert len(found) == 8
    for (_, title), block in found.items():
        better = max if title.startswith("ICC") else min
        for column in range(len(next(iter(block.values()))) - 1):
            cells = {method: cells[column] for method, cells in block.items()}
            values = {m: float(cell.strip("*").replace("−", "-")) for m, cell in cells.items()}
            best = better(values.values())
            assert {m for m, cell in cells.items() if cell.startswith("**")} == {
                m for m, value in values.items() if value == best
            }
    published = found[0, "ICC ↑ BP4D, published"]
    assert published["G2RL"] == ["0.70", "**0.81**", "0.83", "**0.59**", "**0.51**", "**0.69**", ""]
    assert published["KBSS"][0] == "**0.76**"
    baseline = found[0, "ICC ↑ synthetic_bp4d, measured on rendered faces"]["Baseline"]
    assert re.fullmatch(r"\[0\.\d\d, 0\.\d\d\]", baseline[-1])


def test_undefined_and_negative_values():
    nan = make_metrics(BP4D, np.array([np.nan, -0.2, -0.001, 0, 0, np.nan]), np.full(6, 0.5))
    only = [MethodResult("synthetic_bp4d", "Best constant", [nan])]
    table = table1(only)
    from g2rl.report.table1_formats import markdown

    row = rows_of_markdown(markdown(table, ""))[0, "ICC ↑ synthetic_bp4d, measured on rendered faces"]
    assert row["Best constant"] == ["–", "−0.20", "0.00", "0.00", "0.00", "–", "–"]  # alone: none bold


def test_html_and_latex_hold_the_same_cells(tmp_path):
    write_table1(results(), tmp_path / "table1", "6 epochs, λ < 1 & σ = 2", ["L_G fell to 2% of its start."])
    expected = rows_of_markdown((tmp_path / "table1.md").read_text())

    page = (tmp_path / "table1.html").read_text()
    assert not re.search(r"(src|href)=|@import|url\(", page)
    tree = ElementTree.fromstring(page)
    found = {}
    for panel, table in enumerate(tree.iter("table")):
        for body in table.iter("tbody"):
            title, *rows = body.iter("tr")
            cells = [["".join(cell.itertext()) for cell in row] for row in rows]
            bold = [[cell.find("b") is not None for cell in row] for row in rows]
            found[panel, "".join(title.itertext())] = {
                row[0]: [f"**{c}**" if b else c for c, b in zip(row[1:], bolds[1:], strict=True)]
                for row, bolds in zip(cells, bold, strict=True)
            }
    assert found == expected
    assert any("λ < 1 & σ = 2. " in item.text for item in tree.iter("li"))
    assert len("".join(tree.find(".//figcaption").itertext())) < 440  # four lines

    tex = (tmp_path / "table1.tex").read_text()
    found, panel, block = {}, -1, None
    for line in tex.splitlines():
        if line.startswith("\\begin{tabular}"):
            panel, width = panel + 1, line.split("@{}")[1].count("r") + 1
        elif title := re.match(r"\\multicolumn\{(\d+)\}\{@\{\}l\}\{\\emph\{(.*)\}\} \\\\$", line):
            assert int(title[1]) == width
            name = title[2].replace("$\\uparrow$", "↑").replace("$\\downarrow$", "↓").replace("\\_", "_")
            block = found.setdefault((panel, name), {})
        elif " & " in line and not line.startswith(("Method", "\\caption")):
            cells = line.removesuffix(" \\\\").split(" & ")
            assert len(cells) == width
            cells = [re.sub(r"\\textbf\{(.*)\}", r"**\1**", c).replace("$-$", "−") for c in cells]
            block[cells[0]] = [cell.strip() for cell in cells[1:]]
    assert found == expected
    assert "$\\lambda$ $<$ 1 \\& $\\sigma$ = 2. " in tex
    assert "L\\_G fell to 2\\% of its start." in tex
    assert len(re.findall(r"(?<!\\)\{", tex)) == len(re.findall(r"(?<!\\)\}", tex))
    assert re.findall(r"\\begin\{(.*?)\}", tex) == ["table*", "tabular", "tabular"]
    assert re.findall(r"\\end\{(.*?)\}", tex) == ["tabular", "tabular", "table*"]


def test_caption_says_which_faces_were_rendered():
    table = table1(results())
    text = caption(table)
    assert "Measured on synthetic_bp4d and synthetic_disfa: rendered faces" in text
    assert "must not be compared with the published" in text
    below = notes(table, "6 epochs", ["A note."])
    assert "Every network: 6 epochs. Mean of 2 seeds." in below
    assert below[-1] == "A note."
    assert not any("undefined" in note for note in below)
    real = [MethodResult("bp4d", "G2RL", [make_metrics(BP4D, np.zeros(6), np.zeros(6))])]
    text = caption(table1(real))
    assert "rendered" not in text
    assert "Measured on bp4d: real faces." in text
    assert "One seed." in notes(table1(real))
    real[0].metrics[0].loc[0, "value"] = np.nan
    assert any(note.startswith("–: undefined") for note in notes(table1(real)))


def test_real_measured_rows_stand_beside_the_published_but_do_not_compete(tmp_path):
    real = [MethodResult("bp4d", m, [make_metrics(BP4D, np.full(6, v), np.full(6, v))]) for m, v in
            (("Baseline", 0.95), ("G2RL", 0.96))]  # fmt: skip
    write_table1(real + results(), tmp_path / "table1")
    found = rows_of_markdown((tmp_path / "table1.md").read_text())
    assert [title for panel, title in found if panel == 0][:3] == [
        "ICC ↑ BP4D, published",
        "ICC ↑ bp4d, measured",
        "ICC ↑ synthetic_bp4d, measured on rendered faces",
    ]
    assert found[0, "ICC ↑ bp4d, measured"]["G2RL"][0] == "**0.96**"
    assert found[0, "ICC ↑ BP4D, published"]["KBSS"][0] == "**0.76**"


def test_unknown_and_double_methods_are_refused():
    with pytest.raises(InputError, match="no method 'g2rl'"):
        table1([MethodResult("synthetic_bp4d", "g2rl", [make_metrics(BP4D, np.zeros(6), np.zeros(6))])])
    with pytest.raises(InputError, match="two results for 'G2RL' on synthetic_bp4d"):
        table1([r for r in results() if r.method == "G2RL"] * 2)


def test_same_input_same_bytes(tmp_path):
    for name in ("a", "b"):
        given = results()
        write_table1(given if name == "a" else given[::-1], tmp_path / name)
    for suffix in (".csv", ".md", ".tex", ".html"):
        assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()
