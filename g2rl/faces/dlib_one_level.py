"""A speed-up by a patch of dlib's pickled face detector, so that it searches one level of its image pyramid.

The tracker shrinks its region of interest to the level at which the face fits the detector's window; dlib has
no public way to leave out the smaller levels. Without the patch finding landmarks takes 13 % (JPEG folders of
BP4D's size) to 19 % (videos of DISFA's) more processor time (benchmarks/landmark_speedups.py).
``G2RL_ONE_LEVEL=0`` leaves the detector as it is: a box of another level may then be found, so landmarks can
differ.
"""

import os
from typing import Any

from g2rl.errors import InputError

WINDOW = 80  # side of the detector's window, px

# In dlib's packed numbers (a byte of length, then the digits): the window, the most levels of the pyramid,
# and the size of the smallest level.
PYRAMID = bytes([1, WINDOW, 1, WINDOW, 2, *(1000).to_bytes(2, "little"), 1, 64, 1, 64])
ONE_LEVEL = bytes([1, WINDOW, 1, WINDOW, 2, *(1).to_bytes(2, "little"), 1, 64, 1, 64])


def for_one_level(detector: Any) -> Any:
    """A copy of dlib's frontal face detector that searches an image at its own size alone.

    Raises:
        InputError: the state of this version's detector holds no such numbers.
    """
    if os.environ.get("G2RL_ONE_LEVEL") == "0":
        return detector
    (state,) = detector.__getstate__()
    if (found := state.count(PYRAMID)) != 1:
        import dlib

        raise InputError(
            f"dlib {dlib.__version__}: its detector's state holds the image pyramid {found} times, expected "
            "once: pip install --no-deps -r requirements.lock, or set G2RL_ONE_LEVEL=0 (slower)"
        )
    kind: Any = type(detector)
    copy = kind.__new__(kind)
    copy.__setstate__((state.replace(PYRAMID, ONE_LEVEL),))
    return copy
