"""How faces are aligned: by which landmarks, of what detector, and how large the face becomes."""

from dataclasses import asdict, dataclass, fields
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from g2rl.config.values import fault, kinds
from g2rl.errors import InputError

Anchors = Literal["eyes_nose", "nose_mouth", "eyes_chin", "eyes"]
DetectorName = Literal["dlib", "mediapipe"]
FaceScale = Annotated[float, Ge(0.5), Le(2)]


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The keys ``frames.alignment``, ``frames.face_scale`` and ``frames.detector``.

    Attributes:
        anchors: the set of anchors, see ``g2rl.faces.alignment.ANCHORS``.
        scale: the size of the face relative to the anchors' template.
        detector: that found the landmarks.

    Raises:
        InputError: another value.
    """

    anchors: Anchors = "eyes_nose"
    scale: FaceScale = 1.0
    detector: DetectorName = "dlib"

    def __post_init__(self) -> None:
        allowed = kinds(type(self))
        for field in fields(self):
            if problem := fault(getattr(self, field.name), allowed[field.name]):
                raise InputError(f"alignment, {field.name}: {problem}")

    def __str__(self) -> str:
        by = "" if self.detector == "dlib" else f", landmarks by {self.detector}"
        return f"{self.anchors}, scale {self.scale:g}{by}"

    def as_json(self) -> dict[str, Any]:
        """Its fields; dlib is not named, as in files from before there was another detector."""
        return {name: value for name, value in asdict(self).items() if value != "dlib"}


DEFAULT_ALIGNMENT = Alignment()
