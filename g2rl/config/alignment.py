"""How faces are aligned: which landmarks are brought to fixed places, and how large the face becomes."""

from dataclasses import dataclass, fields
from typing import Annotated, Literal

from annotated_types import Ge, Le

from g2rl.config.values import fault, kinds
from g2rl.errors import InputError

Anchors = Literal["eyes_nose", "nose_mouth", "eyes_chin", "eyes"]
FaceScale = Annotated[float, Ge(0.5), Le(2)]


@dataclass(frozen=True, kw_only=True)
class Alignment:
    """The keys ``frames.alignment`` and ``frames.face_scale``.

    Attributes:
        anchors: the set of anchors, see ``g2rl.faces.alignment.ANCHORS``.
        scale: the size of the face relative to the anchors' template.

    Raises:
        InputError: another value.
    """

    anchors: Anchors = "eyes_nose"
    scale: FaceScale = 1.0

    def __post_init__(self) -> None:
        allowed = kinds(type(self))
        for field in fields(self):
            if problem := fault(getattr(self, field.name), allowed[field.name]):
                raise InputError(f"alignment, {field.name}: {problem}")

    def __str__(self) -> str:
        return f"{self.anchors}, scale {self.scale:g}"


DEFAULT_ALIGNMENT = Alignment()
