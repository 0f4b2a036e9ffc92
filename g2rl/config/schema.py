"""The configuration: typed, validated whole before anything runs. The JSON schema is generated from it."""

import os
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from g2rl.action_units import parse_points
from g2rl.config.alignment import Alignment, Anchors, DetectorName, FaceScale
from g2rl.config.backbones import backbone_fault
from g2rl.config.method_settings import methods_fault
from g2rl.config.methods import PAPER
from g2rl.config.training import Count, Positive, Seed, Settings, Training
from g2rl.config.values import attribute_docs
from g2rl.config.variants import resolve_variant, variants
from g2rl.errors import InputError
from g2rl.paths import FOLDERS, PLUS
from g2rl.rendered import RENDERED, is_rendered

DOCS = attribute_docs(Settings)
Weight = Annotated[float, Field(gt=0, lt=1)]
File = Annotated[str, Field(min_length=1), AfterValidator(os.path.expanduser)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Overrides = dict[Name, Any]


class Section(BaseModel):
    """One level of the configuration: unknown keys are errors; docstrings below the keys describe them, with
    what the paper says (``Paper:``) and who uses which value (``Used by:``)."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


def _without_null(values: Any) -> Any:
    return {k: v for k, v in values.items() if v is not None} if isinstance(values, dict) else values


def _points(text: Any) -> str:
    try:
        parse_points(str(text))  # a single landmark is a number in YAML
    except InputError as error:
        raise ValueError(str(error)) from None
    return str(text)


Points = Annotated[str, BeforeValidator(_points)]


class Synthetic(Section):
    """The dataset is rendered by the workflow into ``root``."""

    frames: Count
    """Frames per sequence."""
    seed: Seed = 0
    """Same seed, same bytes."""
    sparse: bool = False
    """Labels as rare as DISFA's, 63 to 97 % of them 0; false: about half of them are."""
    varied: bool = False
    """People differ more, as in life: faces at rest, brows, beards."""


class Dataset(Section):
    """Raw videos and labels of one dataset, as they lie on disk."""

    layout: Literal["bp4d", "disfa", "disfa_right", "table", "people"]
    """How files are named below ``root``; see docs/datasets.md.

    Paper: camera of DISFA not specified
    Used by: disfa: the left camera, the one that was coded and that public code takes; disfa_right: the other
    """
    root: File
    """The folder that holds the dataset, as distributed."""
    sheet: File | None = None
    """TSV of sequence, subject and fold (the fold that tests this subject; 0: only ever trained on); layout
    table has its own.

    Paper: BP4D: subjects not listed; DISFA: three folds, subjects not listed
    Used by: bp4d.tsv: FERA 2015's split, the official one: odd subjects train, even ones are tested, one
    fold; disfa_folds_a.tsv: JAANet, ME-GraphAU, LibreFace, FG-Net; disfa_folds_b.tsv: Ntinou et al. 2021
    """
    start_from: Name | None = None
    """Its trainings start from the network that the same run made of this other dataset (of its first fold),
    all but the last convolution, instead of from ``weights``.

    Paper: not specified
    Used by: null: each dataset from ImageNet; a name: DISFA from BP4D's model, as JAA-Net
    """
    allow_faults: bool = False
    """Go on with a copy in which g2rl check finds errors; a sequence that one stops then has no frame."""
    synthetic: Synthetic | None = None
    """Render this dataset; leave it out for a dataset that exists."""


class Frames(Section):
    """Which frames are used."""

    max_gap: Annotated[int, Field(ge=0)] = 0
    """A frame with no face takes the last landmarks found, at most this many frames ago; 0: it is dropped.

    Paper: not specified
    Used by: 0: frames with no face are dropped, as in public lists; n: they take landmarks found up to n
    frames before
    """
    drop_partial: bool = False
    """Drop a frame if any of its AUs is not coded; false masks just those AUs.

    Paper: not specified
    Used by: BP4D's code 9: false masks that AU alone; true drops the frame, as some public code; reading it
    as intensity 0, as other code does, is an error
    """
    exclude_known_bad: bool = False
    """Leave out the frames of DISFA whose distributed landmarks are known to be wrong.

    Paper: not specified
    Used by: false: the first author's sibling project keeps wrongly landmarked frames; true leaves out 4,670
    frames of 13 videos
    """
    every: Count = 1
    """Of each sequence's coded frames use each n-th, in training and test; 1: all.

    Paper: not specified
    Used by: 1: most public code; n: neighbouring frames are near-duplicates, which some public code thins out
    """
    alignment: Anchors = Alignment.anchors
    """The landmarks that alignment brings to fixed places. eyes_nose: eye corners, bridge and base of the
    nose, by a similarity; nose_mouth: nose and outer lips, by a similarity; eyes_chin: outer eye corners and
    chin, by an affine transform; eyes: the centres of both eyes, by a similarity.

    Paper: “cropped and aligned to 256×256”
    Used by: eyes_nose: points that expressions hardly move; nose_mouth: the sibling project's “nose and mouth
    positions”, its anchors and template read off five published faces; eyes_chin: Sánchez-Lozano et al., BMVC
    2018; eyes: Trend-Aware Supervision
    """
    face_scale: FaceScale = Alignment.scale
    """Size of the aligned face, relative to the template's; less shows more of what is around it.

    Paper: not specified
    Used by: 1: outer eye corners 103 pixels apart (nose_mouth: 115; eyes_chin: 98)
    """
    detector: DetectorName = Alignment.detector
    """What finds faces and their 68 landmarks: dlib, whose landmark model excludes commercial use, or
    MediaPipe's networks (Apache-2.0), which also find turned, covered and small faces.

    Paper: not specified
    Used by: dlib; mediapipe: later tools
    """


class Compute(Section):
    """What one training or test may use. It changes how long they take, not which runs there are."""

    gpu: bool | Literal["auto"] = "auto"
    """Ask the scheduler for one GPU and train on it. true: stop where torch finds none; auto: there train on
    the CPU; false: always on the CPU."""
    threads: Count = 4
    """CPU threads."""

    @property
    def device(self) -> str:
        """The option of a command for ``gpu``."""
        return "--device=" + {False: "cpu", True: "cuda", "auto": "auto"}[self.gpu]


class Sweep(Section):
    """G2RL is also trained at these values; the other parameter keeps its default."""

    sigma: list[Positive] = []
    """Figure 6.

    Paper: Figure 6's list prints as 0.2 0.5 1 2 5 beside three radical signs
    Used by: √0.2 √0.5 1 2 √5: the one reading with three radical signs that holds the chosen 2
    """
    lambda_: Annotated[list[Weight], Field(alias="lambda")] = []
    """Figure 7.

    Paper: 0.005 0.01 0.05 0.1 0.5
    Used by: as printed
    """
    match_lambda: bool = False
    """Figure 6 a second time, with the λ at each σ that keeps the ratio of λ·L_G to (1 − λ)·L_S what it is at
    the default σ.

    Paper: not specified; at one λ the heatmaps' share of the loss falls 41-fold over Figure 6's σ
    Used by: false: λ as printed at every σ; true: both curves, twice the trainings
    """
    datasets: Annotated[list[str], Field(min_length=1)] | None = None
    """On these datasets alone; null: on all.

    Paper: not specified
    Used by: both datasets, every fold
    """


class Measures(Section):
    """How predictions are measured, and which values Table 1 shows."""

    rounded: bool = False
    """Round predictions to whole intensities before they are measured.

    Paper: not specified
    Used by: false: they are measured as predicted; true: some public code
    """
    aggregation: Literal["pooled", "fold_mean"] = "pooled"
    """The values of Table 1. pooled: of the test frames of all folds together; fold_mean: the means of the
    folds' values.

    Paper: not specified
    Used by: pooled: Ntinou et al. 2021; fold_mean: JAANet, and the public code of KJRE and BORMIR
    """
    neutral: bool = False
    """A further row of Table 1 for each trained method, calibrated to each test subject's neutral expression:
    less the 5th percentile of its own predictions for the subject, AU by AU. It takes no codes."""


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

    datasets: Annotated[dict[Name, Dataset], Field(min_length=1), BeforeValidator(_without_null)]
    """What to rebuild the table on; the name is the folder below ``results``. In a file laid over another,
    null takes a dataset of the other out."""
    results: File = "results"
    """The folder of all results, below the one where Snakemake runs (it may be a link to another disk). Each
    configuration needs its own: one that another has used is refused."""
    sigma: Annotated[Positive, Field(description=DOCS["sigma"])] = Settings.sigma
    lambda_: Annotated[Weight, Field(alias="lambda", description=DOCS["lam"])] = Settings.lam
    seeds: Annotated[list[Seed], Field(min_length=1)] = [Settings.seed]
    """Every run is trained once for each.

    Paper: not specified
    Used by: one run of each; several are averaged, and the table says how many
    """
    sweep: Sweep = Sweep()
    frames: Frames = Frames()
    weights: File = "imagenet"
    """Where the backbone starts: imagenet (timm's, downloaded), none (random), or a file of weights.

    Paper: ImageNet
    Used by: none: random; or a file of your own
    """
    training: Training = Training()
    au_centres: dict[Count, Points] = {}
    """Centres of further AUs, or other ones than the set ``training.centres`` has: AU → its points, such as
    7: 37+41 44+46. A point is the mean of landmarks (0-based) joined by +, moved down by the share of the
    inner-eye distance after @."""
    compute: Compute = Compute()
    methods: Annotated[list[Name], Field(min_length=2)] = [*PAPER]
    """The trained methods of Table 1: baseline, g2rl, and modules of g2rl/methods."""
    method_settings: dict[Name, Overrides] = {}
    """Method → the keys of the training, or of its own, that differ for it."""
    tools: dict[Literal["openface", "libreface", "pyfeat", "pyfaceau"], dict[Name, File]] = {}
    """Other tools' rows of Table 1: tool → dataset → folder of its CSV files, one SEQUENCE.csv each."""
    plus: Overrides | None = None
    """One more row of Table 1, G2RL+: the training keys that it changes; also lambda and sigma."""
    ablations: Ablations = Ablations()
    figure5_aus: Annotated[list[Count], Field(max_length=12)] = []
    """Figure 5 shows two of these AUs, those that vary most; none, or fewer than two coded: two of all.

    Paper: AU1 and AU2 of a subject of DISFA chosen at random
    """
    figure5_subjects: Annotated[int, Field(ge=1, le=4)] = 2
    """How many subjects Figure 5 shows, those whose codes of the two AUs vary most."""
    measures: Measures = Measures()
    resamples: Annotated[int, Field(ge=0)] = 1000
    """Bootstrap resamples of the subjects, for the 95 % intervals; 0: no intervals."""

    @model_validator(mode="after")
    def _consistent(self) -> "Config":
        self._check_lists()
        self._check_variants()
        if problem := methods_fault(self):
            raise ValueError(problem)
        self._check_files()
        if unknown := {name for folders in self.tools.values() for name in folders} - self.datasets.keys():
            raise ValueError(f"tools: {min(unknown)!r} is none of the datasets {sorted(self.datasets)}")
        for name, dataset in self.datasets.items():
            _check_dataset(name, dataset)
            self._check_start(name)
        return self

    def _check_start(self, name: str) -> None:
        """A start is another dataset, and in the end one that starts from ``weights``."""
        seen, start = [name], self.datasets[name].start_from
        while start is not None:
            if start not in self.datasets:
                known = sorted(self.datasets)
                raise ValueError(f"datasets.{seen[-1]}.start_from: {start!r} is none of the datasets {known}")
            if start in seen:
                raise ValueError(f"datasets.{name}.start_from: {' → '.join([*seen, start])} is a circle")
            seen.append(start)
            start = self.datasets[start].start_from

    def _check_lists(self) -> None:
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

    def _check_variants(self) -> None:
        if problem := backbone_fault(self.training.backbone):
            raise ValueError(f"training.backbone: {problem}")
        if taken := self.ablations.variants.keys() & {"baseline", "g2rl", PLUS}:
            raise ValueError(f"ablations.variants.{min(taken)}: the name is taken, give another")
        for name in variants(self):
            backbone = resolve_variant(self, name).training.backbone
            if backbone != self.training.backbone and self.weights not in ("imagenet", "none"):
                raise ValueError(
                    f"weights: {self.weights} is of {self.training.backbone}, but {name} has {backbone}"
                )

    def _check_files(self) -> None:
        if self.results != os.path.normpath(self.results) or self.results.startswith(("/", "..", ".")):
            raise ValueError(
                f"results: {self.results}: expected a folder below the one where Snakemake runs, such as "
                "results_b; for another disk make it a link"
            )
        places = {"weights": self.weights, "results": self.results}
        for name, dataset in self.datasets.items():
            places |= {f"datasets.{name}.root": dataset.root, f"datasets.{name}.sheet": dataset.sheet or ""}
        for key, place in places.items():
            if set("{}") & set(place):
                raise ValueError(
                    f"{key}: {place}: braces mean something else to Snakemake: rename it, or link to it"
                )


def _check_dataset(name: str, dataset: Dataset) -> None:
    if dataset.synthetic and dataset.layout not in ("bp4d", "disfa", "people"):
        raise ValueError(
            f"datasets.{name}.synthetic: layout {dataset.layout} cannot be rendered; bp4d, disfa, people can"
        )
    if dataset.sheet is None and dataset.layout != "table":
        raise ValueError(f"datasets.{name}.sheet: missing, only layout table has one of its own")
    if is_rendered(name) is not bool(dataset.synthetic):  # reports know rendered faces by the name
        raise ValueError(
            f"datasets.{name}: a rendered dataset's name starts with {RENDERED}, another's does not"
        )
    if name in FOLDERS:
        raise ValueError(f"datasets.{name}: results have a folder of that name, give another")
