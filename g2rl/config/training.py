"""TODO: one line."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from g2rl.network.backbones import backbone_fault

Count = Annotated[int, Field(ge=1)]


Positive = Annotated[float, Field(gt=0)]


GEOMETRY_KEYS = (
    "guidance",
    "geometry_init",
    "adjacency",
    "projection",
    "shuffled",
    "lr_geometry",
    "lr_projection",
)

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]


class Section(BaseModel):
    """One level of the configuration: unknown keys are errors, key descriptions come from ``Field``."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


class Training(Section):
    """The network and its training: each key is an option of ``g2rl train``, defaults are the paper's."""

    backbone: str = "resnet50.tv_in1k"
    """A timm model name."""
    image_size: Annotated[int, Field(ge=32, le=256, multiple_of=32)] = 256
    """Side of the images in pixels; aligned faces (256) are reduced to it."""
    stride: Literal[8, 16, 32] = 32
    """Of the backbone's feature map that the deconvolutions take; 32 is its last."""
    channels: Annotated[list[Count], Field(min_length=1, max_length=5)] = [256, 256, 256]
    """Channels of each deconvolution; each doubles the resolution."""
    centres: Literal["default", "libreface", "fgnet", "jaanet"] = "default"
    """Where the AUs lie among the landmarks."""
    maps: Literal["point", "au"] = "point"
    """A heatmap for each point of an AU, or for each AU, with all its points on it."""
    amplitude: Literal["eq1", "intensity"] = "eq1"
    """Height of a heatmap: eq1, I/(2πσ²) as written; intensity, I."""
    readout: Literal["max", "soft"] = "max"
    """How a heatmap's intensity is read: max, its maximum; soft, a mean weighted by a softmax."""
    guidance: Literal["literal", "detached", "standardised", "warmup", "variance"] = "literal"
    """literal: Eq. 6 trains both its sides; detached: G learns to rebuild the landmarks instead;
    standardised: the same, of G only what differs between faces; warmup: detached for a third of the epochs,
    then G is fixed; variance: both sides, and a second loss keeps G's variance."""
    geometry_init: Literal["torch", "he"] = "torch"
    """First weights of the graph network: torch's own, which leave G nearly the same for all faces; he."""
    adjacency: Literal["gaussian", "inverse", "identity"] = "gaussian"
    """A of Eq. 3. gaussian: exp(−2d²/s²), s the face's size; inverse: 1/(1 + d/s); identity: none."""
    projection: Literal["factorised", "pooled", "full"] = "factorised"
    """W of Eq. 6. factorised: 1×1 convolution, then fully connected; pooled: mean over the map first; full:
    fully connected at once."""
    shuffled: bool = False
    """A control: each face is guided by another face's landmarks."""
    intensity_loss: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a second loss beside Eq. 2, the squared error of the soft readout; 0: none."""
    rare: Annotated[float, Field(ge=0)] = 0.0
    """The error of a map of intensity I counts 1 + rare·I times."""
    calibrate: bool = False
    """After the training, give each AU's intensities the mean and deviation of the training frames' codes."""
    max_subjects: Count | None = None
    """Train on so many of the training subjects, drawn by the seed; null: on all."""
    epochs: Count = 10
    """Passes over the training frames."""
    batch_size: Count = 16
    """Frames a step."""
    lr: Positive = 5e-4
    """Learning rate of Adam."""
    lr_geometry: Positive | None = None
    """Learning rate of the graph network; null: lr."""
    lr_projection: Positive | None = None
    """Learning rate of W; null: lr."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Weight decay of Adam."""
    schedule: Literal["step", "onecycle"] = "step"
    """step: a tenth of the learning rate from each milestone on; onecycle: up for 30 %, then down to 0."""
    milestones: list[Count] = [5]
    """Epochs at which step reduces the learning rate."""
    flip: bool = False
    """Mirror half of the faces."""
    shift: Annotated[float, Field(ge=0, lt=0.5)] = 0.0
    """Random translation, up to this share of the image."""
    precision: Literal["bf16", "fp32"] = "bf16"
    """Number format of the network's arithmetic."""

    @field_validator("backbone")
    @classmethod
    def _known(cls, name: str) -> str:
        if fault := backbone_fault(name):
            raise ValueError(fault)
        return name

    @model_validator(mode="after")
    def _can_be_trained(self) -> "Training":
        if self.calibrate and self.readout != "max":
            raise ValueError("calibrate: a line through the maxima of maps, it needs readout max")
        return self
