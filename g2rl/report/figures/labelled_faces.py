"""Figure 1: faces with their landmarks and the intensity of each AU, as the dataset codes them."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import MAX_INTENSITY, au_name
from g2rl.errors import InputError
from g2rl.faces.jpeg import decode
from g2rl.faces.sequence_file import AlignedSequence, read_sequence
from g2rl.io.figures import COLOURS, TWO_COLUMNS, draw_grid, label, new_figure, save, style

FACES = 3


def first_subjects(paths: Iterable[Path], count: int = FACES) -> list[AlignedSequence]:
    """The first sequence with a face of each of the first ``count`` subjects, or of fewer where there are no
    more.

    Raises:
        InputError: no sequence has a face.
    """
    found: dict[str, AlignedSequence] = {}
    for path in paths:
        sequence = read_sequence(path)
        if sequence.subject not in found and len(sequence.frame):
            found[sequence.subject] = sequence
        if len(found) == count:
            break
    if not found:
        raise InputError("figure 1: no face in any of the aligned sequences")
    return list(found.values())


def figure1(dataset: str, sequences: Sequence[AlignedSequence], stem: str | os.PathLike) -> pd.DataFrame:
    """Of each sequence the face of the highest summed intensity: landmarks on it, the intensities below it;
    no bar and a cross where an AU is not coded.

    Returns:
        What ``stem``.csv holds: dataset, subject, sequence, frame, item (``AU06`` with an intensity, or
        ``0`` … ``67``, a landmark, with x and y in aligned pixels), intensity, x, y.
    """
    parts = []
    with style():
        figure = new_figure(TWO_COLUMNS, 1.02 * TWO_COLUMNS / FACES + 1.2)
        faces = figure.add_gridspec(
            2,
            FACES,
            height_ratios=(2.3, 0.75),
            hspace=0.06,
            wspace=0.12,
            left=0.06,
            right=0.99,
            top=0.89,
            bottom=0.11,
        )
        for column, sequence in enumerate(sequences):
            row = int(np.argmax(np.maximum(sequence.intensity, 0).sum(1)))
            landmarks, codes = sequence.landmarks[row], sequence.intensity[row]
            intensity = np.where(codes < 0, np.nan, codes)
            axes = figure.add_subplot(faces[0, column])
            axes.set_axis_off()
            axes.imshow(decode(sequence.jpeg, sequence.offsets, [row])[0])
            axes.plot(*landmarks.T, "o", color="#00e000", markersize=1.8, markeredgewidth=0)
            axes.set_title(f"{sequence.sequence}, frame {sequence.frame[row]}", pad=3)
            axes.set(xlim=(-0.5, 255.5), ylim=(255.5, -0.5))

            bars = figure.add_subplot(faces[1, column])
            names = [f"{au}" for au in sequence.aus]
            bars.bar(names, intensity, color=COLOURS[0], width=0.6)
            bars.plot(names, np.where(codes < 0, 0.5, np.nan), "x", color="0.4")
            bars.set(ylim=(0, MAX_INTENSITY), yticks=range(MAX_INTENSITY + 1), xlabel="AU")
            bars.tick_params(labelleft=column == 0)
            if column == 0:
                bars.set_ylabel("Intensity")
            draw_grid(bars)
            parts.append(
                pd.DataFrame(
                    {
                        "dataset": dataset,
                        "subject": sequence.subject,
                        "sequence": sequence.sequence,
                        "frame": int(sequence.frame[row]),
                        "item": [*map(au_name, sequence.aus), *map(str, range(len(landmarks)))],
                        "intensity": [*map(float, intensity), *[np.nan] * len(landmarks)],
                        "x": [*[np.nan] * len(intensity), *landmarks[:, 0]],
                        "y": [*[np.nan] * len(intensity), *landmarks[:, 1]],
                    }
                )
            )
        figure.text(0.01, 0.99, label(dataset), va="top", weight="bold")
        data = pd.concat(parts, ignore_index=True)
        save(figure, stem, data)
    return data
