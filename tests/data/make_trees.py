"""Trees in the exact layouts of BP4D and DISFA, full in count but with tiny images, and faults to plant.

python tests/data/make_trees.py bp4d ROOT [--sequences F001_T1 …] [--plant jpeg_cut=F001_T1 …]
"""

import argparse
import os
import shutil
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from g2rl.datasets.registry import get_layout
from g2rl.io.tables import RESOURCES, read_rows

BP4D_CODES = "AU Intensity Codes3.0"
DISFA_SHARES = {
    int(row["au"]): float(row["percent"]) / 100
    for row in read_rows(RESOURCES / "published_totals.csv")
    if row["at_least"] == "2"
}


# ------------------------------------------------------------------------------------------ clean trees


def make_bp4d(
    root: Path, sequences: Sequence[str] | None = None, codes: str = BP4D_CODES, frames: str = "BP4D-training"
) -> None:
    """BP4D with all 328 sequences, or those named: every coded frame and a few around, codes with some 9s.

    Every frame of a sequence is the same 16×12 JPEG, linked under its name; the zero padding of the names
    differs from sequence to sequence.
    """
    layout = get_layout("bp4d")
    published = layout.published(root)
    for sequence in published if sequences is None else sequences:
        first, last = published[sequence]
        folder = root / frames / sequence[:4] / sequence[5:]
        folder.mkdir(parents=True)
        name = frame_name(sequence)
        source = str(folder / name(first))
        Path(source).write_bytes(image_bytes(sequence))
        for number in range(max(0, first - 2), last + 3):
            if number != first:
                os.link(source, folder / name(number))
        for au in layout.aus:
            folder_au = root / codes / f"AU{au:02d}"
            folder_au.mkdir(parents=True, exist_ok=True)
            values = activity(f"{sequence}{au}", last - first + 1)
            if au == 14:
                values[:3] = 9
            write_codes(folder_au / f"{sequence}_AU{au:02d}.csv", range(first, last + 1), values)


def make_disfa(root: Path, subjects: Sequence[str] | None = None, camera: str = "left") -> None:
    """DISFA with all 27 subjects, or those named: a video of 4845 tiny frames each and 12 files of codes."""
    layout = get_layout("disfa" if camera == "left" else "disfa_right")
    published = layout.published(root)
    for subject in published if subjects is None else subjects:
        count = published[subject][1]
        path = layout.media(root, subject)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(video_bytes(count, subject))
        for au, labels in zip(layout.aus, layout.label_paths(root, subject), strict=True):
            labels.parent.mkdir(parents=True, exist_ok=True)
            codes = activity(f"{subject}{au}", count, DISFA_SHARES.get(au))
            write_codes(labels, range(1, count + 1), codes)


def make_disfa_frames(
    root: Path, subjects: Sequence[str], place: str, codes: str = "ActionUnit_Labels", first: int = 1
) -> None:
    """DISFA as frames: a folder ``place`` for each subject, such as Images/Left/{}; ``first``: its number."""
    layout = get_layout("disfa")
    for subject in subjects:
        count = layout.published(root)[subject][1]
        folder = root / place.format(subject)
        folder.mkdir(parents=True)
        source = folder / f"{first:05d}.jpg"
        source.write_bytes(image_bytes(subject))
        for number in range(first + 1, first + count):
            os.link(source, folder / f"{number:05d}.jpg")
        for au in layout.aus:
            path = root / codes / subject / f"{subject}_au{au}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            write_codes(path, range(1, count + 1), activity(f"{subject}{au}", count))


def frame_name(sequence: str) -> Callable[[int], str]:
    """How a sequence's frames are padded: not at all, to four or to five digits."""
    digits = (1, 4, 5)[zlib.crc32(sequence.encode()) % 3]
    return lambda number: f"{number:0{digits}d}.jpg"


