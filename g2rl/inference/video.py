"""A user's own video: landmarks → alignment → the exported network → one CSV of AU intensities."""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import au_name
from g2rl.errors import InputError
from g2rl.faces.alignment import similarity, warp
from g2rl.faces.jpeg import decode, encode
from g2rl.faces.landmarks import detect_landmarks
from g2rl.faces.landmarks_file import Landmarks
from g2rl.inference.predictor import BATCH, predict
from g2rl.io.frame_source import FrameSource
from g2rl.io.progress import progress
from g2rl.io.tables import write_csv
from g2rl.io.video import open_source
from g2rl.network.model_file import Model

log = logging.getLogger(__name__)


def predict_video(path: Path, model: Model) -> pd.DataFrame:
    """Every frame of a video or image folder, in order.

    Returns:
        One row per frame: ``frame`` (its number), ``face`` (whether one was found), ``score`` of dlib's
        detector, and ``AU06`` … intensities 0–5 of the model's AUs; score and intensities are empty where
        there is no face.

    Raises:
        InputError: no such video or folder, or nothing in it can be read.
    """
    source = open_source(path)
    landmarks = detect_landmarks(source)
    table = pd.DataFrame({"frame": landmarks.frame, "face": landmarks.found, "score": landmarks.score})
    intensity = np.full((len(table), len(model.aus)), np.nan, np.float32)
    start = 0
    found = np.flatnonzero(landmarks.found)
    for faces in aligned_batches(source, landmarks, model.settings.image_size):
        intensity[found[start : start + len(faces)]] = predict(model, faces).intensity
        start += len(faces)
    table[[au_name(au) for au in model.aus]] = intensity
    log.info("%s: %d frames, %d with a face", path, len(table), len(found))
    return table


def predict_videos(videos: Sequence[Path], folder: Path, model: Model) -> list[Path]:
    """Write ``folder``/VIDEO.csv for each video that can be read; return the files written.

    Raises:
        InputError: two videos of one name.
    """
    outputs = [folder / f"{video.stem}.csv" for video in videos]
    if len(set(outputs)) < len(outputs):
        raise InputError("two videos share a name: predict them one by one, into folders of their own")
    written = []
    for video, output in zip(videos, outputs, strict=True):
        try:
            write_csv(output, predict_video(video, model), "%.4f")
        except InputError as error:
            log.error("%s", error)
        else:
            written.append(output)
    return written


def aligned_batches(source: FrameSource, landmarks: Landmarks, size: int) -> Iterator[np.ndarray]:
    """The frames with a face, in order: (B, size, size, 3) uint8 RGB, as an aligned sequence gives them."""
    found = landmarks.found
    points = dict(zip(landmarks.frame[found].tolist(), landmarks.landmarks[found], strict=True))
    batch = []
    for number, image in progress(source.rgb(points.keys()), "intensities", len(points)):
        if image is None:
            raise InputError(f"frame {number} was decoded before and cannot be now: was its file changed?")
        face = warp(image, similarity(points[number]))
        stored = encode(face)
        batch.append(decode(stored, np.array([0, len(stored)], np.uint64), [0], size)[0])
        if len(batch) == BATCH:
            yield np.stack(batch)
            batch = []
    if batch:
        yield np.stack(batch)
