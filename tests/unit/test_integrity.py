"""``g2rl check`` finds each planted fault and nothing else, and nothing in a clean tree."""

import csv
from pathlib import Path

import pytest

from g2rl.datasets.integrity.check import check, exit_status
from g2rl.datasets.integrity.findings import KINDS, format_findings, make_finding
from g2rl.datasets.integrity.findings_file import read_known_faults, write_findings
from g2rl.datasets.registry import get_layout
from tests.data.make_trees import FAULTS, make_bp4d, make_disfa, make_disfa_frames

# Short ones. The first one is planted on; it is all that there is of its subject.
SEQUENCES = {"bp4d": ["F009_T8", "M009_T8", "M009_T3", "M008_T8"], "disfa": ["SN001", "SN002"]}


FAULTY = {"task_missing": "M009_T8", "task_in_small_letters": "M009_T8"}


def small_tree(layout: str, folder: Path) -> tuple[Path, Path]:
    """A clean tree of a few whole sequences, and the sheet that lists them."""
    root, sheet = folder / "tree", folder / "sheet.tsv"
    root.mkdir()
    sequences = SEQUENCES[layout]
    (make_bp4d if layout == "bp4d" else make_disfa)(root, sequences)
    rows = [f"{name}\t{name.split('_')[0]}\t1\n" for name in sequences]
    sheet.write_text("sequence\tsubject\tfold\n" + "".join(rows))
    return root, sheet


@pytest.mark.parametrize("layout", SEQUENCES)
@pytest.mark.parametrize("decode", [False, True])
def test_clean_tree_is_silent(tmp_path, layout, decode, caplog):
    caplog.set_level("INFO")
    root, sheet = small_tree(layout, tmp_path)
    assert check(get_layout(layout), root, sheet, jobs=2, decode=decode) == []
    ranges = [get_layout(layout).published(root)[sequence] for sequence in SEQUENCES[layout]]
    coded = sum(last - first + 1 for first, last in ranges)
    assert f"{coded:,} coded frames, {coded:,} of them" in caplog.text
    assert format_findings([]) == "nothing wrong found"
    assert exit_status([]) == 0


@pytest.mark.parametrize("codes", ["AU-Intensity-Codes3.0", "AUCoding/AU_INT", "au_intensity_codes3.0"])
def test_other_spellings_are_silent(tmp_path, codes):
    make_bp4d(tmp_path, ["F009_T8"], codes=codes)
    (tmp_path / "BP4D-training").rename(tmp_path / "BP4D_Training")
    (tmp_path / "sheet.tsv").write_text("sequence\tsubject\tfold\nF009_T8\tF009\t0\n")
    assert check(get_layout("bp4d"), tmp_path, tmp_path / "sheet.tsv") == []


@pytest.mark.parametrize(
    ("frames", "codes"),
    [
        ("Sequences(2D+3D)", "AUCoding/AU_INT"),  # Binghamton's
        ("2D+3D", "AUCoding/AU_INT"),
        ("BP4D-training", "AU Intensity Codes3.0"),  # FERA 2015's
        (".", "AU Intensity Codes3.0"),
        ("disk/images", "AU_INT"),
    ],
)
def test_bp4d_of_each_distribution_is_silent(tmp_path, frames, codes):
    make_bp4d(tmp_path, ["F009_T8", "M009_T8"], codes=codes, frames=frames)
    (tmp_path / "sheet.tsv").write_text("sequence\tsubject\tfold\nF009_T8\tF009\t0\nM009_T8\tM009\t1\n")
    layout = get_layout("bp4d")
    assert check(layout, tmp_path, tmp_path / "sheet.tsv", jobs=1) == []
    assert layout.media(tmp_path, "F009_T8") == tmp_path / frames / "F009/T8"
    assert set(layout.found(tmp_path)) == {"F009_T8", "M009_T8"}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize(
    ("place", "codes"),
    [
        ("Videos_LeftCamera/LeftVideo{}", "ActionUnit_Labels"),
        ("Videos_LeftCamera/LeftVideo{}_comp", "AU_Labels"),
        ("Images/Left/{}", "ActionUnit_Labels"),
        ("Images/LeftVideo{}", "AU-Labels"),
    ],
)
def test_disfa_as_frames_is_silent(tmp_path, place, codes, first):
    """Frames that count from 0 are the ones coded from 1 on, if there are as many."""
    make_disfa_frames(tmp_path, ["SN001", "SN010"], place, codes, first)
    (tmp_path / "sheet.tsv").write_text("sequence\tsubject\tfold\nSN001\tSN001\t1\nSN010\tSN010\t2\n")
    layout = get_layout("disfa")
    assert check(layout, tmp_path, tmp_path / "sheet.tsv", jobs=1) == []
    assert layout.media(tmp_path, "SN001") == tmp_path / place.format("SN001")
    assert set(layout.found(tmp_path)) == {"SN001", "SN010"}
    labels = layout.read_labels(tmp_path, "SN010")
    assert (labels.frame[0], labels.frame[-1]) == (first, first + 4843)
    assert layout.excluded(tmp_path, "SN001")[0] == 397 + first


