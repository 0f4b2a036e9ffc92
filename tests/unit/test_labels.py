"""Label files in every form that is found on disks: read right, or the fault is named."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from g2rl.datasets.labels import read_codes, write_codes
from g2rl.datasets.registry import get_layout
from g2rl.errors import InputError, TextFileError

many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


blank = st.text(" \t", max_size=2)


end_of_line = st.sampled_from(["\n", "\r\n", "\r"])


@st.composite
def label_text(draw, first=0, codes=(0, 1, 2, 3, 4, 5)):
    """A label file's text with everything in it that must not matter, and the rows it stands for."""
    frames = draw(st.lists(st.integers(first, 5000), min_size=1, max_size=30, unique=True))
    rows = [(frame, draw(st.sampled_from(codes))) for frame in frames]
    end = draw(end_of_line)
    lines = []
    for frame, code in rows:
        lines += [draw(blank)] * draw(st.integers(0, 1))
        padding = "0" * draw(st.integers(0, 3))
        comma = draw(st.sampled_from(["", ","]))
        lines.append(
            f"{draw(blank)}{padding}{frame}{draw(blank)},{draw(blank)}{code}{draw(blank)}{comma}{draw(blank)}"
        )
    text = end.join(lines) + draw(st.sampled_from(["", end, end + end]))
    return draw(st.sampled_from(["", "\ufeff"])) + text, rows


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


@many
@given(label_text(codes=(0, 1, 2, 3, 4, 5, 9)))
def test_bp4d_codes_in_any_form(tmp_path, case):
    text, rows = case
    labels = get_layout("bp4d").read_file(write(tmp_path / "F001_T1_AU06.csv", text))
    assert labels.frame.tolist() == sorted(frame for frame, _ in rows)
    expected = dict(rows)
    assert labels.intensity[:, 0].tolist() == [
        -1 if expected[frame] == 9 else expected[frame] for frame in sorted(expected)
    ]
    assert (labels.frame.dtype, labels.intensity.dtype) == (np.int32, np.int8)


@many
@given(label_text(first=1))
def test_disfa_codes_in_any_form(tmp_path, case):
    text, rows = case
    labels = get_layout("disfa").read_file(write(tmp_path / "SN001_au1.txt", text))
    assert dict(zip(labels.frame.tolist(), labels.intensity[:, 0].tolist(), strict=True)) == dict(rows)


WRONG = {
    "columns": [
        "1",
        "1 2",
        "1,2,3",
        "a,b",
        "1;2",
        "1.0,2",
        "1,2.0",
        "1,3.",
        '"1","2"',
        "1\t2",
        "1,,2",
        ",1",
        "1_0,1",
        "frame,intensity",
        "٣,1",
    ],
    "value": ["9999,6", "9999,-1", "9999,10"],
}


@many
@given(label_text(first=1), st.sampled_from([(k, bad) for k, v in WRONG.items() for bad in v]), st.data())
def test_a_wrong_line_is_named(tmp_path, case, wrong, data):
    (text, _), (kind, bad) = case, wrong
    lines = re.split(r"\r\n|\n|\r", text)
    at = data.draw(st.integers(0, len(lines) - 1))
    # A line before the first keeps the byte order mark where it belongs.
    lines.insert(at + 1, bad)
    path = write(tmp_path / "SN001_au1.txt", "\n".join(lines))
    with pytest.raises(TextFileError) as error:
        get_layout("disfa").read_file(path)
    assert (error.value.kind, error.value.line) == (kind, at + 2)
    assert str(error.value).startswith(f"{path}: line {at + 2}: ")


@settings(many, max_examples=400)
@given(
    st.text(alphabet='0123459,."- \t\n\r\ufeff', max_size=60), st.sampled_from([("bp4d", 9), ("disfa", None)])
)
@example("\ufeff1,2\r\n\r\n 3 , 9 ,\r\n", ("bp4d", 9))
def test_any_text_is_read_right_or_named(tmp_path, text, case):
    layout, not_coded = case
    path = write(tmp_path / "labels", text)
    labels, message = None, ""
    try:
        labels = get_layout(layout).read_file(path)
    except TextFileError as error:
        message = str(error)
    if labels is None:
        assert message.startswith(f"{path}: ")
        return
    lines = [line.strip() for line in re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))]
    rows = [tuple(map(int, line.removesuffix(",").split(","))) for line in lines if line]
    expected = [(frame, -1 if code == not_coded else code) for frame, code in sorted(rows)]
    assert list(zip(labels.frame.tolist(), labels.intensity[:, 0].tolist(), strict=True)) == expected
    assert all(-1 <= code <= 5 for _, code in expected)


@many
@given(label_text(first=1), st.data())
def test_a_frame_twice_is_named(tmp_path, case, data):
    text, rows = case
    frame = data.draw(st.sampled_from(rows))[0]
    path = write(tmp_path / "SN001_au1.txt", f"{text}\n{frame},0")
    with pytest.raises(TextFileError, match=rf"frame {frame} for the second time"):
        get_layout("disfa").read_file(path)


@pytest.mark.parametrize(
    ("layout", "data", "message"),
    [
        ("bp4d", b"", "no coded frame"),
        ("bp4d", b"\n \r\n", "no coded frame"),
        ("disfa", b"0,1\n1,1\n", "line 1: frame 0, expected frames from 1 on"),
        ("disfa", b"1,9\n", r"line 1: intensity 9, expected 0 to 5$"),
        ("bp4d", b"1,7\n", r"line 1: intensity 7, expected 0 to 5 or 9 \(not coded\)"),
        ("bp4d", "1,2\n".encode("utf-16"), "line 1: byte 0xff, expected UTF-8 text"),
        ("bp4d", b"1,2\n\xe9,1\n", "line 2: byte 0xe9"),
        ("bp4d", b"1,2\n\x00\x00\n", "line 2: found"),
        ("bp4d", b"12345678901,2\n", "line 1: found '12345678901,2'"),
    ],
)
def test_label_files_that_are_none(tmp_path, layout, data, message):
    path = tmp_path / "labels"
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        get_layout(layout).read_file(path)


@many
@given(st.dictionaries(st.integers(0, 5000), st.sampled_from([0, 1, 2, 3, 4, 5, 9]), min_size=1))
def test_label_file_is_read_as_written(tmp_path, codes):
    write_codes(tmp_path / "codes.csv", codes.keys(), codes.values())
    labels = read_codes(tmp_path / "codes.csv", not_coded=9, first_frame=0)
    read = dict(zip(labels.frame.tolist(), labels.intensity[:, 0].tolist(), strict=True))
    assert read == {frame: -1 if code == 9 else code for frame, code in codes.items()}
