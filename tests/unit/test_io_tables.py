"""Tables: read as written; a fault is named with its file and line."""

import pandas as pd
import pytest

from g2rl.errors import InputError
from g2rl.io.tables import read_rows, read_tsv, write_csv


def test_csv_is_read_as_written(tmp_path):
    table = pd.DataFrame({"name": ["a, b", "c"], "value": [0.1234567, 2.0]})
    write_csv(tmp_path / "a.csv", table, "%.4f")
    assert (tmp_path / "a.csv").read_bytes() == b'name,value\n"a, b",0.1235\nc,2.0000\n'
    rows = [{"name": "a, b", "value": "0.1235"}, {"name": "c", "value": "2.0000"}]
    assert read_rows(tmp_path / "a.csv") == rows


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "line 1: no column 'a' in it, expected a, b, separated by tabs"),
        ("a\tc\n1\t2\n", "line 1: no column 'b' in a, c"),
        ("a\tb\n\n1\t2\t3\n", r"line 3: found '1\\t2\\t3', expected a<TAB>b"),
        ("a\tb\n1\t\n", "line 2"),
        ("a\tb\n", "no row below the header"),
    ],
)
def test_what_is_wrong_in_a_tsv_is_named(tmp_path, text, message):
    (tmp_path / "a.tsv").write_text(text)
    with pytest.raises(InputError, match=rf"a\.tsv: {message}"):
        read_tsv(tmp_path / "a.tsv", ("a", "b"))


def test_tsv_in_any_line_end_and_with_more_columns(tmp_path):
    (tmp_path / "a.tsv").write_bytes(b"\xef\xbb\xbfb\tx\ta\r\n\r\n 1\t\t2 \r\n")
    assert read_tsv(tmp_path / "a.tsv", ("a", "b")) == [(3, {"b": "1", "x": "", "a": "2"})]


def test_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"a\.tsv: no such file"):
        read_tsv(tmp_path / "a.tsv", ("a",))
