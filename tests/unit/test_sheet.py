"""Sample sheets: those of the project are the published splits; faults are named."""

from pathlib import Path

import pytest

from g2rl.datasets.registry import get_layout
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError

SHEETS = Path(__file__).parents[2] / "config" / "datasets"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_bp4d_sheet_is_the_official_split():
    rows = read_sheet(SHEETS / "bp4d.tsv")
    ranges = get_layout("bp4d").published(Path())
    assert [row.sequence for row in rows] == list(ranges)
    assert len(rows) == 328
    for fold, subjects, frames in ((0, 21, 75586), (1, 20, 71261)):
        part = [row for row in rows if row.fold == fold]
        assert len({row.subject for row in part}) == subjects
        assert all(int(row.subject[1:]) % 2 == 1 - fold for row in part)
        assert sum(ranges[row.sequence][1] - ranges[row.sequence][0] + 1 for row in part) == frames


@pytest.mark.parametrize("name", ["a", "b"])
def test_disfa_sheets(name):
    rows = read_sheet(SHEETS / f"disfa_folds_{name}.tsv")
    assert [row.sequence for row in rows] == list(get_layout("disfa").published(Path()))
    assert sorted(row.fold for row in rows) == [1] * 9 + [2] * 9 + [3] * 9


def test_embedded_bp4d_has_the_same_split():
    official = {row.sequence: row for row in read_sheet(SHEETS / "bp4d.tsv")}
    embedded = read_sheet(SHEETS / "synthetic_bp4d.tsv")
    assert len(embedded) == 82
    assert len({row.subject for row in embedded}) == 41
    assert all(row == official[row.sequence] for row in embedded)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'sequence'"),
        ("sequence\tsubject\tfold\n", "no row"),
        ("sequence:subject:fold\nA:B:1\n", "no column 'sequence'"),
        ("sequence\tsubject\nA\tB\n", "no column 'fold'"),
        ("sequence\tsubject\tfold\nA\tB\n", "line 2"),
        ("sequence\tsubject\tfold\nA\tB\tx\n", "line 2: fold 'x'"),
        ("sequence\tsubject\tfold\nA\tB\t-1\n", "line 2: fold '-1'"),
        ("sequence\tsubject\tfold\n../A\tB\t1\n", r"line 2: name '\.\./A'"),
        ("sequence\tsubject\tfold\nA\tB\t1\n\nA\tB\t1\n", "line 4: A stands in line 2"),
        ("sequence\tsubject\tfold\nA\tB\t1\nC\tB\t2\n", "line 3: subject B in fold 2, in line 2 in fold 1"),
    ],
)
def test_sheets_that_are_wrong(tmp_path, text, message):
    path = write(tmp_path / "sheet.tsv", text)
    with pytest.raises(InputError, match=message):
        read_sheet(path)


def test_no_sheet_lets_a_subject_stand_in_train_and_test():
    for path in SHEETS.glob("*.tsv"):
        rows = read_sheet(path)
        for fold in {row.fold for row in rows} - {0}:
            tested = {row.subject for row in rows if row.fold == fold}
            assert not tested & {row.subject for row in rows if row.fold != fold}