def image_bytes(name: str, size: tuple[int, int] = (16, 12)) -> bytes:
    """A small JPEG, a different one for each name."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return cv2.imencode(".jpg", rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))[1].tobytes()


_VIDEOS: dict[tuple, bytes] = {}


def video_bytes(count: int, name: str, rate: float = 20, size: tuple[int, int] = (64, 48)) -> bytes:
    """An AVI of ``count`` frames, coded once, and its filler marked with the name: each file is another."""
    key = (count, rate, size)
    if key not in _VIDEOS:
        with tempfile.TemporaryDirectory() as folder:
            path = f"{folder}/v.avi"
            writer = cv2.VideoWriter(path, cv2.CAP_FFMPEG, cv2.VideoWriter_fourcc(*"XVID"), rate, size)
            image = np.full((size[1], size[0], 3), 90, np.uint8)
            for number in range(count):
                image[4:12, 4:12] = number % 256
                writer.write(image)
            writer.release()
            _VIDEOS[key] = Path(path).read_bytes()
    data = bytearray(_VIDEOS[key])
    at = data.index(b"JUNK") + 8
    data[at : at + len(name)] = name.encode()
    return bytes(data)


def activity(name: str, count: int, share: float | None = None) -> np.ndarray:
    """Integer codes 0…5, mostly 0, smooth in time; another for each name; ``share``: of 2 and above."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    anchors = rng.normal(0.0, 2.4, count // 8 + 3)
    course = np.interp(np.arange(count) / 8, np.arange(len(anchors)), anchors)
    if share is not None:
        course += 2 - np.quantile(course, 1 - share)
        return np.clip(np.floor(course), 0, 5).astype(int)
    return np.clip(np.round(course), 0, 5).astype(int)


def write_codes(path: Path, frames: Sequence[int], values: Sequence[int]) -> None:
    path.write_text("".join(f"{frame},{value}\n" for frame, value in zip(frames, values, strict=True)))


# -------------------------------------------------------------------------------------------- faults


@dataclass(frozen=True)
class Fault:
    """A fault to plant: ``plant(root, sequence)``, and the codes of the findings it must give, no more.

    Attributes:
        named: whether the findings name the sequence; otherwise the fault is the whole tree's.
    """

    layout: str
    codes: tuple[str, ...]
    plant: Callable[[Path, str], None]
    named: bool = True
    decode: bool = False


FAULTS: dict[str, Fault] = {}


def fault(layout: str, *codes: str, named: bool = True, decode: bool = False) -> Callable:
    def add(plant: Callable[[Path, str], None]) -> Callable[[Path, str], None]:
        FAULTS[plant.__name__] = Fault(layout, codes, plant, named, decode)
        return plant

    return add


def images(root: Path, sequence: str) -> list[Path]:
    """The image files of a sequence that are coded, in order."""
    first, last = get_layout("bp4d").published(root)[sequence]
    folder = get_layout("bp4d").media(root, sequence)
    return sorted((p for p in folder.iterdir() if first <= int(p.stem) <= last), key=lambda p: int(p.stem))


def replace(path: Path, data: bytes) -> None:
    """Replace a file; its other links keep their bytes."""
    path.unlink()
    path.write_bytes(data)


def codes_of(root: Path, sequence: str) -> list[Path]:
    layout = "disfa" if sequence.startswith("SN") else "bp4d"
    return get_layout(layout).label_paths(root, sequence)


def edit(path: Path, change: Callable[[list[str]], list[str]]) -> None:
    """Change a label file's lines."""
    path.write_text("\n".join(change(path.read_text().splitlines())) + "\n")


def clip(root: Path, sequence: str) -> Path:
    return get_layout("disfa").media(root, sequence)


@fault("bp4d", "folder-empty")
def folder_emptied(root, sequence):
    folder = get_layout("bp4d").media(root, sequence)
    shutil.rmtree(folder)
    folder.mkdir()


@fault("bp4d", "folder-empty")
def folder_unpacked_too_deep(root, sequence):
    folder = get_layout("bp4d").media(root, sequence)
    folder.rename(folder.parent / "other")
    folder.mkdir()
    (folder.parent / "other").rename(folder / folder.name)


@fault("bp4d", "frame-missing")
def frame_deleted(root, sequence):
    images(root, sequence)[40].unlink()


@fault("bp4d", "frame-missing")
def last_frames_deleted(root, sequence):
    for path in images(root, sequence)[-30:]:
        path.unlink()


@fault("bp4d", "frame-unreadable")
def jpeg_cut(root, sequence):
    path = images(root, sequence)[20]
    replace(path, path.read_bytes()[:-200])


@fault("bp4d", "frame-unreadable")
def jpeg_empty(root, sequence):
    replace(images(root, sequence)[0], b"")


@fault("bp4d", "frame-unreadable")
def jpeg_is_a_web_page(root, sequence):
    replace(images(root, sequence)[20], b"<html>login</html>")


@fault("bp4d", "frame-unreadable")
def link_to_nowhere(root, sequence):
    path = images(root, sequence)[20]
    path.unlink()
    path.symlink_to("/nowhere/at/all.jpg")


@fault("bp4d", "frame-unreadable")
def folder_called_like_an_image(root, sequence):
    path = images(root, sequence)[20]
    path.unlink()
    path.mkdir()


