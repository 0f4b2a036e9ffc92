"""``g2rl check``: whether a licence holder's copy of a dataset is whole and as published, fault by fault."""

import csv
import hashlib
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, fields
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from g2rl import video
from g2rl.datasets import check_root, read_sheet
from g2rl.datasets.layout import LabelError, Labels, Layout, other_frames, read_tsv
from g2rl.files import InputError, atomic_path, progress
from g2rl.lifeline import follow

# What can be found: code, severity, what it means for the result, what to do. An error stops or spoils a
# sequence or all of them, a warning makes the result differ from the published setting, a note changes none.
KINDS: dict[str, dict[str, str]] = {
    row["code"]: row
    for _, row in read_tsv(
        Path(__file__).parent.parent / "data/findings.tsv", ("code", "severity", "meaning", "action")
    )
}


@dataclass(frozen=True)
class Finding:
    """One thing about a copy that is not as it should be.

    Attributes:
        severity: ``error``, ``warning`` or ``note``.
        code: a key of ``KINDS``.
        file: relative to the root, or empty.
        meaning: what it means for the result.
        action: what to do.
    """

    severity: str
    code: str
    subject: str
    sequence: str
    file: str
    found: str
    expected: str
    meaning: str
    action: str


def check(
    layout: Layout, root: Path, sheet: Path | None = None, jobs: int = 2, decode: bool = False
) -> list[Finding]:
    """Check frames and codes of a dataset against each other and against what was published.

    Videos are decoded to their end. Of image folders each coded frame is looked at: its file's start and end,
    or with ``decode`` the whole picture.

    Args:
        sheet: the sample sheet whose sequences are checked; without one all that were published.
        jobs: how many processes.

    Returns:
        Errors first, then warnings and notes; empty for a clean copy. What was seen goes to stderr.

    Raises:
        InputError: the sheet cannot be read.
    """
    root = Path(root)
    try:
        check_root(layout, root)
    except InputError as error:
        return [_finding("root", found=str(error))]
    published = layout.published(root)
    if sheet is not None:
        subject_of = {row.sequence: row.subject for row in read_sheet(sheet)}
    else:
        subject_of = {name: layout.subject(root, name) for name in published}
    findings, present = _presence(layout, root, subject_of, published)

    examine = partial(_examine, layout, root, published, decode)
    named = [(name, subject_of[name]) for name in present]
    if jobs > 1 and len(named) > 1:
        with ProcessPoolExecutor(jobs, initializer=follow) as pool:
            seen = list(progress(pool.map(examine, named, chunksize=1), f"check {layout.name}", len(named)))
    else:
        seen = list(progress(map(examine, named), f"check {layout.name}", len(named)))
    _announce(layout, root, seen)
    findings += [finding for one in seen for finding in one.findings]
    findings += _across(seen)
    order = {severity: rank for rank, severity in enumerate(("error", "warning", "note"))}
    kinds = list(KINDS)
    return sorted(findings, key=lambda f: (order[f.severity], kinds.index(f.code), f.sequence))


def exit_status(findings: Iterable[Finding]) -> int:
    """1 if there is an error among the findings, else 0: what ``g2rl check`` exits with."""
    return int(any(finding.severity == "error" for finding in findings))


