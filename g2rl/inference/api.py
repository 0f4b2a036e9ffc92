"""The Python interface: AU intensities of a video, photos, or images in memory as a table."""

import os
from collections.abc import Iterable, Iterator
from copy import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from g2rl.action_units import au_name
from g2rl.config.alignment import DetectorName
from g2rl.errors import InputError
from g2rl.inference.estimates import FaceEstimate, FrameEstimate
from g2rl.inference.face_network import OWN_MODEL, open_network
from g2rl.inference.inputs import Input, find_inputs
from g2rl.inference.outputs.table import rows_of_frame
from g2rl.inference.video import estimate_frames
from g2rl.io.frame_source import FrameSource

if TYPE_CHECKING:
    import torch


class AUEstimator:
    """Estimates AU intensities with a trained model.

    Attributes:
        aus: the columns of the model's AUs, such as ``AU12``.
        heatmaps: of the last ``predict``, (rows, K, S', S') float32, one per row and AU; NaN where the row
            has no face. 2 KB to 200 KB per row: of long videos use ``frames``.
        landmarks: of the last ``predict``, (rows, 68, 2) float64, pixels of the image; NaN where none.
    """

    def __init__(
        self,
        model: str | os.PathLike = OWN_MODEL,
        device: "torch.device | None" = None,
        detector: DetectorName | None = None,
    ) -> None:
        """
        Args:
            model: a file of ``g2rl train``, or of ``g2rl export``, which runs on the CPU without torch;
                if not given, the package's own.
            device: where torch runs it; the CPU if None.
            detector: of faces and landmarks; None: that of the model's training.

        Raises:
            InputError: it is no model, or cannot be read.
        """
        self._network, self._detector = open_network(Path(model), lambda: device), detector
        self.aus = [au_name(au) for au in self._network.aus]
        self.heatmaps = self.landmarks = np.empty(0)

    def frames(
        self, source: str | os.PathLike | Iterable[np.ndarray], single: bool = False
    ) -> Iterator[FrameEstimate]:
        """The estimates of one frame after another, in memory that does not grow.

        Args:
            source: a video, a photo, a folder of images; or the images of a film, (H, W, 3) uint8 RGB.
            single: one face per frame: in a video the one that is followed, in a photo the largest.

        Raises:
            InputError: there is no such file, it cannot be read, or it holds several inputs.
        """
        if not isinstance(source, str | os.PathLike):
            film = Input(Path("memory"), "frames", ())
            return estimate_frames(film, _Images(source), self._network, single, self._detector)
        inputs, faults = find_inputs([Path(source)])
        if faults or len(inputs) != 1:
            raise InputError(
                faults[0] if faults else f"{source}: {len(inputs)} inputs in it: name one of them"
            )
        return estimate_frames(inputs[0], inputs[0].open(), self._network, single, self._detector)

    def predict(self, source: str | os.PathLike | Iterable[np.ndarray], single: bool = False) -> pd.DataFrame:
        """One row per face and frame, with the columns of the CSV of ``g2rl predict``; a frame without a face
        has one row, with ``success`` 0. Arguments and errors: see ``frames``."""
        rows: list[dict[str, Any]] = []
        faces: list[FaceEstimate | None] = []
        for frame in self.frames(source, single):
            rows += rows_of_frame(frame, self._network.aus)
            faces += frame.faces or (None,)
        shape = next((face.heatmaps.shape for face in faces if face), (len(self.aus), 0, 0))
        self.heatmaps = np.full((len(faces), *shape), np.nan, np.float32)
        self.landmarks = np.full((len(faces), 68, 2), np.nan)
        for row, face in enumerate(faces):
            if face:
                self.heatmaps[row], self.landmarks[row] = face.heatmaps, face.landmarks
        kinds = {"frame": "Int64", "face_id": "Int64", "success": "bool"}
        table = pd.DataFrame(rows)
        return table.astype({name: kinds.get(name, "float64") for name in table.columns[1:]})


class _Images(FrameSource):
    """A film in memory, its frames numbered from 1."""

    def __init__(self, images: Iterable[np.ndarray]) -> None:
        self.path = Path("memory")
        self.numbers = []
        self._images = images

    def _frames(self, grey: bool, wanted: frozenset[int] | None) -> Iterator[tuple[int, np.ndarray | None]]:
        for number, image in enumerate(self._images, 1):
            yield number, copy(image)  # frames are read ahead, and the giver may use its array again
