"""A trained network alone: whole aligned sequences → AU intensities."""

import logging
from collections.abc import Sequence

import numpy as np
import pandas as pd

from g2rl.errors import InputError
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import AlignedSequence
from g2rl.inference.predictions import prediction_table
from g2rl.network.description import FaceModel

BATCH = 64
log = logging.getLogger(__name__)


def predict_sequence(model: FaceModel, sequence: AlignedSequence) -> np.ndarray:
    """(M, K) float32 intensities 0–5 of the faces of an aligned sequence, in order, by the model's AUs."""
    intensity = np.empty((len(sequence.frame), len(model.aus)), np.float32)
    for start in range(0, len(sequence.frame), BATCH):
        index = np.arange(start, min(start + BATCH, len(sequence.frame)))
        faces = decode(sequence.jpeg, sequence.offsets, index, model.settings.image_size)
        intensity[index] = model.predict(faces, sequence.landmarks[index]).intensity
    return intensity


def check_alignment(model: FaceModel, sequence: AlignedSequence) -> None:
    """Refuse faces that were aligned otherwise than those that the model was trained on.

    Raises:
        InputError: they were.
    """
    if sequence.alignment != model.alignment:
        aligned = f"aligned by {sequence.alignment}, the model's faces by {model.alignment}"
        raise InputError(f"{sequence.sequence}: {aligned}: align it as those")


def predict_sequences(model: FaceModel, sequences: Sequence[AlignedSequence]) -> pd.DataFrame:
    """The predictions of test subjects' aligned sequences; see ``prediction_table``.

    Raises:
        InputError: a sequence's AUs or its alignment are not the model's, the model was trained on its
            subject, or no frame.
    """
    intensities = []
    for sequence in sequences:
        if sequence.aus != model.aus:
            raise InputError(f"{sequence.sequence}: coded for AUs {sequence.aus}, the model for {model.aus}")
        check_alignment(model, sequence)
        if sequence.subject in model.subjects:
            known = f"the model was trained on its subject {sequence.subject}"
            raise InputError(f"{sequence.sequence}: {known}: test it on others")
        intensities.append(predict_sequence(model, sequence))
        log.info("%s: %d frames", sequence.sequence, len(sequence.frame))
    return prediction_table(sequences, intensities)
