"""Kinds of label files and sample sheets, and what each must become: rows, or an error that names its cause.

python tests/labels_corpus.py > docs/evidence/inputs-labels.md
"""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from g2rl.datasets.registry import get_layout
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError

ROOT = Path(__file__).parents[1]
TWO = {1: (0, 3), 2: (5, -1)}  # AU06 and AU12 of frames 1 and 2
ONE = {1: (2,), 2: (0,)}
SHEET = {"one": ("anna", 1, "videos/one.mp4"), "two": ("berta", 2, "videos/two.mp4")}


@dataclass(frozen=True)
class Kind:
    """One kind of file.

    Attributes:
        name: what the file is, in words.
        content: its bytes.
        expected: the codes by frame, or the rows of a sheet by sequence; or words of the error.
        layout: ``table`` (codes beside a video), ``folder`` (codes beside an image folder), ``bp4d`` or
            ``disfa`` (the label file of one AU), or ``sheet`` (sequences.tsv).
    """

    name: str
    content: bytes
    expected: dict | str
    layout: str = "table"


def text(content: str, encoding: str = "utf-8") -> bytes:
    return content.encode(encoding)


PLAIN = "frame,AU06,AU12\n1,0,3\n2,5,\n"
KINDS = [
    Kind("comma-separated, the documented form", text(PLAIN), TWO),
    Kind("Excel, CSV UTF-8 (byte order mark, CRLF)", text("\ufeff" + PLAIN.replace("\n", "\r\n")), TWO),
    Kind("European Excel (semicolons)", text(PLAIN.replace(",", ";")), TWO),
    Kind("Excel, Unicode text (UTF-16, tabs)", text(PLAIN.replace(",", "\t"), "utf-16"), TWO),
    Kind("UTF-16, big-endian, with a mark", b"\xfe\xff" + text(PLAIN, "utf-16-be"), TWO),
    Kind("UTF-16 without a mark", text(PLAIN, "utf-16-le"), TWO),
    Kind("tabs", text(PLAIN.replace(",", "\t")), TWO),
    Kind("bars", text(PLAIN.replace(",", "|")), TWO),
    Kind("first line sep=;", text("sep=;\r\n" + PLAIN.replace(",", ";")), TWO),
    Kind("first line sep=,", text("sep=,\n" + PLAIN), TWO),
    Kind("every field quoted", text('"frame","AU06","AU12"\n"1","0","3"\n"2","5",""\n'), TWO),
    Kind("R, write.csv (row names, NA)", text('"","frame","AU06","AU12"\n"1",1,0,3\n"2",2,5,NA\n'), TWO),
    Kind("R, write.csv(row.names = FALSE)", text('"frame","AU06","AU12"\n1,0,3\n2,5,NA\n'), TWO),
    Kind("R, write.csv2 (decimal comma)", text('"frame";"AU06";"AU12"\n1;0;"3,0"\n2;5,0;NA\n'), TWO),
    Kind(
        "R, write.table (row names without a header)",
        text('"frame" "AU06" "AU12"\n"1" 1 0 3\n"2" 2 5 NA\n'),
        "row.names = FALSE",
    ),
    Kind("R, write.table(row.names = FALSE)", text('"frame" "AU06" "AU12"\n1 0 3\n2 5 NA\n'), TWO),
    Kind("pandas, with index", text(",frame,AU06,AU12\n0,1,0,3.0\n1,2,5,\n"), TWO),
    Kind("pandas, NaN", text("frame,AU06,AU12\n1,0,3.0\n2,5,NaN\n"), TWO),
    Kind(
        "numpy.savetxt (e-notation, # header)",
        text("# frame,AU06\n1.000000000000000000e+00,2.000000000000000000e+00\n2e+00,0e+00\n"),
        ONE,
    ),
    Kind("SPSS or SAS (. for missing)", text("frame,AU06,AU12\n1,0,3\n2,5,.\n"), TWO),
    Kind("blank lines and spaces", text("\n frame , AU06 , AU12 \n\n 1 , 0 , 3 \n2,5, \n\n"), TWO),
    Kind("empty rows and columns at the end", text("frame,AU06,AU12,,\n1,0,3,,\n2,5,,,\n,,,,\n,,,,\n"), TWO),
    Kind("classic Mac line ends", text(PLAIN.replace("\n", "\r")), TWO),
    Kind(
        "AU names unpadded, in small letters",
        text("frame,au6,AU 12\n1,0,3\n2,5,\n"),
        TWO,
    ),
    Kind("frame column named Frame Number, last", text("AU06,AU12,Frame Number\n0,3,1\n5,,2\n"), TWO),
    Kind("rows in any order", text("frame,AU06,AU12\n2,5,\n1,0,3\n"), TWO),
    Kind(
        "codes counted from 0 beside a video",
        text("frame,AU06\n0,2\n1,0\n"),
        "frames from 1 on: frames count",
    ),
    Kind("codes counted from 0 beside images", text("frame,AU06\n0,2\n1,0\n"), {0: (2,), 1: (0,)}, "folder"),
    Kind("FACS letters", text("frame,AU06\n1,B\n2,0\n"), "FACS letter: write A to E as 1 to 5, B as 2"),
    Kind("FACS letters behind the AU (12B)", text("frame,AU12\n1,12B\n"), "FACS letter"),
    Kind("half steps", text("frame,AU06\n1,2.5\n"), "half steps"),
    Kind("half steps, decimal comma", text("frame;AU06\n1;2,5\n"), "half steps"),
    Kind("estimates of a program", text("frame,AU06\n1,2.137\n"), "whole numbers"),
    Kind("9 for not coded", text("frame,AU06\n1,9\n"), "leave the cell empty"),
    Kind("-1 for not coded", text("frame,AU06\n1,-1\n"), "leave the cell empty"),
    Kind("x for present", text("frame,AU06\n1,x\n"), "occurrence codes"),
    Kind("a number made a date by Excel", text("frame,AU06\n1,01. Feb\n"), "a date"),
    Kind("value above 5", text("frame,AU06\n1,6\n"), "line 2: intensity '6', expected 0 to 5"),
    Kind(
        "ELAN, intervals",
        text("AU06\t\t00:00:01.200\t00:00:02.480\t00:00:01.280\tB\n"),
        "list of intervals, as of ELAN",
    ),
    Kind("ELAN, intervals with header", text("tier,begin time,end time\nAU06,1.2,2.4\n"), "as of ELAN"),
    Kind("ELAN, document", text('<?xml version="1.0"?>\n<ANNOTATION_DOCUMENT>\n'), "an ELAN document (.eaf)"),
    Kind("events with onset and offset", text("AU,onset,offset,intensity\n6,10,20,3\n"), "list of events"),
    Kind("codes by time", text("time,AU06\n0.04,2\n"), "the rows are times"),
    Kind("OpenFace's output", text("frame,face_id,timestamp,AU01_r\n1,0,0.0,0.31\n"), "OpenFace's output"),
    Kind(
        "merged header cells",
        text("frame,upper,,lower,\nframe,AU01,AU02,AU12,AU15\n"),
        "further down",
    ),
    Kind("merged cells in the header alone", text("frame,AU06,,AU12\n1,2,,0\n"), "a column has no name"),
    Kind("title above the header", text("Coding of Anna,,\nframe,AU06,AU12\n1,0,3\n"), "1 row further down"),
    Kind("no header", text("1,0\n2,3\n"), "no header"),
    Kind("AUs as numbers alone", text("frame,6,12\n1,0,3\n"), "name the columns of the AUs AU06"),
    Kind("codes per side of the face", text("frame,AU06L,AU06R\n1,0,3\n"), "coded per side"),
    Kind("an AU twice", text("frame,AU6,AU06\n1,0,0\n"), "AU06 stands twice"),
    Kind("another column", text("frame,AU06,coder\n1,0,EH\n"), "column 'coder' is neither frame nor an AU"),
    Kind("Excel workbook (.xlsx)", b"PK\x03\x04\x14\x00\x06\x00", "save it as CSV"),
    Kind("old Excel workbook (.xls)", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as CSV"),
    Kind("compressed", b"\x1f\x8b\x08\x00", "unpack it"),
    Kind("Windows code page", text("frame,AU06,Bemerkung für\n", "cp1252"), "save it as CSV (UTF-8)"),
    Kind("a quote that is not closed", text('frame,AU06\n1,"2\n'), "line 2: found a quote"),
    Kind("a frame twice", text("frame,AU06\n1,2\n1,3\n"), "line 3: frame 1 for the second time"),
    Kind("a row too short", text("frame,AU06,AU12\n1,2\n"), "line 2: found '1,2', expected frame,AU06,AU12"),
    Kind("empty file", b"", "a header like frame,AU06,AU12"),
    Kind("header alone", text("frame,AU06\n"), "no coded frame"),
    Kind("BP4D's occurrence codes", text(",".join(map(str, range(100))) + "\n"), "occurrence codes (0, 1)"),
    Kind("DISFA+ label file", text("Image Number  Intensity\n000.jpg  0\n001.jpg  2\n"), "DISFA+", "table"),
    Kind("DISFA+ label file as DISFA's", text("000.jpg  0\n001.jpg  2\n"), "DISFA+", "disfa"),
    Kind("DISFA, as distributed", text("1,2\n2,0\n"), ONE, "disfa"),
    Kind("DISFA, counted from 0", text("0,2\n1,0\n"), "frames from 1 on: frames count", "disfa"),
    Kind("DISFA, saved again with semicolons", text("1;2\n2;0\n"), "saved this file again", "disfa"),
    Kind("DISFA, UTF-16", text("1,2\n", "utf-16"), "this is UTF-16", "disfa"),
    Kind("DISFA, with a header", text("frame,intensity\n1,2\n"), "a header: remove this line", "disfa"),
    Kind("BP4D, 9 for not coded", text("1,9\n2,0\n"), {1: (-1,), 2: (0,)}, "bp4d"),
    Kind("BP4D+, occurrence codes", text(",".join(map(str, range(60))) + "\n"), "AU_INT", "bp4d"),
    Kind("BP4D, FACS letters", text("1,B\n"), "FACS letter", "bp4d"),
]
_HEADER = "sequence\tsubject\tfold\tmedia\tcodes\n"
_ROWS = f"{_HEADER}one\tanna\t1\tvideos/one.mp4\tone.csv\ntwo\tberta\t2\tvideos/two.mp4\ttwo.csv\n"
_WINDOWS = _ROWS.replace("\t", ",").replace("\n", "\r\n")
_FLOATS = _ROWS.replace("\t1\t", "\t1.0\t").replace("\n", "\t\n")
KINDS += [
    Kind("sheet: tabs, as documented", text(_ROWS), SHEET, "sheet"),
    Kind("sheet: Excel, Unicode text (UTF-16)", text(_ROWS, "utf-16"), SHEET, "sheet"),
    Kind("sheet: Excel, CSV", text("\ufeff" + _WINDOWS), SHEET, "sheet"),
    Kind("sheet: European Excel", text(_ROWS.replace("\t", ";")), SHEET, "sheet"),
    Kind(
        "sheet: quoted cells",
        text("".join("\t".join(f'"{c}"' for c in r.split("\t")) + "\n" for r in _ROWS.splitlines())),
        SHEET,
        "sheet",
    ),
    Kind("sheet: folds as 1.0, an empty column", text(_FLOATS), SHEET, "sheet"),
    Kind("sheet: backslashes in paths", text(_ROWS.replace("/", "\\")), SHEET, "sheet"),
    Kind("sheet: a Windows drive", text(_ROWS.replace("videos/", "C:\\")), "a path from the", "sheet"),
    Kind("sheet: a blank in a name", text(_ROWS.replace("one\tanna", "one a\tanna")), "write one_a", "sheet"),
    Kind("sheet: an umlaut in a name", text(_ROWS.replace("anna", "jürgen")), "write jurgen", "sheet"),
    Kind("sheet: subject in two folds", text(_ROWS.replace("berta", "anna")), "one fold per", "sheet"),
    Kind("sheet: an Excel workbook", b"PK\x03\x04\x14\x00\x06\x00", "save it as CSV", "sheet"),
]  # fmt: skip


def read(kind: Kind, folder: Path) -> dict:
    """What the readers make of a kind, in the form of ``Kind.expected``.

    Raises:
        InputError: the file is refused.
    """
    if kind.layout in ("bp4d", "disfa"):
        path = folder / "codes.txt"
        path.write_bytes(kind.content)
        labels = get_layout(kind.layout).read_file(path)
    elif kind.layout == "sheet":
        (folder / "sequences.tsv").write_bytes(kind.content)
        layout = get_layout("table")
        rows = read_sheet(folder / "sequences.tsv")
        media = {row.sequence: layout.media(folder, row.sequence).relative_to(folder) for row in rows}
        return {row.sequence: (row.subject, row.fold, media[row.sequence].as_posix()) for row in rows}
    else:
        (folder / "sequences.tsv").write_text(
            "sequence\tsubject\tfold\tmedia\tcodes\none\ta\t1\tone\tone.csv\n"
        )
        (folder / "one.csv").write_bytes(kind.content)
        (folder / "one").mkdir() if kind.layout == "folder" else (folder / "one").touch()
        labels = get_layout("table").read_labels(folder, "one")
    return dict(zip(labels.frame.tolist(), map(tuple, labels.intensity.tolist()), strict=True))


def outcome(kind: Kind) -> tuple[str, str]:
    """``right``, ``wrong`` or ``refused``, and the values read or the error, in one line."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        try:
            got = read(kind, folder)
        except InputError as error:
            return "refused", str(error).replace(f"{folder}/", "")
        except Exception as error:
            return "traceback", repr(error)
        return ("right" if got == kind.expected else "wrong"), str(got)


def table() -> str:
    """docs/evidence/inputs-labels.md."""
    lines = [
        "# Kinds of label files and sample sheets",
        "",
        f"{len(KINDS)} kinds of files, and what the readers make of each (`tests/labels_corpus.py`,",
        "which also writes this page). Read: the codes by frame, of a sheet the rows by sequence; else the",
        "error, in one line.",
        "",
        "| kind | expected | found |",
        "|---|---|---|",
    ]
    for kind in KINDS:
        expected = f"error: {kind.expected}" if isinstance(kind.expected, str) else "read"
        cells = (kind.name, expected, ": ".join(outcome(kind)))
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\t", "\\t")


if __name__ == "__main__":
    print(table())
