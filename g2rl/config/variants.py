"""Trainings that differ from the configured one in some keys: ablations, and G2RL+."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from g2rl.config.backbones import backbone_fault
from g2rl.config.messages import explain_problem
from g2rl.config.training import Settings, Training
from g2rl.config.values import fault, kinds
from g2rl.paths import PLUS

if TYPE_CHECKING:
    from g2rl.config.schema import Config

TRAINING = TypeAdapter(Training)


@dataclass(frozen=True)
class Variant:
    """The training of a variant, its σ and λ, and the name of what it is compared with."""

    training: Training
    sigma: float
    lambda_: float
    against: str


def variants(config: "Config") -> dict[str, Mapping[str, Any]]:
    """What the variants of the ablations change, by their names, G2RL+ among them."""
    plus = {} if config.plus is None else {PLUS: config.plus}
    return {**plus, **config.ablations.variants}


def resolve_variant(config: "Config", variant: str) -> Variant:
    """A variant with all its settings.

    Raises:
        ValueError: a key or a value that the configuration may not have.
    """
    changes = dict(variants(config)[variant])
    where = "plus" if variant == PLUS else f"ablations.variants.{variant}"
    sigma, weight = changes.pop("sigma", config.sigma), changes.pop("lambda", config.lambda_)
    against, known = changes.pop("against", "baseline"), ["baseline", "g2rl", *variants(config)]
    if against not in known:
        raise ValueError(f"{where}.against: {against!r} is none of {known}")
    for key, value, field in (("sigma", sigma, "sigma"), ("lambda", weight, "lam")):
        if problem := fault(value, kinds(Settings)[field]):
            raise ValueError(f"{where}.{key}: found {problem}")
    try:
        training = TRAINING.validate_python(asdict(config.training) | changes)
    except ValidationError as error:
        schema = TRAINING.json_schema()
        problems = (f"{where}.{explain_problem(problem, schema)}" for problem in error.errors())
        raise ValueError("; ".join(problems)) from None
    if problem := backbone_fault(training.backbone):
        raise ValueError(f"{where}.backbone: {problem}")
    return Variant(training, float(sigma), float(weight), against)
