"""Own data: the table of sequences, and its files of codes."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from g2rl.datasets.registry import get_layout
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError

many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


blank = st.text(" \t", max_size=2)


end_of_line = st.sampled_from(["\n", "\r\n", "\r"])


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


TABLE = "sequence\tsubject\tfold\tmedia\tcodes\none\tanna\t1\tvideos/one.mp4\tcodes/one.csv\n"


def test_table(tmp_path):
    write(tmp_path / "sequences.tsv", TABLE + "two\tberta\t2\tframes/two\tcodes/two.csv\n")
    write(tmp_path / "codes/one.csv", "\ufeffFrame, AU06,au7,AU12\r\n3,5,,0\r\n\r\n1,0,1,2,\r\n")
    layout = get_layout("table")
    check_root(layout, tmp_path)
    assert [row.subject for row in read_sheet(tmp_path / "sequences.tsv")] == ["anna", "berta"]
    assert layout.media(tmp_path, "two") == tmp_path / "frames/two"
    labels = layout.read_labels(tmp_path, "one")
    assert labels.aus == (6, 7, 12)
    assert labels.frame.tolist() == [1, 3]
    assert labels.intensity.tolist() == [[0, 1, 2], [5, -1, 0]]
    with pytest.raises(InputError, match=r"sequences\.tsv: no sequence 'three'"):
        layout.media(tmp_path, "three")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a header like frame,AU06,AU12"),
        ("frame\n1\n", "line 1: found 'frame'"),
        ("1,2\n", "line 1: found '1,2'"),
        ("frame,AU6,AU06\n1,1,1\n", "line 1"),
        ("frame,smile\n1,1\n", "line 1: found 'frame,smile'"),
        ("frame,AU06\n", "no coded frame"),
        ("frame,AU06\n1,2\n1,3\n", "line 3: frame 1 for the second time"),
        ("frame,AU06\n1,6\n", "line 2: intensity '6'"),
        ("frame,AU06\n1,2.5\n", r"line 2: intensity '2\.5'"),
        ("frame,AU06\n1,.0\n", r"line 2: intensity '\.0'"),
        ('frame,AU06\n1,"2\n', "line 2"),
        ("frame,AU06\n1,2,3\n", "line 2: found '1,2,3', expected frame,AU06"),
        ("frame,AU06\n1\n", "line 2: found '1'"),
        ("frame,AU06\nx,1\n", "line 2: found 'x,1'"),
    ],
)
def test_table_codes_that_are_wrong(tmp_path, text, message):
    write(tmp_path / "sequences.tsv", TABLE)
    write(tmp_path / "codes/one.csv", text)
    with pytest.raises(InputError, match=message):
        get_layout("table").read_labels(tmp_path, "one")


@many
@given(
    st.dictionaries(
        st.integers(0, 999),
        st.lists(st.sampled_from(["", "0", "1", "2", "3", "4", "5"]), min_size=2, max_size=2),
        min_size=1,
        max_size=20,
    ),
    end_of_line,
    blank,
    st.sampled_from(["", ".0", ".00"]),
    st.sampled_from(["", '"']),
    st.sampled_from(["", ","]),
    st.sampled_from(["", "\ufeff"]),
)
def test_table_codes_in_any_form(tmp_path, rows, end, space, decimals, quote, comma, mark):
    def field(text):
        return f"{space}{quote}{text}{decimals if text.isdigit() else ''}{quote}"

    lines = [mark + ",".join(f"{quote}{name}{quote}" for name in ("frame", "AU01", "AU26")) + comma]
    for frame, cells in rows.items():
        lines += ["", ",".join(map(field, (str(frame), *cells))) + comma]
    labels = get_layout("table").read_file(write(tmp_path / "codes.csv", end.join(lines)))
    assert labels.frame.tolist() == sorted(rows)
    assert labels.intensity.tolist() == [[int(c or -1) for c in rows[frame]] for frame in sorted(rows)]