def format_findings(findings: Sequence[Finding], most: int = 8) -> str:
    """The findings as a table for the screen: by kind, with meaning and action, ``most`` rows of each."""
    counts = Counter(finding.severity for finding in findings)
    words = [
        f"{counts[name]} {name}{'' if counts[name] == 1 else 's'}" for name in ("error", "warning", "note")
    ]
    lines = []
    for code, group in groupby(findings, key=lambda finding: finding.code):
        rows = list(group)
        lines.append(f"{rows[0].severity.upper()} {code} ({len(rows)})")
        cells = [(row.sequence or row.subject or "-", row.file or "-", row.found) for row in rows[:most]]
        wide = [max(len(cell[column]) for cell in cells) for column in (0, 1)]
        for (name, file, found), row in zip(cells, rows, strict=False):
            expected = f", expected {row.expected}" if row.expected else ""
            lines.append(f"  {name:{wide[0]}}  {file:{wide[1]}}  {found}{expected}")
        if len(rows) > most:
            lines.append(f"  … and {len(rows) - most} more")
        lines += [f"  means: {rows[0].meaning}", f"  do:    {rows[0].action}", ""]
    return "\n".join([*lines, ", ".join(words) if findings else "nothing wrong found"])


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write the findings as CSV, one a row, with the fields of ``Finding`` as columns."""
    names = [item.name for item in fields(Finding)]
    with atomic_path(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(finding, name) for name in names] for finding in findings)


def _finding(
    code: str,
    subject: str = "",
    sequence: str = "",
    file: str = "",
    found: str = "",
    expected: str = "",
) -> Finding:
    kind = KINDS[code]
    return Finding(
        kind["severity"], code, subject, sequence, file, found, expected, kind["meaning"], kind["action"]
    )


# ---------------------------------------------------------------------------------- what is there at all


def _presence(
    layout: Layout,
    root: Path,
    subject_of: dict[str, str],
    published: dict[str, tuple[int, int] | None],
) -> tuple[list[Finding], list[str]]:
    """Findings about parts, subjects and sequences there or not, and the sequences whose frames are there."""
    findings = [
        _finding(
            "two-spellings",
            file=_inside(root, twin),
            found=f"beside {_inside(root, part.path)}",
            expected="one",
        )
        for part in layout.parts(root)
        for twin in part.twins
    ]
    present = [name for name in subject_of if layout.media(root, name).exists()]
    here = {subject_of[name] for name in present}
    gone = set()
    for name, subject in subject_of.items():
        if name in present or subject in gone:
            continue
        whole = subject not in here
        gone |= {subject} if whole else set()
        media = layout.media(root, name)
        # The subject's own folder where there is one a subject (BP4D), else the sequence's folder or file.
        target = media.parent if whole and media.parent.name == subject else media
        findings.append(
            _finding(
                "subject-missing" if whole else "sequence-missing",
                subject,
                "" if whole else name,
                _inside(root, target),
                _similar(target, subject if whole else name),
                "its frames",
            )
        )
    for name, path in layout.found(root).items():
        if name not in published and name not in subject_of:
            findings.append(
                _finding(
                    # BP4D is every subject's every task: what else has such a name is BP4D+.
                    "other-dataset" if layout.name == "bp4d" else "sequence-unknown",
                    layout.subject(root, name),
                    name,
                    _inside(root, path),
                    "an unknown sequence",
                    f"one of the {len(published)} published",
                )
            )
    return findings, present


def _similar(path: Path, name: str) -> str:
    """What lies where ``path`` should, under a name like it: an archive, another case, another camera."""
    wanted = {part.lower() for part in (name, path.stem)}
    near = []
    for folder in (path.parent, path.parent.parent):
        entries = sorted(os.listdir(folder)) if folder.is_dir() else []
        near += [entry for entry in entries if any(part in entry.lower() for part in wanted)]
    if not near:
        return "nothing there"
    archive = any(Path(entry).suffix.lower() in (".zip", ".7z", ".rar", ".tar", ".gz") for entry in near)
    return f"not there, but {', '.join(near[:3])}{' (to be unpacked)' if archive else ''}"


# -------------------------------------------------------------------------------------- one sequence


@dataclass
class _Seen:
    """What one sequence's check found and what the comparison between sequences needs."""

    sequence: str
    subject: str
    root: Path
    findings: list[Finding] = field(default_factory=list)
    media: str = ""
    size: tuple[int, int] | None = None
    fingerprint: str = ""
    coded: int = 0
    usable: int = 0
    aus: tuple[int, ...] = ()
    highest: dict[int, int] = field(default_factory=dict)
    codes: dict[str, str] = field(default_factory=dict)

    def add(self, code: str, file: Path, found: str, expected: str) -> None:
        inside = _inside(self.root, file)
        self.findings.append(_finding(code, self.subject, self.sequence, inside, found, expected))


