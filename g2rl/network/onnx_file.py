"""``model.onnx``, a trained network and its description, run by ONNX Runtime: no torch is loaded."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from g2rl.errors import InputError, first_line
from g2rl.network.description import KEY, Description, FaceModel, Prediction, parse_description

NUMBERS = "numbers"  # in the metadata: ``int8``, or nothing for fp32
OUTPUTS = ("heatmaps", "intensity", "locations")
LANDMARKS = (68, 2)


@dataclass(frozen=True, kw_only=True)
class OnnxModel(FaceModel):
    """A trained network in ONNX Runtime, on the CPU."""

    session: Any  # onnxruntime.InferenceSession

    @property
    def numbers(self) -> str:
        """What its convolutions compute in: ``fp32`` or ``int8``."""
        return self.session.get_modelmeta().custom_metadata_map.get(NUMBERS, "fp32")

    def predict(self, faces: np.ndarray, landmarks: np.ndarray | None = None) -> Prediction:
        inputs = {"faces": faces}
        if self.settings.landmark_channel:
            if landmarks is None:
                raise InputError(
                    "the network takes landmarks too (landmark_channel): expected those of each face"
                )
            inputs["landmarks"] = landmarks.astype(np.float32)
        return Prediction(*self.session.run(OUTPUTS, inputs))


def input_shapes(about: Description) -> dict[str, tuple[int, ...]]:
    """The shape of each input of the ONNX graph, for one face."""
    size = about.settings.image_size
    return {"faces": (size, size, 3)} | ({"landmarks": LANDMARKS} if about.settings.landmark_channel else {})


def output_shapes(about: Description) -> dict[str, tuple[int, ...]]:
    """The shape of each output of the ONNX graph, for one face."""
    maps, size = len(about.heatmap_au), about.settings.map_size
    return dict(zip(OUTPUTS, ((maps, size, size), (len(about.aus),), (maps, 2)), strict=True))


def _threads(text: str) -> int:
    """The first number of OMP_NUM_THREADS, which may be a list; 0, all cores, if there is none."""
    first = text.partition(",")[0].strip()
    return int(first) if first.isdecimal() else 0


def read_onnx(path: Path) -> OnnxModel:
    """Read what ``g2rl export`` wrote. It runs on as many threads as OMP_NUM_THREADS says, else on all cores.

    Raises:
        InputError: not an ONNX file, not one of ours, or a graph that does not fit its own description.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _threads(os.environ.get("OMP_NUM_THREADS", ""))
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # see share_cores
    options.log_severity_level = 3  # errors alone: warnings are about its own optimisations
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # it raises many kinds
        raise InputError(f"{path}: not a readable ONNX file ({first_line(error)})") from error
    try:
        description = json.loads(session.get_modelmeta().custom_metadata_map[KEY])
    except (KeyError, ValueError):
        raise InputError(
            f"{path}: an ONNX file, but not one that `g2rl export` wrote (no description)"
        ) from None
    try:
        about = parse_description(description)
        for found, expected in (
            (session.get_inputs(), input_shapes(about)),
            (session.get_outputs(), output_shapes(about)),
        ):
            if (shapes := {each.name: tuple(each.shape[1:]) for each in found}) != expected:
                raise InputError(f"the graph has {shapes}, expected {expected}")
    except InputError as error:
        raise InputError(f"{path}: the graph does not fit its description: {error}") from error
    return OnnxModel(**vars(about), session=session)