@fault("bp4d", "not-readable")
def link_to_itself(root, sequence):
    path = images(root, sequence)[20]
    path.unlink()
    path.symlink_to(path)


@fault("bp4d", "frame-unreadable", decode=True)
def jpeg_head_damaged(root, sequence):
    path = images(root, sequence)[20]
    data = bytearray(path.read_bytes())
    data[2:40] = bytes(38)
    replace(path, bytes(data))


@fault("bp4d", "frame-twice")
def frame_twice(root, sequence):
    path = images(root, sequence)[20]
    os.link(path, path.with_name(f"00000{path.name}"))


@fault("bp4d", "frame-unnumbered")
def cover_image(root, sequence):
    path = images(root, sequence)[20]
    os.link(path, path.with_name("cover.jpg"))


@fault("bp4d", "padding-mixed")
def padding_mixed(root, sequence):
    for path in images(root, sequence)[10:30]:
        path.rename(path.with_name(f"{int(path.stem):07d}.jpg"))


@fault("bp4d", "frames-other")
def frames_extracted_again(root, sequence):
    folder = get_layout("bp4d").media(root, sequence)
    for path in list(folder.iterdir()):
        path.rename(path.with_name(f"{int(path.stem) + 50000:06d}.jpg"))


@fault("bp4d", "size-differs")
def frames_resized(root, sequence):
    data = image_bytes(sequence, (32, 24))
    for path in images(root, sequence):
        replace(path, data)


@fault("bp4d", "size-differs")
def last_frame_of_other_size(root, sequence):
    replace(images(root, sequence)[-1], image_bytes(sequence, (32, 24)))


@fault("bp4d", "frames-copied", named=False)
def frames_of_another_task(root, sequence):
    layout = get_layout("bp4d")
    other = next(name for name in layout.found(root) if name != sequence and images(root, name))
    data = images(root, other)[0].read_bytes()
    for path in images(root, sequence):
        replace(path, data)


@fault("bp4d", "sequence-missing")
def task_missing(root, sequence):
    shutil.rmtree(get_layout("bp4d").media(root, sequence))


@fault("bp4d", "sequence-missing")
def task_in_small_letters(root, sequence):
    folder = get_layout("bp4d").media(root, sequence)
    folder.rename(folder.with_name(folder.name.lower()))


@fault("bp4d", "subject-missing")
def subject_missing(root, sequence):
    shutil.rmtree(get_layout("bp4d").media(root, sequence).parent)


@fault("bp4d", "subject-missing")
def subject_still_packed(root, sequence):
    folder = get_layout("bp4d").media(root, sequence).parent
    shutil.rmtree(folder)
    folder.with_name(f"{folder.name}.zip").write_bytes(b"PK")


@fault("bp4d", "other-dataset", named=False)
def task_nine(root, sequence):
    (get_layout("bp4d").media(root, sequence).parent / "T9").mkdir()


@fault("bp4d", "other-dataset", named=False)
def subject_past_the_last(root, sequence):
    (root / "BP4D-training" / "F083" / "T1").mkdir(parents=True)


@fault("bp4d", "label-file-missing")
def label_file_missing(root, sequence):
    codes_of(root, sequence)[1].unlink()


@fault("bp4d", "label-file-missing")
def label_file_misnamed(root, sequence):
    path = codes_of(root, sequence)[0]
    path.rename(path.with_name(f"{sequence}_AU6.csv"))


@fault("bp4d", "label-value")
def code_seven(root, sequence):
    edit(codes_of(root, sequence)[2], lambda lines: [*lines[:9], lines[9].split(",")[0] + ",7", *lines[10:]])


@fault("disfa", "label-value")
def code_minus_one(root, sequence):
    edit(codes_of(root, sequence)[2], lambda lines: [*lines[:9], lines[9].split(",")[0] + ",-1", *lines[10:]])


@fault("disfa", "label-value")
def code_nine_in_disfa(root, sequence):
    edit(codes_of(root, sequence)[2], lambda lines: [*lines[:9], lines[9].split(",")[0] + ",9", *lines[10:]])


@fault("bp4d", "label-columns")
def code_in_words(root, sequence):
    edit(codes_of(root, sequence)[2], lambda lines: [*lines[:9], "three", *lines[10:]])


@fault("bp4d", "label-columns")
def code_with_decimals(root, sequence):
    edit(codes_of(root, sequence)[2], lambda lines: [f"{line}.5" for line in lines])