def _examine(
    layout: Layout,
    root: Path,
    published: dict[str, tuple[int, int] | None],
    decode: bool,
    named: tuple[str, str],
) -> _Seen:
    """Check one sequence, given as its name and subject."""
    sequence, subject = named
    seen = _Seen(sequence, subject, root)
    try:
        labels = _examine_labels(layout, seen, published.get(sequence))
        media = layout.media(root, sequence)
        seen.media = _inside(root, media)
        # Frames that not one AU is coded in are none that anybody misses.
        coded = labels.frame[(labels.intensity >= 0).any(axis=1)] if labels else np.empty(0, np.int32)
        seen.coded = len(coded)
        if media.is_dir():
            readable = _examine_folder(seen, media, coded, decode)
        else:
            readable = _examine_video(layout, seen, media)
        if readable is not None and labels is not None:
            _compare(layout, seen, media, labels.frame, coded, *readable)
    except OSError as error:
        seen.add("not-readable", Path(error.filename or root), str(error.strerror), "a file that can be read")
    return seen


def _examine_labels(layout: Layout, seen: _Seen, published: tuple[int, int] | None) -> Labels | None:
    """Check every label file of a sequence; its labels, of the files that are in order, if there are any."""
    good: dict[Path, Labels] = {}
    paths = layout.label_paths(seen.root, seen.sequence)
    for path in paths:
        try:
            good[path] = layout.read_file(path)
        except LabelError as error:
            found = error.found
            if error.kind == "file missing":
                found = (
                    _similar(path, seen.sequence) if path.parent.is_dir() else f"no folder {path.parent.name}"
                )
            code = "label-" + error.kind.removeprefix("file ").replace(" ", "-")
            code = {"label-missing": "label-file-missing"}.get(code, code)
            line = f"line {error.line}: " if error.line else ""
            seen.add(code, path, f"{line}{found}", error.expected)
    if not good:
        return None
    # The frames that most files have are taken for the right ones.
    votes = Counter(labels.frame.tobytes() for labels in good.values())
    model = next(path for path in good if good[path].frame.tobytes() == votes.most_common(1)[0][0])
    frame = good[model].frame
    for path, labels in list(good.items()):
        if not np.array_equal(labels.frame, frame):
            error = other_frames(path, labels.frame, model, frame)
            seen.add("label-other-frames", path, error.found, error.expected)
            del good[path]

    for path, labels in good.items():
        aus = labels.aus or (layout.aus[paths.index(path)],)
        seen.aus += aus
        for column, au in enumerate(aus):
            codes = labels.intensity[:, column]
            seen.highest[au] = int(codes.max())
            if codes.max() < 0:
                seen.add(
                    "not-coded", path, f"AU{au:02d} coded in none of {len(codes)} frames", "codes 0 to 5"
                )
            # Short, rare activity may agree by chance; a dozen changes at the same frames do not.
            if np.count_nonzero(np.diff(codes)) >= 12:
                digest = hashlib.sha256(frame.tobytes() + codes.tobytes()).hexdigest()
                seen.codes[f"{_inside(seen.root, path)} AU{au:02d}"] = digest
    if published is not None:
        first, last = int(frame[0]), int(frame[-1])
        if (first, last) != published:
            seen.add(
                "coded-range", model, f"coded frames {first} to {last}", f"{published[0]} to {published[1]}"
            )
        inside = np.setdiff1d(np.arange(first, last + 1), frame) if last - first < 10**6 else frame
        if len(inside):
            seen.add("label-gap", model, f"no code for {_ranges(inside)}", "every frame between coded")
    intensity = np.concatenate([labels.intensity for labels in good.values()], axis=1)
    return Labels(frame, intensity, seen.aus)


