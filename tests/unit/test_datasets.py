"""Layouts, label files in every shape that lies on a disk, sample sheets."""

import itertools
import re
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from g2rl.datasets.integrity.check import check
from g2rl.datasets.integrity.findings_file import KnownFaults, read_known_faults, write_findings
from g2rl.datasets.registry import LAYOUTS, get_layout
from g2rl.datasets.root import check_root
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError, TextFileError
from g2rl.io.video import open_source

sys.path.insert(0, str(Path(__file__).parent.parent / "data"))
from make_trees import FAULTS, make_bp4d, make_disfa

SHEETS = Path(__file__).parents[2] / "config" / "datasets"
many = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

# ---------------------------------------------------------------------------------------- label files

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
def test_bp4d_codes_in_any_dress(tmp_path, case):
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
def test_disfa_codes_in_any_dress(tmp_path, case):
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


def test_a_fault_that_the_check_knew_stops_its_sequence_alone(tmp_path, caplog):
    """Where faults are allowed it has no frame; a fault unknown to the check is an error."""
    make_bp4d(tmp_path, ["F009_T8", "M009_T8"])
    layout, sheet = get_layout("bp4d"), tmp_path / "sheet.tsv"
    sheet.write_text("sequence\tsubject\tfold\nF009_T8\tF009\t0\nM009_T8\tM009\t1\n")
    FAULTS["code_seven"].plant(tmp_path, "F009_T8")
    FAULTS["cover_picture"].plant(tmp_path, "F009_T8")
    write_findings(tmp_path / "check.csv", check(layout, tmp_path, sheet, jobs=1))
    checked = read_known_faults(tmp_path / "check.csv")
    for sequence in ("F009_T8", "M009_T8"):
        if sequence == "M009_T8":  # which was clean when it was checked
            FAULTS["code_seven"].plant(tmp_path, sequence)
            FAULTS["cover_picture"].plant(tmp_path, sequence)
        for known in (KnownFaults(), *([checked] if sequence == "M009_T8" else [])):
            with pytest.raises(InputError, match="intensity 7"):
                layout.read_labels(tmp_path, sequence, known)
            with pytest.raises(InputError, match=r"cover\.jpg: no frame number"):
                open_source(layout.media(tmp_path, sequence), known)
    labels = layout.read_labels(tmp_path, "F009_T8", checked)
    assert (labels.frame.shape, labels.intensity.shape, labels.aus) == ((0,), (0, 5), layout.aus)
    source = open_source(layout.media(tmp_path, "F009_T8"), checked)
    assert (list(source.numbers), list(source.grey()), list(source.rgb())) == ([], [], [])
    assert "intensity 7, expected 0 to 5 or 9 (not coded): no frame of the sequence is coded" in caplog.text
    assert "rename it or move it elsewhere: the sequence has no frame" in caplog.text


def test_missing_label_file(tmp_path):
    with pytest.raises(InputError, match=r"F001_T1_AU06\.csv: no such file"):
        get_layout("bp4d").read_labels(tmp_path, "F001_T1")


def test_aus_that_disagree_on_frames(tmp_path):
    for path in get_layout("bp4d").label_paths(tmp_path, "F001_T1"):
        write(path, "3,0\n4,9\n5,1\n" if "AU12" not in path.name else "3,0\n5,1\n6,0\n")
    with pytest.raises(InputError, match=r"AU12\.csv: no frame 4 \(2 frames differ\), expected .*AU06"):
        get_layout("bp4d").read_labels(tmp_path, "F001_T1")


# ---------------------------------------------------------------------------------------- whole sequences


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    frames=st.sets(st.integers(1, 60), min_size=1, max_size=12),
    coded=st.sets(st.integers(1, 60), min_size=1, max_size=12),
    padding=st.lists(st.integers(0, 4), min_size=12, max_size=12),
    codes=st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 9]), min_size=60, max_size=60),
)
def test_bp4d_sequence_of_any_padding_gaps_and_extra_frames(tmp_path_factory, frames, coded, padding, codes):
    root, layout = tmp_path_factory.mktemp("bp4d"), get_layout("bp4d")
    folder = layout.media(root, "M007_T8")
    folder.mkdir(parents=True)
    for number, zeros in zip(sorted(frames), padding, strict=False):
        cv2.imwrite(str(folder / f"{'0' * zeros}{number}.jpg"), np.full((8, 8, 3), number * 4, np.uint8))
    stream = itertools.cycle(codes)
    table = {frame: [next(stream) for _ in layout.aus] for frame in coded}
    for column, path in enumerate(layout.label_paths(root, "M007_T8")):
        write(path, "".join(f"{frame},{row[column]}\r\n" for frame, row in table.items()))
    source, labels = open_source(folder), layout.read_labels(root, "M007_T8")
    assert source.numbers == sorted(frames)
    assert all(abs(int(image.mean()) - number * 4) <= 2 for number, image in source.grey())
    assert labels.aus == (6, 10, 12, 14, 17)
    assert labels.frame.tolist() == sorted(coded)
    assert labels.intensity.tolist() == [
        [-1 if code == 9 else code for code in table[frame]] for frame in sorted(coded)
    ]


