"""Every hyper-parameter once: type, range, choices, default, meaning, and what the paper says of it.

From here follow the schema of the configuration, the options of ``g2rl train``, the tables of
config/README.md and docs/choices.md, and the checks of a configuration, a command line and a model file.
The docstring below a key is its help; ``Paper:`` is what the paper says and ``Used by:`` who uses which
value, both for docs/choices.md. A changed docstring reruns nothing.
"""

from dataclasses import dataclass, fields
from typing import Annotated, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen, MultipleOf

from g2rl.config.values import SettingError, fault, kinds

Count = Annotated[int, Ge(1)]
Positive = Annotated[float, Gt(0)]
NotNegative = Annotated[float, Ge(0)]
Seed = Annotated[int, Ge(0), Lt(2**31)]


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
    input_scaling: Literal["imagenet", "mean", "unit"] = "imagenet"
    """Values of the images: imagenet, ImageNet's mean and deviation; mean, less ImageNet's mean; unit, 0–1.

    Paper: not specified
    Used by: imagenet: as timm's weights were trained; mean: the sibling project; unit: its later version in
    PyTorch
    """
    landmark_channel: bool = False
    """Φ(X, P) of Eq. 7 read literally: the landmarks, drawn as a fourth channel of the image, are an input of
    the network, at test time too.

    Paper: Eq. 7 writes Φ(X, P), Eq. 2 Φ(X); at test time the module and P are not needed
    Used by: false; true: Eq. 7 to the letter, against the paper's test time
    """
    deconv_std: Positive = 0.001
    """Standard deviation of the deconvolutions' first weights, normally distributed.

    Paper: not specified
    Used by: 0.001: SimpleBaselines; 0.01: the sibling project, truncated at two deviations
    """
    head_init: Literal["normal", "msra"] = "normal"
    """First weights of the last convolution: normal, of standard deviation 0.001; msra, He et al. 2015.

    Paper: not specified
    Used by: normal: SimpleBaselines; msra: the sibling project
    """
    bn_momentum: Annotated[float, Gt(0), Le(1)] = 0.1
    """Share of a new batch in batch norm's running statistics: 1 less their decay.

    Paper: not specified
    Used by: 0.1: PyTorch; 0.01: the sibling project, a decay of 0.99
    """
    freeze_bn: bool = False
    """The backbone's batch norms keep their first statistics, scale and shift.

    Paper: not specified
    Used by: false: the sibling project trains them; true: usual with small batches; needs pretrained weights
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
    amplitude: Literal["eq1", "intensity", "intensity255"] = "eq1"
    """Height of a heatmap: eq1, I/(2πσ²) as written; intensity, I; intensity255, 255·I.

    Paper: Eq. 1: I/(2πσ²); at test time the heatmap's maximum
    Used by: eq1: as written, and the maximum times 2πσ²; intensity: LibreFace, the maximum itself
    is the intensity; intensity255: the sibling project
    """
    heatmap_reduction: Literal["sum", "mean"] = "sum"
    """L_S of an image: the sum over maps and pixels, or their mean.

    Paper: Eq. 2: a squared L2 norm, called mean squared error
    Used by: sum: as written; mean: the sibling project, the mean over batch, maps and pixels
    """
    geometry_reduction: Literal["sum", "mean"] = "sum"
    """L_G of an image: the sum over the 256 numbers, or their mean.

    Paper: Eq. 6: a squared L2 norm
    Used by: sum: as written; mean: what the sibling project does with its own loss
    """
    decoding: Literal["max", "soft"] = "max"
    """How an intensity is decoded from a heatmap: max, its maximum; soft, a mean weighted by a softmax.

    Paper: Î is the maximum of the heatmap
    Used by: max: as written; soft: a smooth maximum, for intensity_loss
    """
    au_from_points: Literal["mean", "max", "first"] = "mean"
    """An AU's intensity from those of its points: their mean, the largest, or the first one's.

    Paper: not specified
    Used by: mean: the first author's later code; max, first: alternatives
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
    geometry: Literal["trained", "frozen", "zero", "constant", "intensities"] = "trained"
    """G of Eq. 6. trained: the graph network; as controls: frozen, with its first weights; zero; constant,
    one random vector; intensities, a fixed function of the codes.

    Paper: Eq. 3–5, trained with the rest
    Used by: trained; the others are controls: what L_G does without geometry, or with the best of targets
    """
    geometry_init: Literal["torch", "he", "glorot"] = "torch"
    """First weights of the graph network: torch's own, which leave G nearly the same for all faces; he;
    glorot, with biases of 0.

    Paper: not specified
    Used by: torch: its own; he: He et al. 2015; glorot: TensorFlow's default, Glorot & Bengio 2010
    """
    geometry_bias: bool = True
    """The weights W of the graph convolutions have a bias.

    Paper: Eq. 3: ReLU(A F W), no bias
    Used by: true: PyTorch's default; false: Eq. 3 to the letter, and the sibling project's graph layers
    """
    geometry_relu: bool = False
    """G is the ReLU of the last fully connected layer, so never negative.

    Paper: Eq. 5: Fc(Fc(Fc(Conv(F)))), activations not specified
    Used by: false; true: TensorFlow's default for fully connected layers
    """
    landmark_units: Literal["normalised", "pixels"] = "normalised"
    """P as the graph network sees it: normalised, half the image is 1 and its middle 0; pixels, 0–255.

    Paper: not specified
    Used by: normalised; pixels: the coordinates as they come, which makes L_G larger by orders of magnitude
    """
    adjacency: Literal["gaussian", "inverse", "identity", "knn"] = "gaussian"
    """A of Eq. 3. gaussian: exp(−2d²/s²), s the face's size; inverse: 1/(1 + d/s); identity: none; knn: 1 for
    the seven nearest, itself among them.

    Paper: “determined by the Euclidean distances”, no formula
    Used by: gaussian: exp(−2d²/s²), s the face's size; inverse: 1/(1 + d/s); identity: a control, no
    neighbours; knn: the sibling project
    """
    dynamic_adjacency: bool = False
    """A of every layer from the distances of its own input features, not of the landmarks alone.

    Paper: A carries the layer's index in Eq. 3; determined by the distances between the landmarks
    Used by: false: one A; true: the sibling project, whose graph is computed again in every layer
    """
    projection: Literal["factorised", "pooled", "full", "none"] = "factorised"
    """W of Eq. 6. factorised: 1×1 convolution, then fully connected; pooled: mean over the map first; full:
    fully connected at once; none: M itself, for a G of zero.

    Paper: “a linear projection”
    Used by: factorised: 1×1 convolution to 8 channels, then fully connected over the flattened maps, after
    Ning et al. 2017; full: 268 M weights; pooled: without the layout of the face; none: with a G of zero
    the plain penalty ‖M‖²
    """
    projection_channels: Count = 8
    """Channels of the 1×1 convolution of the factorised W.

    Paper: not specified
    Used by: 8: 8.4 M weights; more: nearer to the full W
    """
    projection_init: Literal["torch", "he", "glorot"] = "torch"
    """First weights of W.

    Paper: not specified
    Used by: torch: its own; he: He et al. 2015; glorot: TensorFlow's default
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
    adam_eps: Positive = 1e-8
    """ε of Adam, which bounds how far small gradients are scaled up.

    Paper: not specified
    Used by: 1e-8: PyTorch and TensorFlow
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
    jitter: Annotated[float, Ge(0), Lt(0.5)] = 0.0
    """Random rotation, up to this many radians, and change of size, up to this share.

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
        if self.geometry != "trained" and self.guidance != "joint":
            raise SettingError(
                f"guidance: trains the graph network: expected joint with geometry {self.geometry}"
            )
        if self.projection == "none" and self.geometry != "zero":
            raise SettingError("projection: none leaves W×M as long as M: expected geometry zero")

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
