"""The options for the settings of a training, from their one definition."""

import argparse
import dataclasses
from collections.abc import Callable
from typing import Any

from g2rl.config.training import Settings, key
from g2rl.config.values import attribute_docs, choices, kinds, scalar, split_doc


def settings_options(parser: argparse.ArgumentParser) -> None:
    """One option for each setting of a training, with its meaning, choices and default."""
    for field in dataclasses.fields(Settings):
        kind = kinds(Settings)[field.name]
        option = "--" + key(field.name).replace("_", "-")
        meaning = split_doc(attribute_docs(Settings)[field.name])[""].rstrip(".").replace("%", "%%")
        more: dict[str, Any] = {"dest": field.name, "help": meaning}
        if field.default is None:
            more["help"] += "; default: not given"
        if kind is bool:
            parser.add_argument(option, action=argparse.BooleanOptionalAction, **more)
        elif isinstance(field.default, tuple):
            parser.add_argument(option, type=several(scalar(kind)), metavar="N,N,…", **more)
        elif choices(kind):
            parser.add_argument(option, type=scalar(kind), choices=choices(kind), **more)
        else:
            metavar = {int: "N", float: "X", str: "NAME"}[scalar(kind)]
            parser.add_argument(option, type=scalar(kind), metavar=metavar, **more)
        parser.set_defaults(**{field.name: field.default})


def read_settings(options: argparse.Namespace) -> Settings:
    """The settings that were given.

    Raises:
        SettingError: a value that a setting may not have.
    """
    return Settings(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Settings)})


def several(kind: type) -> Callable[[str], tuple]:
    """What reads ``8,4`` as a tuple."""
    return lambda text: tuple(kind(part) for part in text.split(",") if part)
