"""TODO: one line."""

from dataclasses import dataclass

from g2rl.action_units import MAPS
from g2rl.errors import InputError
from g2rl.network import heatmaps as hm
from g2rl.network.model import ADJACENCY, GEOMETRY_INIT, GUIDANCE, PROJECTIONS

LARGEST = 1024  # side of an image or a heatmap, pixels: a model file from elsewhere may claim any


SCHEDULES = ("step", "onecycle")


NAMES = {  # of a setting → what it may be
    "amplitude": hm.AMPLITUDES,
    "readout": hm.READOUTS,
    "maps": MAPS,
    "guidance": GUIDANCE,
    "geometry_init": GEOMETRY_INIT,
    "adjacency": ADJACENCY,
    "projection": PROJECTIONS,
    "schedule": SCHEDULES,
    "precision": ("bf16", "fp32"),
}


@dataclass(frozen=True)
class Settings:
    """Everything that decides a trained network, besides the frames. Defaults are the paper's.

    Raises:
        InputError: a value that cannot be trained with.
    """

    sigma: float = 2.0  # Eq. 1, heatmap pixels
    lam: float = 0.05  # Eq. 8; 0 is the Baseline
    seed: int = 0
    backbone: str = "resnet50.tv_in1k"
    image_size: int = 256
    stride: int = 32  # of the backbone's feature map that the deconvolutions take
    channels: tuple[int, ...] = (256, 256, 256)  # of the deconvolutions
    centres: str = "default"  # AU locations, g2rl.au.CENTRES
    maps: str = "point"  # one heatmap an AU point, or an AU
    amplitude: str = "eq1"
    readout: str = "max"  # of a heatmap's intensity, g2rl.heatmaps.READOUTS
    guidance: str = "literal"
    geometry_init: str = "torch"
    adjacency: str = "gaussian"
    projection: str = "factorised"
    shuffled: bool = False  # a control: L_G sees another face's landmarks
    intensity_loss: float = 0.0  # weight of the squared error of the soft readout beside L_S; 0 in the paper
    rare: float = 0.0  # a map's error counts 1 + rare·I times; 0 in the paper
    calibrate: bool = False  # after the training, see the function
    max_subjects: int | None = None  # train on so many of the subjects, drawn by the seed; None: on all
    epochs: int = 10
    batch_size: int = 16
    lr: float = 5e-4
    lr_geometry: float | None = None  # of the graph network; None: lr
    lr_projection: float | None = None  # of W; None: lr
    weight_decay: float = 0.0
    schedule: str = "step"
    milestones: tuple[int, ...] = (5,)  # epochs at which "step" divides the learning rate by 10
    flip: bool = False  # mirror half of the faces
    shift: float = 0.0  # random translation, up to this share of the image
    precision: str = "bf16"

    def __post_init__(self) -> None:
        if self.image_size % 32:
            raise InputError(
                f"image_size {self.image_size}: expected a multiple of 32, the backbone's stride"
            )
        if max(self.image_size, self.map_size) > LARGEST or min(self.image_size, self.map_size) < 1:
            raise InputError(
                f"image_size {self.image_size}, heatmaps of {self.map_size} pixels: expected 1 to {LARGEST}"
            )
        if self.sigma <= 0 or not 0 <= self.lam < 1:
            raise InputError(f"sigma {self.sigma}, lambda {self.lam}: expected sigma > 0 and 0 <= lambda < 1")

        for name, known in NAMES.items():
            if (value := getattr(self, name)) not in known:
                raise InputError(f"{name} {value!r}: expected one of {', '.join(known)}")
        if self.calibrate and self.readout != "max":
            raise InputError("calibrate: a line through the maxima of maps: expected readout max")

    @property
    def map_size(self) -> int:
        return self.image_size // self.stride * 2 ** len(self.channels)
