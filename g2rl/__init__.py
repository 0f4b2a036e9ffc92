"""Facial action unit intensity from raw videos: the G2RL paper (IJCAI-20), rebuilt end to end."""

import importlib
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from g2rl.evaluation.metrics import icc31 as icc31
    from g2rl.inference.api import AUEstimator as AUEstimator
    from g2rl.inference.predictions import read_predictions as read_predictions

__version__ = "0.1.0"
_PUBLIC = {
    "AUEstimator": "g2rl.inference.api",
    "icc31": "g2rl.evaluation.metrics",
    "read_predictions": "g2rl.inference.predictions",
}

# OpenCV reads this when it is loaded: an image of a few bytes may claim to be of a gigapixel.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))


def __getattr__(name: str) -> Any:
    """The public functions, imported at their first use: importing ``g2rl`` itself loads no library."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
