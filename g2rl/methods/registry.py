"""Methods by their names, imported when they are asked for."""

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from g2rl.config.method_settings import own_settings
from g2rl.config.methods import known_methods
from g2rl.errors import InputError, did_you_mean
from g2rl.network.description import KEY
from g2rl.network.model_file import read_model

if TYPE_CHECKING:
    import torch

    from g2rl.network.description import FaceModel


def load_method(name: str) -> ModuleType:
    """The module of a method.

    Raises:
        InputError: there is none of that name.
    """
    if name not in (known := known_methods()):
        raise InputError(f"method {name!r}: none of {', '.join(known)}{did_you_mean(name, known)}")
    return import_module(f"g2rl.methods.{name}")


def read_own_settings(name: str | None, given: Sequence[str]) -> dict[str, Any]:
    """The method's own settings, its defaults but for texts such as ``weight=0.5``, of the default's type.

    Raises:
        InputError: the method has no such setting, or the text is no such value.
    """
    declared = own_settings(name) if name in known_methods() else {}
    found = dict(declared)
    for text in given:
        key, _, value = text.partition("=")
        try:
            found[key] = type(declared[key])(value)
        except (KeyError, ValueError):
            raise InputError(f"--method-setting {text}: method {name} has {declared}") from None
    return found


def read_trained(path: Path, device: "torch.device") -> "FaceModel":
    """Read the model of any method.

    Raises:
        InputError: it is none; see ``read_model``.
    """
    name = method_of(path)
    return load_method(name).read(path, device) if name else read_model(path, device)


def method_of(path: Path) -> str:
    """The method whose model this is; "" of a heatmap network, and of what is no model."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            description = json.loads((file.metadata() or {}).get(KEY, "{}"))
    except (OSError, ValueError, SafetensorError):
        return ""
    return str(description.get("method", "")) if isinstance(description, dict) else ""