@pytest.mark.parametrize("name", FAULTS)
def test_fault_is_found(tmp_path, name):
    fault = FAULTS[name]
    root, sheet = small_tree(fault.layout, tmp_path)
    sequence = FAULTY.get(name, SEQUENCES[fault.layout][0])
    fault.plant(root, sequence)
    findings = check(get_layout(fault.layout), root, sheet, jobs=1, decode=fault.decode)
    assert {finding.code for finding in findings} == set(fault.codes), format_findings(findings)
    if fault.named:
        assert {finding.subject for finding in findings} == {sequence.split("_")[0]}
        assert {finding.sequence for finding in findings} <= {sequence, ""}
    if "copied" in fault.codes[0]:
        assert sequence in {finding.sequence for finding in findings}
        assert len(findings) == 2
    for finding in findings:
        assert finding.found
        assert finding.meaning
        assert finding.action
    severe = any(KINDS[code]["severity"] == "error" for code in fault.codes)
    assert exit_status(findings) == severe
    if fault.decode:  # the quick look does not see it
        assert check(get_layout(fault.layout), root, sheet, jobs=1) == []


@pytest.mark.parametrize(("layout", "make"), [("bp4d", make_bp4d), ("disfa", make_disfa)])
def test_a_fault_in_each_of_many_subjects(tmp_path, layout, make):
    """Two sequences per subject, every frame; each fault is found in its own subject, and nothing else."""
    root, sheet = tmp_path / "tree", tmp_path / "sheet.tsv"
    published = get_layout(layout).published(root)
    first = {name.split("_")[0]: name for name in reversed(published)}  # a subject's first sequence
    subjects = [name for name in sorted(first) if name != "SN010"]  # which is a frame shorter than the others
    faults = [
        each for each in FAULTS.values() if (each.layout, each.named, each.decode) == (layout, True, False)
    ]
    chosen = subjects[: len(faults) + 2]  # two without a fault
    present = [name for each in chosen for name in [n for n in published if n.startswith(each)][:2]]
    make(root, present)
    rows = [f"{name}\t{name.split('_')[0]}\t1\n" for name in present]
    sheet.write_text("sequence\tsubject\tfold\n" + "".join(rows))
    expected = set()
    for subject, fault in zip(subjects[: len(faults)], faults, strict=True):
        fault.plant(root, first[subject])
        expected |= {(code, subject) for code in fault.codes}
    findings = check(get_layout(layout), root, sheet, jobs=2)
    assert {(finding.code, finding.subject) for finding in findings} == expected, format_findings(findings)


def test_every_kind_of_finding_is_planted():
    planted = {code for fault in FAULTS.values() for code in fault.codes}
    own_table = {"aus-differ", "sheet", "au-location", "subject-spelling"}  # see below and test_own_faults.py
    statistics = {
        "codes-constant",
        "aus-swapped",
        "subjects-swapped",
        "totals-differ",
    }  # test_code_statistics.py
    assert set(KINDS) - planted == own_table | statistics
    assert len(FAULTS) >= 25


def test_documentation_lists_every_kind():
    text = (Path(__file__).parents[2] / "docs/datasets.md").read_text()
    for code, kind in KINDS.items():
        assert f"| `{code}` | {kind['severity']} | {kind['meaning']} | {kind['action']} |" in text
    assert text.count("\n| `") == len(KINDS) + len(
        list((Path(__file__).parents[2] / "config/datasets").glob("*.tsv"))
    )


