"""A user's own videos and photos: landmarks → alignment → the exported network → CSVs of AU intensities."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import au_name
from g2rl.config.alignment import DEFAULT_ALIGNMENT, Alignment
from g2rl.errors import InputError
from g2rl.faces.alignment import alignment_matrix, transform_points, warp
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.landmarks import detect_landmarks
from g2rl.faces.landmarks_file import Landmarks
from g2rl.inference.inputs import Input, find_inputs, table_names
from g2rl.inference.predictor import BATCH, predict
from g2rl.io.frame_source import FrameSource
from g2rl.io.image_folder import ImageFolder
from g2rl.io.progress import progress
from g2rl.io.tables import write_csv
from g2rl.network.model_file import Model

log = logging.getLogger(__name__)
FAR = 1.5  # face widths: a subject's face does not move as far from one frame with a face to the next


def predict_video(path: Path, model: Model) -> pd.DataFrame:
    """Every frame of a video, or of a folder of images, in order; see ``predict_input``.

    Raises:
        InputError: no such video or folder, it holds several inputs, or nothing in it can be read.
    """
    inputs, faults = find_inputs([path])
    if faults or len(inputs) != 1:
        raise InputError(faults[0] if faults else f"{path}: {len(inputs)} inputs in it: name one of them")
    return predict_input(inputs[0], model)


def predict_input(one: Input, model: Model) -> pd.DataFrame:
    """Every frame of a video or film, or every photo, in order.

    Returns:
        One row each: ``file`` (its name), ``frame`` (its number) and ``timestamp`` (seconds after the first
        frame), which photos lack, as image folders lack the latter; ``face`` (whether one was found),
        ``score`` of dlib's detector, and ``AU06`` … intensities 0–5 of the model's AUs; score and intensities
        are empty where there is no face.

    Raises:
        InputError: none of it can be read.
    """
    source, photos = one.open(), one.kind == "photos"
    landmarks = detect_landmarks(source, independent=photos)
    if not landmarks.found.any() and all(image is None for _, image in source.grey()):
        what = "no readable image" if photos else "no frame of it can be decoded"
        raise InputError(f"{one.path}: {what}: copy it again, or convert it")
    table = _table_of_faces(one, source, landmarks)
    table[[au_name(au) for au in model.aus]] = _intensities(source, landmarks, model)
    what, with_face = "photos" if photos else "frames", np.count_nonzero(landmarks.found)
    log.info("%s: %d %s, %d with a face", one.path, len(table), what, with_face)
    if not photos:
        _warn_of_jumps(one.path, landmarks)
    return table


def _table_of_faces(one: Input, source: FrameSource, landmarks: Landmarks) -> pd.DataFrame:
    """The columns ``file`` to ``score`` of ``predict_input``, one row per frame or photo."""
    count = len(landmarks.frame)
    names = [file.name for file in one.files]
    if isinstance(source, ImageFolder):  # by number; the names are in the order of the alphabet
        names = [source.file(number).name for number in landmarks.frame.tolist()]
    return pd.DataFrame(
        {
            "file": names * count if one.kind == "video" else names,
            "frame": pd.array([pd.NA] * count if one.kind == "photos" else landmarks.frame, "Int64"),
            "timestamp": [source.timestamp(number) for number in landmarks.frame.tolist()],
            "face": landmarks.found,
            "score": landmarks.score,
        }
    )


def _intensities(source: FrameSource, landmarks: Landmarks, model: Model) -> np.ndarray:
    """(N, AUs) float32 intensities 0–5 of all frames; NaN where there is no face."""
    intensity = np.full((len(landmarks.frame), len(model.aus)), np.nan, np.float32)
    start = 0
    found = np.flatnonzero(landmarks.found)
    for faces, points in aligned_batches(source, landmarks, model.settings.image_size, model.alignment):
        intensity[found[start : start + len(faces)]] = predict(model, faces, points).intensity
        start += len(faces)
    return intensity


def _warn_of_jumps(path: Path, landmarks: Landmarks) -> None:
    """Name the frames whose face is far from the one before: perhaps another person's."""
    box, frame = landmarks.box[landmarks.found], landmarks.frame[landmarks.found]
    if len(box) < 2:
        return
    centre, width = (box[:, :2] + box[:, 2:]) / 2, box[:, 2] - box[:, 0]
    moved = np.linalg.norm(np.diff(centre, axis=0), axis=1) / width[:-1]
    jumps = np.flatnonzero(moved > FAR)
    if len(jumps):
        some = ", ".join(f"{frame[at + 1]} ({moved[at]:.1f})" for at in jumps[:5])
        more = f" and {len(jumps) - 5} more" if len(jumps) > 5 else ""
        log.warning(
            "%s: the face jumps, perhaps to another person: at frames (by face widths) %s%s", path, some, more
        )


def predict_videos(
    paths: Sequence[Path], folder: Path, model: Model, images: str = "auto"
) -> tuple[dict[Path, Path], bool]:
    """Write a table for each video, film and collection of photos that can be read; log the rest.

    Args:
        paths, images: see ``find_inputs``; the tables' names: ``table_names``.

    Returns:
        The input of each file written, and whether everything could be read.
    """
    inputs, faults = find_inputs(paths, images)
    for fault in faults:
        log.error("%s", fault)
    written = {}
    for one, name in zip(inputs, table_names(inputs, folder), strict=True):
        try:
            write_csv(folder / name, predict_input(one, model), "%.4f")
        except InputError as error:
            log.error("%s", error)
        else:
            written[folder / name] = one.path
    return written, not faults and len(written) == len(inputs)


def aligned_batches(
    source: FrameSource, landmarks: Landmarks, size: int, alignment: Alignment = DEFAULT_ALIGNMENT
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The frames with a face, in order, as an aligned sequence gives them: (B, size, size, 3) uint8 RGB, and
    their landmarks (B, 68, 2) float32 in pixels of the aligned 256×256 faces."""
    found = landmarks.found
    points = dict(zip(landmarks.frame[found].tolist(), landmarks.landmarks[found], strict=True))
    batch, moved = [], []
    for number, image in progress(source.rgb(points.keys()), "intensities", len(points)):
        if image is None:
            raise InputError(
                f"{source.path}: frame {number} was decoded before and cannot be now: was the file changed?"
            )
        matrix = alignment_matrix(points[number], alignment)
        stored = encode(warp(image, matrix))
        moved.append(transform_points(matrix, points[number]).astype(np.float32))
        batch.append(decode(stored, np.array([0, len(stored)], np.uint64), [0], size)[0])
        if len(batch) == BATCH:
            yield np.stack(batch), np.stack(moved)
            batch, moved = [], []
    if batch:
        yield np.stack(batch), np.stack(moved)
