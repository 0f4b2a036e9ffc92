"""Every hyper-parameter once: type, range, choices, default, meaning, and what the paper says of it.

From here follow the schema of the configuration, the options of ``g2rl train``, the tables of
config/README.md and docs/choices.md, and the checks of a configuration, a command line and a model file.
The docstring below a key is its help; ``Paper:`` is what the paper says and ``Used by:`` who uses which
value, both for docs/choices.md. A changed docstring reruns nothing.
"""

from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen, MultipleOf

from g2rl.config.values import fault, kinds
from g2rl.errors import InputError

Count = Annotated[int, Ge(1)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Seed = Annotated[int, Ge(0), Lt(2**31)]

# The keys that only a guided training (λ > 0) reads: the Baseline does not depend on them.
GEOMETRY_KEYS = (
    "guidance",
    "geometry_init",
    "adjacency",
    "projection",
    "permute_landmarks",
    "lr_geometry",
    "lr_projection",
)


class SettingError(InputError, ValueError):
    """A value that a setting may not have. A ValueError too: pydantic adds the key and the file."""


@dataclass(frozen=True, kw_only=True)
class Training:
    """The network and its training: the section ``training`` of the configuration. Defaults are the paper's.

    Raises:
        SettingError: a value of another type, out of its range, or none of its choices.
    """

    __pydantic_config__: ClassVar = {
        "extra": "forbid",
        "use_attribute_docstrings": True,
        "allow_inf_nan": False,
    }

    backbone: str = "resnet50.tv_in1k"
    """A timm model name.

    Paper: ResNet-50
    Used by: timm's name of torchvision's first weights, those of 2020; any other of timm
    """
    image_size: Annotated[int, Ge(32), Le(256), MultipleOf(32)] = 256
    """Side of the images in pixels; aligned faces (256) are reduced to it.

    Paper: 256
    Used by: heatmaps are a quarter of it
    """
    stride: Literal[8, 16, 32] = 32
    """Stride of the backbone's feature map that the deconvolutions take; 32 is its last.

    Paper: not specified
    Used by: 32: the last feature map, SimpleBaselines; 16 for small images, with two deconvolutions
    """
    channels: Annotated[tuple[Count, ...], MinLen(1), MaxLen(5)] = (256, 256, 256)
    """Channels of each deconvolution; each doubles the resolution.

    Paper: three deconvolutions, channels not given
    Used by: 256 256 256: SimpleBaselines, 34.0 M parameters with 12 heatmaps; 256 128 64: the sibling project
    """
    centres: Literal["default", "libreface", "fgnet", "jaanet"] = "default"
    """Where the AUs lie among the landmarks.

    Paper: drawn (Figure 2), no coordinates
    Used by: default: the sibling project's where it shows them, the rest after JAANet; libreface: of that
    project, every AU of both datasets; fgnet, jaanet: of these projects, neither AU5 nor AU20
    """
    maps: Literal["point", "au"] = "point"
    """One heatmap per point of an AU (point), or per AU with all its points on it (au).

    Paper: K heatmaps, most AUs in pairs (Figure 2)
    Used by: point: the sibling project, 10 heatmaps for BP4D, 24 for DISFA; au: K heatmaps, both points of a
    pair on one
    """
    amplitude: Literal["eq1", "intensity"] = "eq1"
    """Height of a heatmap: eq1, I/(2πσ²) as written; intensity, I.

    Paper: Eq. 1: I/(2πσ²); at test time the heatmap's maximum
    Used by: eq1: as written, and the maximum times 2πσ²; intensity: height I, LibreFace; the sibling
    project's heatmaps are 255·I high
    """
    decoding: Literal["max", "soft"] = "max"
    """How an intensity is decoded from a heatmap: max, its maximum; soft, a mean weighted by a softmax.

    Paper: Î is the maximum of the heatmap
    Used by: max: as written; soft: a smooth maximum, for intensity_loss
    """
    guidance: Literal["joint", "detached", "standardised", "warmup", "variance"] = "joint"
    """joint: Eq. 6 trains both its sides; detached: G learns to reconstruct the landmarks instead;
    standardised: as detached, of G only what differs between faces; warmup: detached for a third of the
    epochs, then G is frozen; variance: both sides, and a second loss keeps G's variance.

    Paper: Eq. 6 is minimised over both its sides; nothing keeps G and W from 0
    Used by: joint: as written, G is nearly constant across faces (collapsed) in our runs; detached: G
    reconstructs the landmarks and is the target, near the fixed target of Ning et al. 2017; standardised: of
    G only what differs between faces; warmup: after a third of the epochs G is frozen; variance: after VICReg
    """
    geometry_init: Literal["torch", "he"] = "torch"
    """First weights of the graph network: torch's own, which leave G nearly the same for all faces; he.

    Paper: not specified
    Used by: torch: its own first weights, with which G starts next to constant; he: He et al. 2015
    """
    adjacency: Literal["gaussian", "inverse", "identity"] = "gaussian"
    """A of Eq. 3. gaussian: exp(−2d²/s²), s the face's size; inverse: 1/(1 + d/s); identity: none.

    Paper: “determined by the Euclidean distances”, no formula
    Used by: gaussian: exp(−2d²/s²), s the face's size; inverse: 1/(1 + d/s); identity: a control, no
    neighbours
    """
    projection: Literal["factorised", "pooled", "full"] = "factorised"
    """W of Eq. 6. factorised: 1×1 convolution, then fully connected; pooled: mean over the map first; full:
    fully connected at once.

    Paper: “a linear projection”
    Used by: factorised: 1×1 convolution to 8 channels, then fully connected over the flattened maps, after
    Ning et al. 2017; full: 268 M weights; pooled: without the layout of the face
    """
    permute_landmarks: bool = False
    """A control: each face is guided by another face's landmarks.

    Paper: no such control
    Used by: false; true: a control, every face is guided by another face's landmarks
    """
    intensity_loss: NotNegative = 0.0
    """Weight of a second loss beside Eq. 2, the squared error of the soft decoding; 0: none.

    Paper: no such loss
    Used by: 0; more: squared error of the soft decoding beside Eq. 2
    """
    high_intensity_weight: NotNegative = 0.0
    """w: the error of a heatmap of intensity I counts 1 + w·I times.

    Paper: all heatmaps count alike
    Used by: 0; more: high intensities count more
    """
    calibrate: bool = False
    """After the training, give each AU's intensities the mean and deviation of the training frames' codes.

    Paper: no such step
    Used by: false; true: each AU's intensities get the mean and deviation of the training codes, by an affine
    correction in the last convolution
    """
    max_subjects: Count | None = None
    """Train on this many of the training subjects, drawn by the seed; if not given, on all.

    Paper: all
    Used by: null: all training subjects
    """
    epochs: Count = 10
    """Passes over the training frames.

    Paper: not specified
    Used by: 10: the sibling project; the last epoch's weights are taken, none is chosen on test data
    """
    batch_size: Count = 16
    """Frames per step.

    Paper: not specified
    Used by: 16: the sibling project
    """
    lr: Positive = 5e-4
    """Learning rate of Adam.

    Paper: Adam, 5e-4
    Used by: as printed
    """
    lr_geometry: Positive | None = None
    """Learning rate of the graph network; if not given, lr.

    Paper: not specified
    Used by: null: as lr
    """
    lr_projection: Positive | None = None
    """Learning rate of W; if not given, lr.

    Paper: not specified
    Used by: null: as lr
    """
    weight_decay: NotNegative = 0.0
    """Weight decay of Adam.

    Paper: not specified
    Used by: 0; the sibling project: 1e-5
    """
    schedule: Literal["step", "onecycle"] = "step"
    """step: a tenth of the learning rate from each milestone on; onecycle: up for 30 %, then down to 0.

    Paper: not specified
    Used by: step: the sibling project divides by 10 once
    """
    milestones: tuple[Count, ...] = (5,)
    """Epochs at which step reduces the learning rate.

    Paper: not specified
    Used by: 5: the sibling project
    """
    flip: bool = False
    """Mirror half of the faces.

    Paper: not specified
    Used by: false: the sibling project augments nothing
    """
    shift: Annotated[float, Ge(0), Lt(0.5)] = 0.0
    """Random translation, up to this share of the image.

    Paper: not specified
    Used by: 0: the sibling project augments nothing
    """
    precision: Literal["bf16", "fp32"] = "bf16"
    """Number format of the network's arithmetic.

    Paper: not specified
    Used by: fp32 was usual in 2020; bf16 is several times faster
    """

    def __post_init__(self) -> None:
        allowed = kinds(type(self))
        for field in fields(self):
            if problem := fault(getattr(self, field.name), allowed[field.name]):
                raise SettingError(f"{key(field.name)}: {problem}")
        if self.calibrate and self.decoding != "max":
            raise SettingError("calibrate: corrects the maxima of heatmaps: expected decoding max")

    @property
    def map_size(self) -> int:
        """Side of the heatmaps in pixels."""
        return self.image_size // self.stride * 2 ** len(self.channels)


@dataclass(frozen=True, kw_only=True)
class Settings(Training):
    """All that decides a trained network besides the frames: the keys above, and what runs differ in."""

    sigma: Positive = 2.0
    """σ of Eq. 1, in heatmap pixels.

    Paper: 2, in pixels of the 64×64 heatmaps
    Used by: as printed
    """
    lam: Annotated[float, Ge(0), Lt(1)] = 0.05
    """λ of Eq. 8; the Baseline is the same training with λ = 0.

    Paper: 0.05
    Used by: as printed
    """
    seed: Seed = 0
    """Of the first weights, the order of the batches and the augmentation."""
    au_centres: str = ""
    """Centres of AUs, before those of the set ``centres``: such as 7: 37+41 44+46, 12: 48 54. A point is the
    mean of landmarks (0-based) joined by +, moved down by the share of the inner-eye distance after @."""


def key(name: str) -> str:
    """A field's key in the configuration and on the command line: ``lambda`` is a word of Python."""
    return "lambda" if name == "lam" else name