def _examine_folder(
    seen: _Seen, folder: Path, coded: np.ndarray, decode: bool
) -> tuple[set[int], list[int]] | None:
    """Check an image folder: the frame numbers there, and those of the coded ones that cannot be decoded."""
    files: dict[int, str] = {}
    in_order = True
    for name in sorted(filter(video.is_frame_file, os.listdir(folder))):
        number = video.frame_number(name)
        if number is None:
            seen.add("frame-unnumbered", folder / name, "no number in the name", "a name like 0001.jpg")
            in_order = False
        elif number in files:
            seen.add("frame-twice", folder / name, f"frame {number}, as {files[number]}", "each frame once")
            in_order = False
        else:
            files[number] = name
    if not files:
        entries = sorted(os.listdir(folder))
        found = f"no image, but {', '.join(entries[:3])}" if entries else "an empty folder"
        seen.add("folder-empty", folder, found, "images like 0001.jpg")
        return None
    digits = [
        (len(stem), len(str(number))) for number, name in files.items() if (stem := Path(name).stem).isdigit()
    ]
    padded = {length for length, needed in digits if length > needed}
    if in_order and (len(padded) > 1 or any(length < max(padded, default=0) for length, _ in digits)):
        seen.add("padding-mixed", folder, f"names {_spans(files)}", "one way of padding")

    wanted = [number for number in coded.tolist() if number in files]
    damaged = [number for number in wanted if _image_fault(folder / files[number], decode)]
    if damaged:
        first = folder / files[damaged[0]]
        seen.add("frame-unreadable", first, f"{_image_fault(first, decode)} ({_ranges(damaged)})", "an image")
    readable = [number for number in wanted if number not in set(damaged)]
    if readable:
        first, last = (folder / files[number] for number in (readable[0], readable[-1]))
        seen.fingerprint = _fingerprint(first)
        sizes = [image.shape[1::-1] if image is not None else None for image in map(_grey, (first, last))]
        seen.size = sizes[0]
        if sizes[0] != sizes[1]:
            seen.add("size-differs", last, _size(sizes[1]), f"{_size(sizes[0])} as {first.name}")
    return (set(files), damaged) if in_order else None


def _examine_video(layout: Layout, seen: _Seen, path: Path) -> tuple[set[int], list[int]] | None:
    """Check a video: the frame numbers it declares, and those that cannot be decoded."""
    try:
        source = video.VideoFile(path)
    except InputError as error:
        seen.add("video-unreadable", path, str(error).removeprefix(f"{path}: "), "a video")
        return None
    seen.size, seen.fingerprint = source.size, _fingerprint(path)
    if layout.frame_rate and abs(source.frame_rate - layout.frame_rate) > 0.05:
        seen.add("frame-rate", path, f"{source.frame_rate:g} frames/s", f"{layout.frame_rate:g}")
    decodable = source.decodable()
    damaged = sorted(set(source.numbers) - set(decodable))
    if damaged:
        found = f"{len(decodable)} of {len(source.numbers)} frames decode, not {_ranges(damaged)}"
        seen.add("video-cut", path, found, "all of them")
    return set(source.numbers) | set(decodable), damaged


def _compare(
    layout: Layout,
    seen: _Seen,
    media: Path,
    labelled: np.ndarray,
    coded: np.ndarray,
    numbers: set[int],
    damaged: list[int],
) -> None:
    """Check a sequence's frames against its codes."""
    missing = [number for number in coded.tolist() if number not in numbers]
    seen.usable = len(set(coded.tolist()) & numbers - set(damaged))
    if len(coded) and len(missing) == len(coded):
        span = f"frames {min(numbers)} to {max(numbers)}"
        seen.add("frames-other", media, span, f"the coded ones, {coded[0]} to {coded[-1]}")
    elif missing:
        found = f"{len(missing)} of {len(coded)} coded frames not there: {_ranges(missing)}"
        seen.add("frame-missing", media, found, "each coded frame")
    if layout.codes_every_frame:
        bare = sorted(numbers - set(labelled.tolist()))
        if bare:
            seen.add("frame-uncoded", media, f"no code for {_ranges(bare)}", "each frame coded")


def _image_fault(path: Path, decode: bool) -> str:
    """What is wrong with an image file, or nothing: by its start and end, with ``decode`` by all of it."""
    try:
        with open(path, "rb", buffering=0) as stream:
            size = os.fstat(stream.fileno()).st_size
            if not size:
                return "an empty file"
            start = stream.read(2)
            if start == b"\xff\xd8":
                stream.seek(max(0, size - 64))
                whole = b"\xff\xd9" in stream.read(64) or video.is_whole_jpeg(path.read_bytes())
                if not whole:
                    return "a JPEG without its end"
            elif path.suffix.lower() in (".jpg", ".jpeg"):
                return f"no JPEG, it starts with {start!r}"
            elif _grey(path) is None:
                return "no image"
    except FileNotFoundError:
        return "a link to nowhere"
    except IsADirectoryError:
        return "a folder"
    return "an image that does not decode" if decode and _grey(path) is None else ""


