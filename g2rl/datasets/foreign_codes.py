"""What a label file is that is not of the expected form, and what to do: other programs, other datasets.

Each function gives a phrase for the end of an error message, or nothing.
"""

import re
from collections.abc import Sequence

_TIME = re.compile(r"\d{1,2}:\d\d(:\d\d)?([.,]\d+)?")
_IMAGE = re.compile(r".*\.(jpe?g|png|bmp)", re.IGNORECASE)
_SIDE = re.compile(r"(AU)?0*\d{1,2}[LRUTB]|[LRUTB](AU)?0*\d{1,2}", re.IGNORECASE)
_AU = re.compile(r"(AU)?[ _-]?0*\d{1,2}", re.IGNORECASE)
_LETTER = re.compile(r"(?:AU ?)?\d{0,2} ?([A-E])", re.IGNORECASE)
_DATE = re.compile(r"\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}[./-] ?[^\W\d]{3,4}|[^\W\d]{3}-\d\d")
_ROWS = "export one row per frame, with the columns frame, AU06, AU12 …"
_OCCURRENCE_COLUMNS = 20  # BP4D's files of occurrence codes have a column for each of 99 AUs


def name_file(header: Sequence[str], below: Sequence[Sequence[str]]) -> str:
    """Names a table of codes by its first row and the rows below it."""
    first = below[0] if below else ()
    return (
        _name_intervals(header, first)
        or _name_dataset(header, first)
        or _name_header(header, below)
        or _name_columns(header)
    )


def _name_intervals(header: Sequence[str], first: Sequence[str]) -> str:
    names = {name.lower() for name in header}
    if any("begin time" in name or name in ("tier", "tier name", "annotation") for name in names) or any(
        _TIME.fullmatch(field) for field in (*header, *first)
    ):
        return f"this is a list of intervals, as of ELAN, not of frames: {_ROWS}"
    if names & {"onset", "offset", "behavior", "behaviour", "duration"}:
        return f"this is a list of events, not of frames: {_ROWS}"
    if any(re.fullmatch(r"au\d\d_[rc]", name) for name in names):
        return "this is OpenFace's output, a program's estimates: a dataset needs human FACS codes"
    if not names & {"frame"} and (names & {"time", "timestamp", "seconds", "time_s", "t"}):
        return f"the rows are times: {_ROWS}"
    return ""


def _name_dataset(header: Sequence[str], first: Sequence[str]) -> str:
    if any(_IMAGE.fullmatch(field) for field in (*header[:1], *first[:1])):
        return f"the rows are image names, as in DISFA+, another dataset: {_ROWS}"
    numbers = sum(name.isdecimal() for name in header)
    if numbers == len(header) > _OCCURRENCE_COLUMNS:
        return (
            "these are occurrence codes (0, 1) as in BP4D's and BP4D+'s AUCoding, not intensities: take the "
            "intensity codes (AU_INT)"
        )
    if numbers == len(header) == 2:
        return (
            "no header, as in the label files of BP4D and DISFA: use layout bp4d or disfa for these; "
            "else write the AUs of a sequence into one file, with a header"
        )
    return ""


def _name_header(header: Sequence[str], below: Sequence[Sequence[str]]) -> str:
    """What is wrong with where the header is."""
    for place, row in enumerate(below, 1):
        if any(name.lower() == "frame" for name in row) and any(_AU.fullmatch(name) for name in row):
            return f"the header is {place} row{'s' * (place > 1)} further down: remove what is above it"
    if not all(header[1:]):
        return "a column has no name, as where cells of the header were merged: name each column"
    return ""


def _name_columns(header: Sequence[str]) -> str:
    """What is wrong with the columns' names."""
    plain = [re.sub(r"[ _-]", "", name).upper() for name in header]
    return (
        _name_repeated_au(plain)
        or _name_side(header)
        or _name_unnamed(plain)
        or _name_other_column(header)
        or "one column frame, and one per AU"
    )


def _name_repeated_au(plain: Sequence[str]) -> str:
    numbers = [re.fullmatch(r"(?:AU)?0*(\d{1,2})", name) for name in plain]
    known = [match[1] for match in numbers if match]
    twice = [au for au in known if known.count(au) > 1]
    return f"AU{int(twice[0]):02d} stands twice: remove or merge one of the columns" if twice else ""


def _name_side(header: Sequence[str]) -> str:
    for name in header:
        if _SIDE.fullmatch(name):
            return f"{name!r} is coded per side or part of the face: give one column per AU"
    return ""


def _name_unnamed(plain: Sequence[str]) -> str:
    """What lacks the name it must have: the column of the frame numbers, or those of the AUs."""
    if "FRAME" not in plain:
        return "the column of the frame numbers must be named frame"
    if any(name.isdecimal() for name in plain):
        return "name the columns of the AUs AU06, AU12 …"
    return ""


def _name_other_column(header: Sequence[str]) -> str:
    for name in header:
        if name and name.upper() != "FRAME" and not _AU.fullmatch(name):
            return f"column {name[:30]!r} is neither frame nor an AU: remove it"
    return ""


def name_value(text: str) -> str:
    """Names a value that is no intensity."""
    if match := _LETTER.fullmatch(text):
        letter = match[1].upper()
        return f"this is a FACS letter: write A to E as 1 to 5, {letter} as {' ABCDE'.index(letter)}"
    if re.fullmatch(r"[0-4][.,]50*", text):
        return "half steps are no FACS intensities: decide for one of the two"
    if re.fullmatch(r"-?\d+[.,]\d+(e[+-]?\d+)?", text.lower()):
        return "intensities are whole numbers; a program's estimates are no FACS codes"
    if text == "9":
        return "if 9 stands for not coded, as in BP4D, leave the cell empty"
    if re.fullmatch(r"-\d+", text):
        return "if it stands for not coded, leave the cell empty"
    if _DATE.fullmatch(text):
        return "the spreadsheet has made a date of the value: format the cells as numbers and enter it again"
    if text.lower() in ("x", "yes", "no", "true", "false", "y", "n", "t", "f"):
        return "these are occurrence codes, not intensities"
    return ""


def name_line(text: str) -> str:
    """Names a line that is not ``frame,intensity``, the form of BP4D's and DISFA's label files."""
    fields = [field.strip(' \t"') for field in re.split(r"[,;\t]", text.strip().rstrip(",;"))]
    words = text.split()
    if _IMAGE.fullmatch(words[0]) or "image number" in text.lower():
        return "this is a label file of DISFA+, another dataset"
    if len(fields) > _OCCURRENCE_COLUMNS:
        return "these are occurrence codes (AU_OCC), not intensities: take the intensity codes (AU_INT)"
    if len(fields) == 2 and name_value(fields[1]):
        return name_value(fields[1])
    if _is_of_spreadsheet(text):
        return "a spreadsheet has saved this file again: take the distributed one"
    if _is_header(fields):
        return "a header: remove this line"
    if len(words) == 2 and all(word.isdecimal() for word in words):
        return "separated by blanks: write a comma between frame and intensity"
    return ""


def _is_of_spreadsheet(text: str) -> bool:
    """Whether a line has a separator or quotes that only a spreadsheet writes."""
    has_separator_line = re.match(r'"?sep=', text.strip(), re.IGNORECASE) is not None
    return has_separator_line or any(mark in text for mark in ';\t"')


def _is_header(fields: Sequence[str]) -> bool:
    """Whether the fields of a line are names of columns."""
    if fields[0].lower() in ("frame", "frames"):
        return True
    return len(fields) > 1 and not re.search(r"\d", fields[0])
