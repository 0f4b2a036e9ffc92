"""The configuration: typed, validated whole before anything runs. The JSON schema is generated from it."""

import csv
import difflib
import json
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo

from g2rl.backbones import backbone_fault
from g2rl.files import InputError

Count = Annotated[int, Field(ge=1)]
Positive = Annotated[float, Field(gt=0)]
Weight = Annotated[float, Field(gt=0, lt=1)]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
File = Annotated[str, Field(min_length=1), AfterValidator(os.path.expanduser)]
PLUS = "g2rlplus"
OF_THE_MODULE = (
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


Changes = dict[Name, Any]


class Ablations(Section):
    """Other trainings to compare with the Baseline: snakemake ablations."""

    variants: dict[Name, Changes] = {}
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
    plus: Changes | None = None
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
            backbone = _changed(self, name)[0].backbone
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


@dataclass(frozen=True)
class Run:
    """One training of every fold of every dataset. λ = 0 is the baseline."""

    sigma: float
    lambda_: float
    seed: int
    variant: str = ""  # whose keys of the training it changes; PLUS is G2RL+

    @property
    def method(self) -> str:
        return self.variant if self.variant == PLUS else "g2rl" if self.lambda_ else "baseline"

    @property
    def name(self) -> str:
        """Its folder: ``baseline_sigma2_seed0``, ``g2rl_sigma2_lambda0.05_seed0``, or by what it changes,
        ``g2rl_sigma2_lambda0.05_detached_seed0``."""
        weight = f"_lambda{self.lambda_:g}" if self.lambda_ else ""
        change = f"_{self.variant}" if self.variant not in ("", PLUS) else ""
        return f"{self.method}_sigma{self.sigma:g}{weight}{change}_seed{self.seed}"


def variants(config: Config) -> dict[str, Changes]:
    """What the variants of the ablations change, by their names, G2RL+ among them."""
    plus = {} if config.plus is None else {PLUS: config.plus}
    return {**plus, **config.ablations.variants}


def _changed(config: Config, variant: str) -> tuple[Training, float, float, str]:
    """The training of a variant, its σ and λ, and what it is compared with.

    Raises:
        ValueError: a key or a value that the configuration may not have.
    """
    changes = dict(variants(config)[variant])
    where = "plus" if variant == PLUS else f"ablations.variants.{variant}"
    sigma, weight = changes.pop("sigma", config.sigma), changes.pop("lambda", config.lambda_)
    against, known = changes.pop("against", "baseline"), ["baseline", "g2rl", *variants(config)]
    if against not in known:
        raise ValueError(f"{where}.against: {against!r} is none of {known}")
    if not (isinstance(sigma, int | float) and sigma > 0):
        raise ValueError(f"{where}.sigma: expected a number greater than 0, found {sigma!r}")
    if not (isinstance(weight, int | float) and 0 <= weight < 1):
        raise ValueError(f"{where}.lambda: expected a number from 0 to less than 1, found {weight!r}")
    try:
        training = Training.model_validate(config.training.model_dump() | changes)
    except ValidationError as error:
        problems = [problem | {"loc": ("training", *problem["loc"])} for problem in error.errors()]
        told = (f"{where}.{_explain(problem).removeprefix('training.')}" for problem in problems)
        raise ValueError("; ".join(told)) from None
    return training, float(sigma), float(weight), against


def compared_with(config: Config) -> dict[str, str]:
    """What the variants are compared with that are not compared with the Baseline."""
    found = {name: _changed(config, name)[3] for name in variants(config)}
    return {name: other for name, other in found.items() if other != "baseline"}


def guided(config: Config, dataset: str) -> list[Run]:
    """The G2RL runs of Table 1 and along λ."""
    found = [run for run in runs(config, dataset) if run.lambda_ and not run.variant]
    return [run for run in found if run.sigma == config.sigma]


def ablated(config: Config) -> list[str]:
    """The datasets of the ablations."""
    return [name for name in config.datasets if name in (config.ablations.datasets or config.datasets)]


def ablation_runs(config: Config) -> dict[str, tuple[list[Run], list[Run]]]:
    """Each variant's runs, seed by seed, and those it is compared with: Baseline, G2RL, then the others."""
    settings = {"baseline": (config.sigma, 0.0, ""), "g2rl": (config.sigma, config.lambda_, "")}
    against = {"baseline": "baseline", "g2rl": "baseline"}
    for name in variants(config):
        _, sigma, weight, against[name] = _changed(config, name)
        settings[name] = (sigma, weight, name)
    every = {
        name: [Run(sigma, weight, seed, variant) for seed in config.ablations.seeds]
        for name, (sigma, weight, variant) in settings.items()
    }
    return {name: (every[name], every[other]) for name, other in against.items()}


def swept(config: Config) -> list[str]:
    """The datasets of Figures 6 and 7."""
    return [name for name in config.datasets if name in (config.sweep.datasets or config.datasets)]


def runs(config: Config, dataset: str | None = None) -> list[Run]:
    """The baseline, G2RL, and G2RL over σ and over λ, each once, seed by seed; of all datasets, or of one."""
    settings = [(config.sigma, 0.0), (config.sigma, config.lambda_)]
    if dataset is None or dataset in swept(config):
        settings += [(sigma, config.lambda_) for sigma in sorted(config.sweep.sigma)]
        settings += [(config.sigma, weight) for weight in sorted(config.sweep.lambda_)]
    every = [Run(*setting, seed) for seed in config.seeds for setting in settings]
    if config.plus is not None:
        _, sigma, weight, _ = _changed(config, PLUS)
        every += [Run(sigma, weight, seed, PLUS) for seed in config.seeds]
    return list({run.name: run for run in every}.values())


def sweep_runs(config: Config, parameter: Literal["sigma", "lambda"]) -> list[Run]:
    """The G2RL runs along one parameter, the default's among them: the points of Figure 6 or 7."""
    found = [run for run in runs(config) if run.lambda_ and not run.variant]
    if parameter == "sigma":
        return sorted((run for run in found if run.lambda_ == config.lambda_), key=lambda run: run.sigma)
    return sorted((run for run in found if run.sigma == config.sigma), key=lambda run: run.lambda_)


def flags(section: Section, leave_out: Collection[str] = ()) -> list[str]:
    """A section as command-line options, ``--key=value``, in the order of the keys above; null gives none."""
    options = []
    for key, value in section:
        if key in leave_out:
            continue
        option = "--" + key.strip("_").replace("_", "-")
        if isinstance(value, bool):
            options.append(option if value else option.replace("--", "--no-", 1))
        elif value is not None:
            text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
            options.append(f"{option}={text}")
    return options


def run_config(config: Config, run: Run) -> Config:
    """The configuration with the training of a run, which a variant changes."""
    if not run.variant:
        return config
    return config.model_copy(update={"training": _changed(config, run.variant)[0]})


def training_flags(config: Config, run: Run) -> list[str]:
    """The options of ``g2rl train`` that make a run; the Baseline's are without those of the module."""
    training = run_config(config, run).training
    return [
        f"--sigma={run.sigma:g}",
        f"--lambda={run.lambda_:g}",
        f"--seed={run.seed}",
        *flags(training, leave_out=() if run.lambda_ else OF_THE_MODULE),
        f"--device={'auto' if config.compute.gpu else 'cpu'}",
    ]


def parse(values: Mapping[str, Any], source: str) -> Config:
    """Validate a configuration.

    Args:
        source: the file or files it came from, for the message.

    Raises:
        InputError: naming the source, the key (dotted), what was found and what was expected; an unknown key
            with the nearest known one.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{source}: " + "; ".join(map(_explain, error.errors()))) from None


def _explain(problem: Any) -> str:
    """One pydantic error in one line."""
    *parents, last = problem["loc"] or ("",)
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        known = _keys_at(parents)
        near = difflib.get_close_matches(str(last), known, n=1, cutoff=0)
        return f"{key}: unknown key, did you mean {near[0]!r}? Known here: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{key}: missing, it has to be given"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message}, found {problem['input']!r}" if key else message


def _keys_at(location: list[str | int]) -> list[str]:
    """The keys that the section at ``location`` may have."""
    section: Any = Config
    for step in location:
        if isinstance(section, type) and issubclass(section, Section):
            fields = {field.alias or name: field for name, field in section.model_fields.items()}
            section = fields[str(step)].annotation
        else:  # a dictionary of sections: the step is the user's own name
            section = get_args(section)[-1]
        if get_args(section) and type(None) in get_args(section):  # Synthetic | None
            section = get_args(section)[0]
    return [field.alias or name for name, field in section.model_fields.items()]


def load(path: str | Path) -> Config:
    """Read and validate a YAML configuration.

    Raises:
        InputError: see ``parse``; or the file is missing or not YAML.
    """
    import yaml

    try:
        values = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(values, dict):
        raise InputError(f"{path}: expected keys and values, found {type(values).__name__}")
    return parse(values, str(path))


def schema() -> str:
    """The JSON schema of the configuration, for editors; committed as config/config.schema.json."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def keys_table() -> str:
    """Every key with its default and meaning as a Markdown table, for config/README.md."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for key, field in _every_key(Config, ""):
        required = "*required*" if field.is_required() else f"`{json.dumps(field.default)}`"
        meaning = " ".join((field.description or "").replace("``", "`").split())
        choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
        if not all(choice in meaning for choice in choices):
            meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
        lines.append(f"| `{key}` | {required} | {meaning} |")
    return "\n".join(lines) + "\n"


def _every_key(section: type[Section], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        key = prefix + (field.alias or name)
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_section(kind)]
        if not inner:
            yield key, field
        elif get_origin(field.annotation) is dict:
            yield from _every_key(inner[0], f"{key}.NAME.")
        else:
            yield from _every_key(inner[0], f"{key}.")


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def choices(config: Config) -> str:
    """The choices that the paper leaves open, with this configuration's values, as a Markdown table.

    Raises:
        InputError: the configuration has no dataset of a name that the table speaks of.
    """
    values, fields, lines = config.model_dump(by_alias=True), dict(_every_key(Config, "")), []
    with (files("g2rl") / "data/choices.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            value: Any = values
            for part in row["key"].split("."):
                if part not in value:
                    raise InputError(
                        f"choices: no {row['key']} in this configuration, give config/paper.yaml"
                    )
                value = value[part]
            shown = _shown(value)
            kind = fields[re.sub(r"^datasets\.\w+", "datasets.NAME", row["key"])].annotation
            options = (True, False) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()
            others = ", ".join(text for text in map(_shown, options) if text != shown)
            cells = [f"`{row['key']}`", shown, row["alternatives"] or others or "any"]
            cells += [row["paper"], row["others"]]
            lines.append(f"| {' | '.join(cells)} |")
    heads = ["key", "value", "alternatives", "the paper", "who does what"]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines]) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else json.dumps(value).strip('"')