@fault("bp4d", "label-columns")
def third_column(root, sequence):
    edit(codes_of(root, sequence)[3], lambda lines: [f"{line},1" for line in lines])


@fault("bp4d", "label-columns")
def header_line(root, sequence):
    edit(codes_of(root, sequence)[3], lambda lines: ["frame,intensity", *lines])


@fault("disfa", "label-columns")
def spaces_for_commas(root, sequence):
    edit(codes_of(root, sequence)[5], lambda lines: [line.replace(",", "  ") for line in lines])


@fault("bp4d", "label-frame-twice")
def label_line_twice(root, sequence):
    edit(codes_of(root, sequence)[3], lambda lines: [*lines, lines[5]])


@fault("bp4d", "label-empty")
def label_file_empty(root, sequence):
    codes_of(root, sequence)[4].write_text("\n")


@fault("bp4d", "label-not-text")
def label_file_from_a_spreadsheet(root, sequence):
    path = codes_of(root, sequence)[4]
    path.write_text(path.read_text(), encoding="utf-16")


@fault("bp4d", "label-other-frames")
def one_label_file_cut(root, sequence):
    edit(codes_of(root, sequence)[0], lambda lines: lines[:-10])


@fault("bp4d", "coded-range")
def every_label_file_cut(root, sequence):
    for path in codes_of(root, sequence):
        edit(path, lambda lines: lines[:-10])


@fault("bp4d", "label-gap")
def label_lines_removed(root, sequence):
    for path in codes_of(root, sequence):
        edit(path, lambda lines: lines[:30] + lines[37:])


@fault("bp4d", "not-coded")
def au_not_coded(root, sequence):
    edit(codes_of(root, sequence)[4], lambda lines: [line.split(",")[0] + ",9" for line in lines])


@fault("bp4d", "codes-equal")
def codes_of_another_au(root, sequence):
    shutil.copyfile(codes_of(root, sequence)[0], codes_of(root, sequence)[1])


@fault("disfa", "codes-copied", named=False)
def codes_of_another_subject(root, sequence):
    other = next(
        path for path in sorted(codes_of(root, sequence)[0].parents[1].iterdir()) if path.name != sequence
    )
    shutil.copyfile(codes_of(root, other.name)[0], codes_of(root, sequence)[0])


@fault("disfa", "frames-first")
def frames_from_zero_and_one_too_many(root, sequence):
    clip(root, sequence).unlink()
    codes = codes_of(root, sequence)[0].parents[1].name
    shutil.rmtree(codes_of(root, sequence)[0].parent)
    make_disfa_frames(root, [sequence], "Videos_LeftCamera/LeftVideo{}_comp", codes, first=0)
    folder = clip(root, sequence)
    os.link(folder / "00000.jpg", folder / f"{len(os.listdir(folder)):05d}.jpg")


@fault("bp4d", "two-spellings", named=False)
def two_spellings(root, sequence):
    (root / "AU-Intensity-Codes3.0").mkdir()


@fault("bp4d", "occurrence-codes", named=False)
def occurrence_for_intensity(root, sequence):
    for path in (root / BP4D_CODES).glob("*/*.csv"):
        edit(path, lambda lines: [line.replace(",5", ",4").replace(",4", ",3") for line in lines])
        edit(path, lambda lines: [line.replace(",3", ",1").replace(",2", ",1") for line in lines])


@fault("bp4d", "au-absent", named=False)
def au_all_zero(root, sequence):
    for path in (root / BP4D_CODES / "AU17").glob("*.csv"):
        edit(path, lambda lines: [line.split(",")[0] + ",0" for line in lines])


