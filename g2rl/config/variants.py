"""Trainings that differ from the configured one in some keys: ablations, and G2RL+."""

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from g2rl.config.messages import explain_problem
from g2rl.config.training import Name, Training
from g2rl.paths import PLUS

if TYPE_CHECKING:
    from g2rl.config.schema import Config

Overrides = dict[Name, Any]


def variants(config: "Config") -> dict[str, Overrides]:
    """What the variants of the ablations change, by their names, G2RL+ among them."""
    plus = {} if config.plus is None else {PLUS: config.plus}
    return {**plus, **config.ablations.variants}


def resolve_variant(config: "Config", variant: str) -> tuple[Training, float, float, str]:
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
        problems = (f"{where}.{explain_problem(problem, Training)}" for problem in error.errors())
        raise ValueError("; ".join(problems)) from None
    return training, float(sigma), float(weight), against