def _grey(path: Path) -> np.ndarray | None:
    return video.read_image(path, grey=True)


def _fingerprint(path: Path) -> str:
    """A digest of a file's size, start and end: enough to tell a copy of the same file."""
    with open(path, "rb") as stream:
        size = os.fstat(stream.fileno()).st_size
        digest = hashlib.sha256(str(size).encode())
        digest.update(stream.read(1 << 16))
        stream.seek(max(0, size - (1 << 16)))
        digest.update(stream.read(1 << 16))
    return digest.hexdigest()


# ------------------------------------------------------------------------------------ sequence by sequence


def _across(seen: list[_Seen]) -> Iterator[Finding]:
    """What only shows where sequences are compared with each other."""
    sizes = Counter(one.size for one in seen if one.size)
    usual = max(sizes, key=lambda size: (sizes[size], size), default=None)
    for one in seen:
        if one.size and one.size != usual:
            yield _finding(
                "size-differs",
                one.subject,
                one.sequence,
                one.media,
                _size(one.size),
                f"{_size(usual)} as {sizes[usual]} of {sum(sizes.values())} sequences",
            )
    by_frames = defaultdict(list)
    by_codes = defaultdict(list)
    for one in seen:
        if one.fingerprint:
            by_frames[one.fingerprint].append((one, one.media))
        for file, digest in one.codes.items():
            by_codes[digest].append((one, file))
    for code, groups, expected in (
        ("frames-copied", by_frames, "frames of its own"),
        ("codes-copied", by_codes, "codes of its own"),
    ):
        for group in groups.values():
            if len(group) < 2:
                continue
            for place, (one, file) in enumerate(group):  # which one is wrong, nobody can tell from here
                twin, other = group[place == 0]
                found = f"the same as {twin.sequence}'s, {other}"
                yield _finding(code, one.subject, one.sequence, file, found, expected)

    aus = Counter(one.aus for one in seen if one.aus)
    highest: dict[int, int] = {}
    for one in seen:
        for au, value in one.highest.items():
            highest[au] = max(value, highest.get(au, -1))
    if highest and max(highest.values()) == 1:
        yield _finding("occurrence-codes", found="no intensity above 1 in any file", expected="0 to 5")
    for au, value in sorted(highest.items()):
        if value <= 0:
            yield _finding("au-absent", found=f"AU{au:02d} never above 0", expected="some of it")
    widest = max(aus, key=lambda item: (aus[item], len(item)), default=())
    for one in seen:
        if (
            one.aus
            and not any(finding.code.startswith("label-") for finding in one.findings)
            and one.aus != widest
        ):
            named = [", ".join(f"AU{au:02d}" for au in item) for item in (one.aus, widest)]
            yield _finding("aus-differ", one.subject, one.sequence, "", named[0], named[1])


def _announce(layout: Layout, root: Path, seen: list[_Seen]) -> None:
    subjects = len({one.subject for one in seen})
    coded, usable = (sum(getattr(one, name) for one in seen) for name in ("coded", "usable"))
    print(
        f"{layout.title}, {root}: {subjects} subjects, {len(seen)} sequences, {coded:,} coded frames, "
        f"{usable:,} of them there and readable",
        file=sys.stderr,
    )


# ------------------------------------------------------------------------------------------- in words


def _ranges(numbers: Iterable[int], most: int = 3) -> str:
    """``frames 3, 7 to 9 and 12 more``."""
    numbers = np.asarray(list(numbers))
    runs = np.split(numbers, np.flatnonzero(np.diff(numbers) != 1) + 1)
    words = [f"{run[0]}" if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs[:most]]
    rest = sum(len(run) for run in runs[most:])
    return f"{'frame' if len(numbers) == 1 else 'frames'} {', '.join(words)}" + (
        f" and {rest} more" if rest else ""
    )


def _spans(files: dict[int, str]) -> str:
    """One file name of each length, ``1.jpg, 0002.jpg``."""
    return ", ".join({len(name): name for _, name in sorted(files.items(), reverse=True)}.values())


def _size(size: tuple[int, int] | None) -> str:
    return f"{size[0]}×{size[1]} pixels" if size else "no image"


def _inside(root: Path, path: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)