@fault("disfa", "video-cut")
def video_cut(root, sequence):
    data = clip(root, sequence).read_bytes()
    clip(root, sequence).write_bytes(data[: len(data) // 2])


@fault("disfa", "video-cut")
def video_damaged(root, sequence):
    data = bytearray(clip(root, sequence).read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(range(250)) * 16
    clip(root, sequence).write_bytes(data)


@fault("disfa", "video-unreadable")
def video_empty(root, sequence):
    clip(root, sequence).write_bytes(b"")


@fault("disfa", "video-unreadable")
def video_is_a_web_page(root, sequence):
    clip(root, sequence).write_bytes(b"<html>login</html>")


@fault("disfa", "subject-missing")
def video_missing(root, sequence):
    clip(root, sequence).unlink()


@fault("disfa", "subject-missing")
def video_of_the_other_camera(root, sequence):
    path = clip(root, sequence)
    path.rename(path.with_name(f"RightVideo{sequence}_Comp.avi"))


@fault("disfa", "frame-rate")
def video_at_another_rate(root, sequence):
    data = bytearray(clip(root, sequence).read_bytes())
    at = data.index(b"strh") + 8 + 20  # dwScale, dwRate
    struct.pack_into("<II", data, at, 1, 30)
    clip(root, sequence).write_bytes(data)


@fault("disfa", "frame-missing")
def video_too_short(root, sequence):
    clip(root, sequence).write_bytes(video_bytes(4800, sequence))


@fault("disfa", "frame-uncoded")
def video_too_long(root, sequence):
    clip(root, sequence).write_bytes(video_bytes(4900, sequence))


@fault("disfa", "size-differs")
def video_resized(root, sequence):
    clip(root, sequence).write_bytes(video_bytes(4845, sequence, size=(32, 24)))


@fault("disfa", "frames-copied", named=False)
def video_of_another_subject(root, sequence):
    other = next(path for path in sorted(clip(root, sequence).parent.iterdir()) if sequence not in path.name)
    shutil.copyfile(other, clip(root, sequence))


@fault("disfa", "label-frame-number")
def frames_counted_from_zero(root, sequence):
    def shift(lines):
        return [f"{number},{line.split(',')[1]}" for number, line in enumerate(lines)]

    edit(codes_of(root, sequence)[7], shift)


@fault("disfa", "label-file-missing")
def labels_of_a_subject_missing(root, sequence):
    shutil.rmtree(codes_of(root, sequence)[0].parent)


@fault("disfa", "coded-range", "frame-uncoded")
def labels_of_a_subject_cut(root, sequence):
    for path in codes_of(root, sequence):
        edit(path, lambda lines: lines[:-45])


@fault("disfa", "sequence-unknown", named=False)
def subject_unknown(root, sequence):
    shutil.copyfile(clip(root, sequence), clip(root, "SN014"))


# What stops at the root, before a sequence is looked at; each moves or makes folders below `root`.


@fault("bp4d", "root", named=False)
def codes_not_copied(root, sequence):
    shutil.rmtree(root / BP4D_CODES)


@fault("bp4d", "root", named=False)
def every_subject_packed(root, sequence):
    folder = root / "BP4D-training"
    for subject in list(folder.iterdir()):
        shutil.rmtree(subject)
        subject.with_name(f"{subject.name}.zip").write_bytes(b"PK")


@fault("disfa", "root", named=False)
def videos_packed(root, sequence):
    shutil.rmtree(root / "Videos_LeftCamera")
    (root / "Videos_LeftCamera.zip").write_bytes(b"PK")


@fault("bp4d", "root", named=False)
def frames_one_level_down(root, sequence):
    (root / "disk").mkdir()
    for name in ("BP4D-training", BP4D_CODES):
        (root / name).rename(root / "disk" / name)


@fault("bp4d", "root", named=False)
def bp4d_plus(root, sequence):
    shutil.rmtree(root / "BP4D-training")
    (root / "2D+3D" / "F001" / "T10").mkdir(parents=True)


@fault("disfa", "root", named=False)
def disfa_plus(root, sequence):
    shutil.rmtree(root / "ActionUnit_Labels")
    (root / "Labels" / "SN001" / "A1_AU1_TrailNo_1").mkdir(parents=True)


@fault("disfa", "root", named=False)
def only_the_other_camera(root, sequence):
    shutil.rmtree(root / "Videos_LeftCamera")
    make_disfa(root, [sequence], camera="right")


@fault("bp4d", "root", named=False)
def disfa_for_bp4d(root, sequence):
    shutil.rmtree(root)
    make_disfa(root, ["SN001"])


@fault("disfa", "root", named=False)
def nothing_there(root, sequence):
    shutil.rmtree(root)


def main() -> None:
    rows = [f"  {name:34} {fault.layout:6} {', '.join(fault.codes)}" for name, fault in FAULTS.items()]
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="\n".join([f"{len(rows)} faults, where each is planted, and what g2rl check finds:", *rows]),
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("layout", choices=("bp4d", "disfa"))
    parser.add_argument("root", type=Path)
    parser.add_argument("--sequences", nargs="*", help="default: every one")
    parser.add_argument("--plant", nargs="*", default=[], metavar="FAULT=SEQUENCE", help="see below")
    options = parser.parse_args()
    (make_bp4d if options.layout == "bp4d" else make_disfa)(options.root, options.sequences)
    for planted in options.plant:
        name, sequence = planted.split("=")
        FAULTS[name].plant(options.root, sequence)


if __name__ == "__main__":
    main()
