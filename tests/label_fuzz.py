"""Generated label files and sample sheets: read back as written, or, damaged, refused in one line.

A case is made of its number alone. python tests/label_fuzz.py --cases 1000000 [--first 0] [--jobs 2]
"""

import argparse
import csv
import io
import random
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from g2rl.datasets.code_table import read_table_codes
from g2rl.datasets.labels import Labels, read_codes
from g2rl.datasets.registry import get_layout
from g2rl.datasets.sheet import read_sheet
from g2rl.errors import InputError

AUS = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 43)
NOT_CODED = ("", "NA", "NaN", "nan", "N/A", "#N/A", ".", "null", "<NA>")
LETTERS = "0123456789,.;:\t\r\n \"'AUaubcENnframe-+_/\\|#=\ufeff\x00ü１"
SHEET = ("sequence", "subject", "fold", "media", "codes")


def number(rng: random.Random, value: int, delimiter: str, quoted: bool) -> str:
    """An integer in one of the forms in which programs write it."""
    forms = [f"{value}{tail}" for tail in ("", ".0", ".", ".000", "e0", ".0e+00")] + [f"+{value}"]
    if quoted or delimiter != ",":
        forms.append(f"{value},0")
    return rng.choice(forms) if rng.random() < 0.5 else forms[0]


def written(rng: random.Random, rows: list[list[str]], delimiter: str, quoted: bool) -> bytes:
    """Rows as a file, with everything that must not matter."""
    end = rng.choice(["\n", "\r\n", "\r"])
    extra = [""] * rng.choice([0, 0, 1, 3])
    buffer = io.StringIO()
    quoting = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=end)
    if rng.random() < 0.2:
        buffer.write(f"sep={delimiter}{end}")
    for row in rows:
        if rng.random() < 0.1:
            buffer.write(rng.choice(["", " ", delimiter * len(row)]) + end)
        blank = rng.choice(["", "", " "])
        writer.writerow([blank + cell for cell in row] + extra)
    text = buffer.getvalue() + rng.choice(["", end])
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
    return text.encode(encoding)


def table_case(rng: random.Random) -> tuple[bytes, list[tuple]]:
    """A table of codes, and its frames, codes and AUs."""
    aus = rng.sample(AUS, rng.randint(1, 6))
    frames = rng.sample(range(1, 6000), rng.randint(1, 12))
    codes = {frame: [rng.choice((-1, 0, 0, 1, 2, 3, 4, 5)) for _ in aus] for frame in frames}
    delimiter, quoted = rng.choice("\t;,|"), rng.random() < 0.3
    missing = rng.choice(NOT_CODED)
    form = rng.choice(["AU{:02d}", "AU{}", "au{}", "AU {:02d}", "AU_{}"])
    rows = [[rng.choice(["frame", "Frame", "FRAME"]), *(form.format(au) for au in aus)]]
    for frame in frames:
        cells = [missing if c < 0 else number(rng, c, delimiter, quoted) for c in codes[frame]]
        rows.append([number(rng, frame, delimiter, quoted), *cells])
    if rng.random() < 0.2:  # row names
        rows = [["" if place == 0 else str(place), *row] for place, row in enumerate(rows)]
    expected = [(frame, tuple(codes[frame])) for frame in sorted(codes)]
    return written(rng, rows, delimiter, quoted), [tuple(aus), expected]