def test_paths_before_anything_is_there(tmp_path):
    root = tmp_path / "not/yet"
    assert get_layout("bp4d").media(root, "F001_T1") == root / "BP4D-training/F001/T1"
    assert get_layout("bp4d").label_paths(root, "F001_T1")[1] == (
        root / "AU Intensity Codes3.0/AU10/F001_T1_AU10.csv"
    )
    assert get_layout("disfa").media(root, "SN001") == root / "Videos_LeftCamera/LeftVideoSN001_comp.avi"
    assert (
        get_layout("disfa_right").media(root, "SN001") == root / "Video_RightCamera/RightVideoSN001_Comp.avi"
    )
    assert get_layout("disfa").label_paths(root, "SN001")[5] == root / "ActionUnit_Labels/SN001/SN001_au9.txt"
    assert not root.exists()


@pytest.mark.parametrize(
    ("layout", "sequence", "parts"),
    [("bp4d", "F001_T1", {"subject": "F001", "task": "T1"}), ("disfa", "SN001", {"subject": "SN001"})],
)
def test_patterns_stand_for_the_files_of_every_sequence(tmp_path, layout, sequence, parts):
    place = get_layout(layout)
    pattern = place.sequence_pattern
    assert pattern.format(**parts) == sequence
    for files in (lambda name: [place.media(tmp_path, name)], lambda name: place.label_paths(tmp_path, name)):
        assert [str(path).format(**parts) for path in files(pattern)] == list(map(str, files(sequence)))


@pytest.mark.parametrize("codes", ["AU Intensity Codes3.0", "AU-Intensity-Codes3.0", "AUCoding/AU_INT"])
def test_bp4d_folders_in_each_spelling(tmp_path, codes):
    make_bp4d(tmp_path, ["F003_T3"], codes=codes)
    layout = get_layout("bp4d")
    check_root(layout, tmp_path)
    assert all(
        str(path).startswith(str(tmp_path / codes)) for path in layout.label_paths(tmp_path, "F003_T3")
    )
    labels = layout.read_labels(tmp_path, "F003_T3")
    assert labels.intensity.shape == (278, 5)
    assert (labels.intensity[:3, 3] == -1).all()


def test_disfa_file_names_in_each_spelling(tmp_path):
    make_disfa(tmp_path, ["SN010"])
    videos = tmp_path / "Videos_LeftCamera"
    (videos / "LeftVideoSN010_comp.avi").rename(videos / "LeftVideoSN010_Comp.AVI")
    videos.rename(tmp_path / "Video_LeftCamera")
    layout = get_layout("disfa")
    assert layout.media(tmp_path, "SN010").is_file()
    assert layout.read_labels(tmp_path, "SN010").intensity.shape == (4844, 12)


@pytest.mark.parametrize(("layout", "name"), [("bp4d", "SN001"), ("bp4d", "F001"), ("disfa", "F001_T1")])
def test_names_of_another_layout(tmp_path, layout, name):
    with pytest.raises(InputError, match=f"{name}: not a"):
        get_layout(layout).media(tmp_path, name)


# ------------------------------------------------------------------------------------------------ roots


def test_known_bad_frames_are_disfas():
    bad = {name: get_layout("disfa").known_bad(name) for name in get_layout("disfa").published(Path())}
    assert bad["SN001"] == [*range(398, 421), *range(3190, 3244)]
    assert bad["SN003"] == []
    assert bad == {name: get_layout("disfa_right").known_bad(name) for name in bad}
    # As listed: 34 runs in 13 videos, each inside its video, none overlapping.
    assert sum(map(len, bad.values())) == 4670
    assert sum(map(bool, bad.values())) == 13
    assert all(frames == sorted(set(frames)) and max(frames, default=1) <= 4845 for frames in bad.values())
    assert get_layout("bp4d").known_bad("F001_T1") == []


