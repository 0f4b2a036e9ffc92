"""The check of one sequence: its label files, its media, and whether they belong together."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from g2rl.datasets.base import Layout
from g2rl.datasets.integrity.label_files import examine_labels
from g2rl.datasets.integrity.media import Frames, examine_folder, examine_video
from g2rl.datasets.integrity.seen import Seen
from g2rl.datasets.integrity.wording import frame_ranges, relative_name
from g2rl.errors import InputError


def examine_sequence(
    layout: Layout,
    root: Path,
    published: dict[str, tuple[int, int] | None],
    decode: bool,
    named: tuple[str, str],
) -> Seen:
    """Check one sequence, given as its name and subject."""
    sequence, subject = named
    seen = Seen(sequence, subject, root)
    try:
        labels = examine_labels(layout, seen, published.get(sequence))
        if labels is not None:
            seen.label_file = relative_name(root, layout.label_paths(root, sequence)[0])
            seen.frame, seen.intensity = labels.frame, labels.intensity
        media = layout.media(root, sequence)
        seen.media = relative_name(root, media)
        if labels is not None:
            labels = replace(labels, frame=labels.frame + np.int32(layout.frame_shift(root, sequence)))
        # A frame in which no AU is coded is not missed.
        coded = labels.frame[(labels.intensity >= 0).any(axis=1)] if labels else np.empty(0, np.int32)
        seen.coded = len(coded)
        if media.is_dir():
            frames = examine_folder(seen, media, coded, decode)
        else:
            frames = examine_video(layout, seen, media)
        if frames is not None and labels is not None:
            _compare(layout, seen, media, labels.frame, coded, frames)
    except InputError as error:  # of the frames' numbers
        seen.add("frames-first", media, str(error).removeprefix(f"{media}: "), "frames that count from 1")
    except OSError as error:
        seen.add("not-readable", Path(error.filename or root), str(error.strerror), "a file that can be read")
    return seen


def _compare(
    layout: Layout, seen: Seen, media: Path, labelled: np.ndarray, coded: np.ndarray, frames: Frames
) -> None:
    """Check a sequence's frames against its codes: the frames with a row, and those with a coded AU."""
    missing = [number for number in coded.tolist() if number not in frames.numbers]
    seen.usable = len(set(coded.tolist()) & frames.numbers - set(frames.damaged))
    if len(coded) and len(missing) == len(coded):
        span = f"frames {min(frames.numbers)} to {max(frames.numbers)}"
        seen.add("frames-other", media, span, f"the coded ones, {coded[0]} to {coded[-1]}")
    elif missing:
        found = f"{len(missing)} of {len(coded)} coded frames not there: {frame_ranges(missing)}"
        seen.add("frame-missing", media, found, "each coded frame")
    if layout.codes_every_frame and (uncoded := sorted(frames.numbers - set(labelled.tolist()))):
        seen.add("frame-uncoded", media, f"no code for {frame_ranges(uncoded)}", "each frame coded")
