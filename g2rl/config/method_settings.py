"""The training of each method of Table 1: the configuration's as the method changes it, and its own keys."""

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from g2rl.config.methods import PAPER, known_methods
from g2rl.config.training import Training
from g2rl.errors import did_you_mean

if TYPE_CHECKING:
    from g2rl.config.schema import Config


def own_settings(name: str) -> dict[str, Any]:
    """The keys that are the method's own, not the training's, with their defaults."""
    training = {field.name for field in fields(Training)}
    return {key: value for key, value in known_methods()[name].settings.items() if key not in training}


def resolve_method(config: "Config", name: str) -> tuple[Training, dict[str, Any]]:
    """The training of a method, and its own settings: the configuration's, as the method changes them, as
    ``method_settings`` change them."""
    values = {**known_methods()[name].settings, **config.method_settings.get(name, {})}
    own = {key: type(default)(values.pop(key)) for key, default in own_settings(name).items()}
    return Training(**asdict(config.training) | values), own


def methods_fault(config: "Config") -> str:
    """What is wrong with the keys ``methods`` and ``method_settings``; "" if nothing is."""
    known = known_methods()
    for name in config.methods:
        if name not in known:
            return f"methods: {name!r} is none of {', '.join(known)}{did_you_mean(name, [*known])}"
    if missing := [name for name in PAPER if name not in config.methods]:
        return f"methods: {missing[0]} is missing: figures and claims are of baseline and g2rl"
    if len(set(config.methods)) < len(config.methods):
        return f"methods: one stands twice in {config.methods}"
    for name, changes in config.method_settings.items():
        if name not in config.methods or name in PAPER:
            return f"method_settings.{name}: expected one of methods beside baseline and g2rl"
        allowed = {field.name for field in fields(Training)} | own_settings(name).keys()
        if unknown := sorted(changes.keys() - allowed):
            near = did_you_mean(unknown[0], sorted(allowed))
            return f"method_settings.{name}.{unknown[0]}: no key of the training or of this method{near}"
        try:
            resolve_method(config, name)
        except ValueError as error:
            return f"method_settings.{name}: {error}"
    return ""