def sheet_case(rng: random.Random) -> tuple[bytes, list[tuple]]:
    """A sample sheet, and its rows."""
    subjects = {f"P{place:02d}": rng.randint(0, 3) for place in range(rng.randint(1, 5))}
    columns = list(SHEET) + rng.choice([[], ["notes"]])
    rng.shuffle(columns)
    delimiter, quoted = rng.choice("\t;,|"), rng.random() < 0.3
    rows, expected = [columns], []
    for place in range(rng.randint(1, 8)):
        subject = rng.choice(sorted(subjects))
        fold = number(rng, subjects[subject], ";", quoted=True).lstrip("+").split("e")[0]
        fold = fold.replace(",", ".") if delimiter == "," else fold
        values = {
            "sequence": f"{subject}_{place}",
            "subject": subject,
            "fold": fold,
            "media": f"videos{rng.choice('/ -')}{place}.mp4",
            "codes": f"{place}.csv",
            "notes": rng.choice(["left, then right", "a; b", "ok"]),
        }
        rows.append([values[column] for column in columns])
        expected.append((values["sequence"], subject, subjects[subject]))
    return written(rng, rows, delimiter, quoted), expected


def damaged(rng: random.Random, data: bytes) -> bytes:
    """A file with a few characters or bytes changed, removed or inserted."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(data) + 1)
        piece = rng.choice(
            [rng.choice(LETTERS).encode(), bytes([rng.randrange(256)]), b"", data[at : at + 9] * 2]
        )
        data = data[:at] + piece + data[at + rng.randint(0, 3) :]
    return data


def verify(case: int, folder: Path) -> str:
    """Check one case, by its number; returns what happened: ``right`` or ``refused``.

    Raises:
        AssertionError: a file is not read as it was written, or an error has not one line with its file.
    """
    rng = random.Random(case)
    path = folder / "sequences.tsv"
    kind = case % 6
    if kind in (0, 1):
        data, expected = table_case(rng)
    elif kind in (2, 3):
        data, expected = sheet_case(rng)
    elif kind == 4:
        data = "".join(f"{frame},{rng.randint(0, 5)}\n" for frame in range(1, rng.randint(2, 9))).encode()
    else:
        data = rng.randbytes(rng.randrange(60))
    if kind % 2 or kind == 4:
        data = damaged(rng, data)
    path.write_bytes(data)
    try:
        if kind in (2, 3):
            rows = read_sheet(path)
            if kind == 2:
                assert [(row.sequence, row.subject, row.fold) for row in rows] == expected, data
            for row in rows[:1] if kind == 3 else ():
                get_layout("table").media(folder, row.sequence)
        elif kind == 4:
            _check(read_codes(path, not_coded=rng.choice([9, None]), first_frame=rng.choice([0, 1])))
        else:
            labels = read_table_codes(path, first_frame=rng.choice([0, 1]))
            _check(labels)
            if kind == 0:
                read = zip(labels.frame.tolist(), map(tuple, labels.intensity.tolist()), strict=True)
                assert [labels.aus, list(read)] == expected, data
    except InputError as error:
        message = str(error)
    else:
        return "right"
    assert kind not in (0, 2), (message, data)
    assert message.startswith(f"{path}: "), message
    assert "\n" not in message, message
    return "refused"


def _check(labels: Labels) -> None:
    """What is true of any labels."""
    assert labels.frame.dtype == np.int32
    assert labels.intensity.dtype == np.int8
    assert (np.diff(labels.frame) > 0).all()
    assert labels.frame.min() >= 0
    assert labels.intensity.min() >= -1
    assert labels.intensity.max() <= 5
    assert len(labels.frame) == len(labels.intensity) > 0


def verify_range(first: int, last: int) -> Counter:
    """Check the cases ``first`` to ``last`` − 1; raises with the number of one that fails."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as name:
        for case in range(first, last):
            try:
                counts[verify(case, Path(name))] += 1
            except Exception as error:
                raise AssertionError(f"case {case}: {error!r}") from error
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    options = parser.parse_args()
    start, counts, step = time.monotonic(), Counter(), 10_000
    edges = [*range(options.first, options.first + options.cases, step), options.first + options.cases]
    with ProcessPoolExecutor(options.jobs) as pool:
        for done, part in enumerate(pool.map(verify_range, edges[:-1], edges[1:]), 1):
            counts += part
            seconds = time.monotonic() - start
            print(f"{edges[done] - options.first:,} cases, {dict(counts)}, {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
