"""Summary of a video by face and AU, and the AUs' events: two CSV files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from g2rl.action_units import NAMES, au_name
from g2rl.inference.outputs.series import Series, SeriesWriter
from g2rl.io.tables import write_csv

PRESENT = 1.0  # intensity A, trace: from here on an AU counts as present
QUIET = 0.5  # below this an event has ended
SHORTEST = 3  # frames of an event


@dataclass(frozen=True)
class Event:
    """Indices of frames: the first and last one at ``QUIET`` or more, and between them the highest."""

    onset: int
    apex: int
    offset: int


def find_events(intensity: np.ndarray) -> list[Event]:
    """The events of an AU: runs of at least ``SHORTEST`` frames at ``QUIET`` or more that reach ``PRESENT``.

    Two thresholds, so that noise about one of them does not split an event. A frame without a trusted
    estimate ends it.

    Args:
        intensity: (N,) 0–5; NaN where there is no trusted estimate.
    """
    active = np.concatenate([[False], intensity >= QUIET, [False]])  # NaN is not
    starts, ends = np.flatnonzero(np.diff(active)).reshape(-1, 2).T
    return [
        Event(start, start + int(np.argmax(intensity[start:end])), end - 1)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if end - start >= SHORTEST and intensity[start:end].max() >= PRESENT
    ]


class Summary(SeriesWriter):
    """``holiday.summary.csv``, one row per face and AU, and ``holiday.events.csv``, one row per event.

    Means and shares are over time, each frame counting until the next; frames whose ``success`` is 0 count as
    not seen. Times are seconds after the first frame.
    """

    def __init__(self, path: Path, aus: Sequence[int], fps: float, model: str, processing: str = "") -> None:
        """
        Args:
            aus, fps: see ``SeriesWriter``.
            model: its name.
            processing: what was done to the network's intensities, in one line.
        """
        super().__init__(path, aus, fps, model)
        self._processing = processing

    def close(self) -> None:
        events = self.path.with_name(self.path.name.removesuffix("summary.csv") + "events.csv")
        rows, event_rows = summarise(self._series)
        write_csv(events, event_rows, "%.3f")
        write_csv(self.path, rows.assign(model=self._model, processing=self._processing), "%.3f")


def summarise(series: Series) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Both tables of ``Summary``."""
    rows, event_rows = [], []
    time, duration = series.time, np.diff(series.edges)
    for face in sorted(series.faces()):
        intensities, success = series.of_face(face)
        weight = np.where(success, duration, 0)
        seconds = weight.sum()
        for au, values in zip(series.aus, intensities.T, strict=True):
            trusted = np.where(success, values, np.nan)
            events = find_events(trusted)
            known = np.nan_to_num(trusted)
            mean, share = (
                float(weight @ each / seconds) if seconds else np.nan for each in (known, known >= PRESENT)
            )
            peak = float(known.max()) if seconds else np.nan
            label = (face, au_name(au), NAMES[au][0] if au in NAMES else "")
            rows.append((*label, seconds, mean, peak, share, len(events)))
            for number, event in enumerate(events, 1):
                at = time[[event.onset, event.apex, event.offset]]
                event_rows.append((face, au_name(au), number, *at, float(trusted[event.apex])))
    columns = ["face_id", "au", "name", "seconds", "mean", "peak", "share_at_least_1", "events"]
    event_columns = ["face_id", "au", "event", "onset", "apex", "offset", "peak"]
    return pd.DataFrame(rows, columns=columns), pd.DataFrame(event_rows, columns=event_columns)