def test_roots_that_are_right(tmp_path):
    make_bp4d(tmp_path / "bp4d", ["F001_T3"])
    make_disfa(tmp_path / "disfa", ["SN010"])
    make_disfa(tmp_path / "disfa", ["SN010"], camera="right")
    for name in ("bp4d", "disfa"):
        check_root(get_layout(name), tmp_path / name)
    check_root(get_layout("disfa_right"), tmp_path / "disfa")


@pytest.mark.parametrize(
    ("layout", "fault", "root", "message"),
    [
        ("bp4d", "nothing_there", "", r"no such folder, expected .*BP4D-training"),
        ("bp4d", "codes_not_copied", "", "the frames are there, the intensity codes are not"),
        ("bp4d", "frames_one_level_down", "", r"give the folder below, .*disk$"),
        ("bp4d", None, "BP4D-training", r"give the folder above, "),
        ("bp4d", None, "BP4D-training/F001", r"give the folder above, .*tree$"),
        ("bp4d", None, "BP4D-training/F001/T3", r"give the folder above, .*tree$"),
        ("disfa", None, "Videos_LeftCamera/LeftVideoSN010_comp.avi", "a file, expected a folder of layout"),
        ("bp4d", "bp4d_plus", "", r"BP4D\+"),
        ("bp4d", "disfa_for_bp4d", "", "of layout disfa: set that"),
        ("disfa", "disfa_plus", "", r"DISFA\+"),
        ("disfa", "only_the_other_camera", "", "of layout disfa_right: set that"),
        ("disfa", None, "Videos_LeftCamera", "give the folder above"),
        ("table", None, "", "of layout disfa: set that"),
    ],
)
def test_roots_that_are_not(tmp_path, layout, fault, root, message):
    tree = tmp_path / "tree"
    if layout == "bp4d":
        make_bp4d(tree, ["F001_T3"])
    else:
        make_disfa(tree, ["SN010"])
    if fault:
        FAULTS[fault].plant(tree, "F001_T3" if layout == "bp4d" else "SN010")
    with pytest.raises(InputError, match=message) as error:
        check_root(get_layout(layout), tree / root)
    assert "\n" not in str(error.value)


def test_a_neighbour_that_may_not_be_read_hides_nothing(tmp_path, monkeypatch):
    """As ``lost+found`` of a disk whose top folder is given for the dataset below it."""
    make_disfa(tmp_path / "tree", ["SN010"])
    (tmp_path / "lost+found").mkdir()
    is_dir = Path.is_dir

    def guarded(path):
        if "lost+found" in path.parent.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return is_dir(path)

    monkeypatch.setattr(Path, "is_dir", guarded)
    with pytest.raises(InputError, match=r"give the folder below, .*tree$"):
        check_root(get_layout("disfa"), tmp_path)


def test_root_that_is_anything(tmp_path):
    (tmp_path / "holiday.jpg").write_bytes(b"")
    for layout in LAYOUTS.values():
        with pytest.raises(InputError, match=r"found holiday\.jpg"):
            check_root(layout, tmp_path)


def test_unknown_layout():
    with pytest.raises(InputError, match="no layout 'bp4'"):
        get_layout("bp4")


# ---------------------------------------------------------------------------------------- sample sheets


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
        ("sequence,subject,fold\nA,B,1\n", "no column 'sequence'"),
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


# ------------------------------------------------------------------------------------------- own table

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
        ("frame;AU06\n1;2\n", "line 1: found 'frame;AU06'"),
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
def test_table_codes_in_any_dress(tmp_path, rows, end, space, decimals, quote, comma, mark):
    def field(text):
        return f"{space}{quote}{text}{decimals if text.isdigit() else ''}{quote}"

    lines = [mark + ",".join(f"{quote}{name}{quote}" for name in ("frame", "AU01", "AU26")) + comma]
    for frame, cells in rows.items():
        lines += ["", ",".join(map(field, (str(frame), *cells))) + comma]
    labels = get_layout("table").read_file(write(tmp_path / "codes.csv", end.join(lines)))
    assert labels.frame.tolist() == sorted(rows)
    assert labels.intensity.tolist() == [[int(c or -1) for c in rows[frame]] for frame in sorted(rows)]
