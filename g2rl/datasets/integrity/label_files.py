"""The check of one sequence's label files: readable, of the same frames, of the published range."""

import hashlib
from collections import Counter
from pathlib import Path

import numpy as np

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.integrity.wording import frame_ranges, relative_name, similar_names
from g2rl.datasets.labels import Labels, other_frames
from g2rl.errors import TextFileError

CHANGES = 12  # between frames, from which on equal codes are a copy: short, rare activity may agree by chance


def examine_labels(layout: Layout, seen: Seen, published: tuple[int, int] | None) -> Labels | None:
    """Check every label file of a sequence; returns the labels of those in order, None if there is none."""
    paths = layout.label_paths(seen.root, seen.sequence)
    good = _read_files(layout, seen, paths)
    if not good:
        return None
    model = _drop_other_frames(seen, good)
    for path, labels in good.items():
        aus = labels.aus or (layout.aus[paths.index(path)],)
        seen.aus += aus
        for au, codes in zip(aus, labels.intensity.T, strict=True):
            _examine_codes(seen, path, au, labels.frame, codes)
    frame = good[model].frame
    if published is not None:
        _examine_range(seen, model, frame, published)
    return Labels(frame, np.concatenate([labels.intensity for labels in good.values()], axis=1), seen.aus)


def _read_files(layout: Layout, seen: Seen, paths: list[Path]) -> dict[Path, Labels]:
    """The label files that can be read."""
    good = {}
    for path in paths:
        try:
            good[path] = layout.read_file_of(seen.root, seen.sequence, path)
        except TextFileError as error:
            code, found = "label-" + error.kind.replace(" ", "-"), error.found
            if error.kind == "file missing":
                has_folder = path.parent.is_dir()
                found = similar_names(path, seen.sequence) if has_folder else f"no folder {path.parent.name}"
            line = f"line {error.line}: " if error.line else ""
            seen.add(code, path, f"{line}{found}", error.expected, error.action)
    return good


def _drop_other_frames(seen: Seen, good: dict[Path, Labels]) -> Path:
    """Remove the files whose frames are not those of most files; returns the first that stays."""
    votes = Counter(labels.frame.tobytes() for labels in good.values())
    model = next(path for path in good if good[path].frame.tobytes() == votes.most_common(1)[0][0])
    for path, labels in list(good.items()):
        if not np.array_equal(labels.frame, good[model].frame):
            error = other_frames(path, labels.frame, model, good[model].frame)
            seen.add("label-other-frames", path, error.found, error.expected)
            del good[path]
    return model


def _examine_codes(seen: Seen, path: Path, au: int, frame: np.ndarray, codes: np.ndarray) -> None:
    """Check the codes of one AU; frame and codes (N,)."""
    seen.highest[au] = int(codes.max())
    if codes.max() < 0:
        seen.add("not-coded", path, f"AU{au:02d} coded in none of {len(codes)} frames", "codes 0 to 5")
    if np.count_nonzero(np.diff(codes)) >= CHANGES:
        digest = hashlib.sha256(frame.tobytes() + codes.tobytes()).hexdigest()
        seen.codes[f"{relative_name(seen.root, path)} AU{au:02d}"] = digest


def _examine_range(seen: Seen, path: Path, frame: np.ndarray, published: tuple[int, int]) -> None:
    """Check the coded frames of a sequence against the published first and last one."""
    first, last = int(frame[0]), int(frame[-1])
    if (first, last) != published:
        expected = f"{published[0]} to {published[1]}"
        seen.add("coded-range", path, f"coded frames {first} to {last}", expected)
    # A range of a million frames is a slip in the label file, not a gap to be listed.
    gap = np.setdiff1d(np.arange(first, last + 1), frame) if last - first < 10**6 else frame
    if len(gap):
        seen.add("label-gap", path, f"no code for {frame_ranges(gap)}", "every frame between coded")
