"""AU01 and AU02 by how high the brows are, beside what the network makes of them.

Whether brows are raised depends on how high they lie at rest, which a network that sees one image can only
guess: it reads the low brows of some men as no action, whatever they do. Their height over a video tells.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from g2rl.action_units import MAX_INTENSITY
from g2rl.inference.estimates import FaceEstimate, FrameEstimate
from g2rl.inference.neutral import Neutral

AUS = (1, 2)
REST = Neutral(None, 30, least=50)  # of fewer frames, 2 s, hardly any need show the face at rest
# Landmarks of each AU's part of the brows, and of the upper lids or corners of the eyes below.
_BROWS = np.array([[20, 21, 22, 23], [17, 18, 25, 26]])
_EYES = np.array([[38, 39, 42, 43], [36, 37, 44, 45]])
# Of rendered faces, in distances between the outer corners of the eyes as they are from the front: what the
# heights gain up to intensity 5, and per degree by which the head is bent down.
GAIN = np.array([0.12, 0.10])
PITCH = np.array([-0.0019, 0.0020])
UNSEEN = 0.3  # intensity
_LEAST_SEEN = 0.3  # of that distance; a head turned further counts as if it were not


def shared_with(aus: Sequence[int]) -> list[int]:
    """Those of `AUS` that a network with ``aus`` has."""
    return [au for au in AUS if au in aus]


def heights(landmarks: np.ndarray, pitch: float, yaw: float) -> np.ndarray:
    """(68, 2) pixels → (2,) heights of the inner and of the outer brows above the eyes, as from the front.

    Measured across the line through the outer corners of the eyes, 36 and 45, in units of their distance.

    Args:
        pitch, yaw: of the head, degrees.
    """
    along = landmarks[45] - landmarks[36]
    down = np.array([-along[1], along[0]])
    seen = max(np.cos(np.radians(yaw)), _LEAST_SEEN)
    return ((landmarks[_EYES] - landmarks[_BROWS]).mean(1) @ down) / (along @ along) * seen - pitch * PITCH


def append_heights(frame: FrameEstimate) -> FrameEstimate:
    """The frame with two intensities more per face, (K + 2,): those of `AUS` by the brows alone, to which
    their height at rest adds a constant."""

    def appended(face: FaceEstimate) -> FaceEstimate:
        pitch, yaw, _ = face.pose
        more = MAX_INTENSITY * heights(face.landmarks, pitch, yaw) / GAIN
        return replace(face, intensity=np.append(face.intensity, more).astype(np.float32))

    return replace(frame, faces=tuple(map(appended, frame.faces)))


def merge_heights(frame: FrameEstimate, aus: Sequence[int], without: Collection[int] = ()) -> FrameEstimate:
    """Undo ``append_heights``: each of `AUS` gets the mean of both intensities.

    Where the network sees nothing its heatmap is noise, drawn as high as the mean would be: it becomes 0.

    Args:
        aus: the K AUs of the network.
        without: ``face_id`` of the faces that keep the network's intensities.
    """
    places = [(aus.index(au), len(aus) + AUS.index(au)) for au in shared_with(aus)]

    def merged(face: FaceEstimate) -> FaceEstimate:
        found, heatmaps = face.intensity[: len(aus)].copy(), face.heatmaps
        if face.face_id not in without:
            for k, by_height in places:
                if found[k] < UNSEEN and len(heatmaps):
                    heatmaps = heatmaps.copy()
                    heatmaps[k] = 0
                found[k] = (found[k] + min(face.intensity[by_height], MAX_INTENSITY)) / 2
        return replace(face, intensity=found, heatmaps=heatmaps)

    return replace(frame, faces=tuple(map(merged, frame.faces)))