def test_several_faults_at_once_in_order(tmp_path):
    root, sheet = small_tree("bp4d", tmp_path)
    for name, sequence in (
        ("padding_mixed", "F009_T8"),
        ("jpeg_cut", "F009_T8"),
        ("code_seven", "M008_T8"),
        ("header_line", "M008_T8"),
        ("frame_deleted", "M009_T3"),
    ):
        FAULTS[name].plant(root, sequence)
    findings = check(get_layout("bp4d"), root, sheet)
    assert [(finding.severity, finding.code, finding.sequence) for finding in findings] == [
        ("error", "label-columns", "M008_T8"),
        ("error", "label-value", "M008_T8"),
        ("warning", "frame-unreadable", "F009_T8"),
        ("warning", "frame-missing", "M009_T3"),
        ("note", "padding-mixed", "F009_T8"),
    ]
    assert findings == check(get_layout("bp4d"), root, sheet, jobs=1)
    assert exit_status(findings) == 1
    text = format_findings(findings)
    assert "AU12/M008_T8_AU12.csv  line 10: intensity 7, expected 0 to 5 or 9 (not coded)" in text
    assert text.endswith("2 errors, 2 warnings, 1 note")
    write_findings(tmp_path / "check.csv", findings)
    with open(tmp_path / "check.csv", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["code"] for row in rows] == [finding.code for finding in findings]
    assert rows[1]["file"] == "AU Intensity Codes3.0/AU12/M008_T8_AU12.csv"


def test_hints_say_what_lies_there_instead(tmp_path):
    found = {}
    for name in ("subject_still_packed", "label_file_misnamed", "video_of_the_other_camera", "bp4d_plus"):
        fault = FAULTS[name]
        (tmp_path / name).mkdir()
        root, sheet = small_tree(fault.layout, tmp_path / name)
        fault.plant(root, SEQUENCES[fault.layout][0])
        found[name] = check(get_layout(fault.layout), root, sheet, jobs=1)[0].found
    assert "F009.zip (to be unpacked)" in found["subject_still_packed"]
    assert "F009_T8_AU6.csv" in found["label_file_misnamed"]
    assert "RightVideoSN001_Comp.avi" in found["video_of_the_other_camera"]
    assert "BP4D+" in found["bp4d_plus"]


def test_without_a_sheet_every_published_sequence_is_expected(tmp_path):
    make_disfa(tmp_path, ["SN001"])
    findings = check(get_layout("disfa"), tmp_path)
    assert {finding.code for finding in findings} == {"subject-missing"}
    assert len(findings) == 26


def test_own_table(tmp_path):
    def write(second: str) -> list:
        rows = [
            "sequence\tsubject\tfold\tmedia\tcodes",
            "one\tanna\t1\tone\tone.csv",
            "two\tberta\t2\ttwo\ttwo.csv",
        ]
        (tmp_path / "sequences.tsv").write_text("\n".join(rows))
        (tmp_path / "one.csv").write_text("frame,AU06,AU12\n1,1,2\n2,,3\n")
        (tmp_path / "two.csv").write_text(second)
        return check(get_layout("table"), tmp_path, tmp_path / "sequences.tsv", jobs=1)

    make_bp4d(tmp_path / "source", ["F009_T8", "M009_T8"])
    for name, task in (("one", "F009/T8"), ("two", "M009/T8")):
        folder = tmp_path / name
        folder.mkdir()
        image = next((tmp_path / "source/BP4D-training" / task).iterdir()).read_bytes()
        for number in (1, 2):
            (folder / f"{number}.jpg").write_bytes(image)
    assert write("frame,AU06,AU12\n1,0,2\n2,1,3\n") == []
    assert [finding.code for finding in write("frame,AU06\n1,2\n2,0\n")] == ["aus-differ"]
    assert [finding.code for finding in write("frame,AU06,AU12\n1,9,2\n2,0,0\n")] == ["label-value"]


def test_known_faults_are_the_errors_of_the_file_and_the_folders_they_lie_in(tmp_path):
    findings = [
        make_finding("frame-unnumbered", "F009", "F009_T8", "BP4D-training/F009/T8/cover.jpg"),
        make_finding("label-value", "F009", "F009_T8", "codes/AU12/F009_T8_AU12.csv"),
        make_finding("frame-missing", "M009", "M009_T8", "BP4D-training/M009/T8"),  # a warning
        make_finding("au-absent"),
    ]
    write_findings(tmp_path / "check.csv", findings)
    known = read_known_faults(tmp_path / "check.csv")
    root = Path("/disk/BP4D")
    assert root / "BP4D-training/F009/T8" in known
    assert root / "codes/AU12/F009_T8_AU12.csv" in known
    assert root / "BP4D-training/M009/T8" not in known
    assert root / "BP4D-training/F009/T80" not in known
    assert root / "BP4D-training/F009/T8" not in read_known_faults(None)
