"""The configuration: typed, validated whole before anything runs. The JSON schema is generated from it."""

import os
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from g2rl.config.training import Count, Name, Positive, Section, Training
from g2rl.config.variants import Overrides, resolve_variant, variants
from g2rl.paths import PLUS

Weight = Annotated[float, Field(gt=0, lt=1)]


Seed = Annotated[int, Field(ge=0, lt=2**31)]


File = Annotated[str, Field(min_length=1), AfterValidator(os.path.expanduser)]


class Synthetic(Section):
    """The dataset is rendered by the workflow into ``root``."""

    frames: Count
    """Frames a sequence."""
    seed: Seed = 0
    """Same seed, same bytes."""


class Dataset(Section):
    """Raw videos and labels of one dataset, as they lie on disk."""

    layout: Literal["bp4d", "disfa", "disfa_right", "table"]
    """How files are named below ``root``; see docs/datasets.md."""
    root: File
    """The folder that holds the dataset, as distributed."""
    sheet: File | None = None
    """TSV of sequence, subject and fold (the fold that tests this subject; 0: only ever trained on); layout
    table has its own."""
    allow_faults: bool = False
    """Go on with a copy in which g2rl check finds errors; a sequence that one stops then has no frame."""
    synthetic: Synthetic | None = None
    """Render this dataset; leave it out for a dataset that exists."""


class Frames(Section):
    """Which frames are used."""

    max_gap: Annotated[int, Field(ge=0)] = 0
    """A frame with no face takes the last landmarks found, at most this many frames ago; 0: it is dropped."""
    drop_partial: bool = False
    """Drop a frame if any of its AUs is not coded; false masks just those AUs."""
    exclude_known_bad: bool = False
    """Leave out the frames of DISFA whose distributed landmarks are known to be wrong."""


class Compute(Section):
    """What one training or test may use. It changes how long they take, not which runs there are."""

    gpu: bool = True
    """Ask the scheduler for one GPU and train on it, or on the CPU where there is none; false: on the CPU."""
    threads: Count = 4
    """CPU threads."""


class Sweep(Section):
    """G2RL is also trained at these values; the other parameter keeps its default."""

    sigma: list[Positive] = []
    """Figure 6."""
    lambda_: Annotated[list[Weight], Field(alias="lambda")] = []
    """Figure 7."""
    datasets: Annotated[list[str], Field(min_length=1)] | None = None
    """On these datasets alone; null: on all."""


class Ablations(Section):
    """Other trainings to compare with the Baseline: snakemake ablations."""

    variants: dict[Name, Overrides] = {}
    """Name → the training keys that it changes; also lambda, sigma, and against: the variant that it is
    compared with, else the Baseline."""
    seeds: Annotated[list[Seed], Field(min_length=1)] = [0, 1, 2, 3, 4]
    """Each variant is trained once for each; the comparison pairs them."""
    datasets: Annotated[list[str], Field(min_length=1)] | None = None
    """On these datasets alone; null: on all."""
    folds: Annotated[list[Count], Field(min_length=1)] | None = None
    """On these folds alone; null: on all."""
    split: Literal["test", "validation"] = "test"
    """test: on the test subjects; validation: on training subjects that are held out, for choices."""


class Config(Section):
    """A whole rebuild: which datasets, which runs, which settings."""

    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    """What to rebuild the table on; the name is the folder below results/."""
    sigma: Positive = 2.0
    """σ of Eq. 1, in heatmap pixels."""
    lambda_: Annotated[Weight, Field(alias="lambda")] = 0.05
    """λ of Eq. 8; the baseline is the same training with λ = 0."""
    seeds: Annotated[list[Seed], Field(min_length=1)] = [0]
    """Every run is trained once for each."""
    sweep: Sweep = Sweep()
    frames: Frames = Frames()
    weights: File = "imagenet"
    """Where the backbone starts: imagenet (timm's, downloaded), none (random), or a file of weights."""
    training: Training = Training()
    compute: Compute = Compute()
    plus: Overrides | None = None
    """One more row of Table 1, G2RL+: the training keys that it changes; also lambda and sigma."""
    ablations: Ablations = Ablations()
    resamples: Annotated[int, Field(ge=0)] = 1000
    """Bootstrap resamples of the subjects, for the 95 % intervals; 0: no intervals."""

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        for name, values in (
            ("seeds", self.seeds),
            ("sweep.sigma", self.sweep.sigma),
            ("sweep.lambda", self.sweep.lambda_),
            ("ablations.seeds", self.ablations.seeds),
        ):
            if len({f"{value:g}" for value in values}) < len(values):
                raise ValueError(f"{name}: a value stands twice in {values}")
        for section in ("sweep", "ablations"):
            if unknown := set(getattr(self, section).datasets or ()) - self.datasets.keys():
                raise ValueError(
                    f"{section}.datasets: {min(unknown)!r} is none of the datasets {sorted(self.datasets)}"
                )
        if taken := self.ablations.variants.keys() & {"baseline", "g2rl", PLUS}:
            raise ValueError(f"ablations.variants.{min(taken)}: the name is taken, give another")
        for name in variants(self):
            backbone = resolve_variant(self, name)[0].backbone
            if backbone != self.training.backbone and self.weights not in ("imagenet", "none"):
                raise ValueError(
                    f"weights: {self.weights} is of {self.training.backbone}, but {name} has {backbone}"
                )
        places = {"weights": self.weights}
        for name, dataset in self.datasets.items():
            places |= {f"datasets.{name}.root": dataset.root, f"datasets.{name}.sheet": dataset.sheet or ""}
        for key, place in places.items():
            if set("{}") & set(place):
                raise ValueError(
                    f"{key}: {place}: braces mean something else to Snakemake: rename it, or link to it"
                )
        for name, dataset in self.datasets.items():
            if dataset.synthetic and dataset.layout not in ("bp4d", "disfa"):
                raise ValueError(
                    f"datasets.{name}.synthetic: layout {dataset.layout} cannot be rendered; bp4d, disfa can"
                )
            if dataset.sheet is None and dataset.layout != "table":
                raise ValueError(f"datasets.{name}.sheet: missing, only layout table has one of its own")
            # Table 1 tells rendered faces from real ones by it.
            if name.startswith("synthetic_") is not bool(dataset.synthetic):
                raise ValueError(
                    f"datasets.{name}: a rendered dataset's name starts with synthetic_, another's does not"
                )
        return self
