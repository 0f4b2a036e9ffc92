"""The methods of Table 1, each a module of ``g2rl.methods``, read without importing it, which takes torch."""

import ast
import functools
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "methods"
PAPER = ("baseline", "g2rl")  # their runs are named by σ and λ


@dataclass(frozen=True)
class Method:
    """What a method's module declares.

    Attributes:
        title: its name in tables.
        settings: the keys of the training that it changes, and its own keys with their defaults.
    """

    title: str
    settings: Mapping[str, Any]


@functools.cache
def known_methods() -> dict[str, Method]:
    """By name, the paper's first: the modules with a ``TITLE``, and a ``SETTINGS`` if they have any."""
    found = {}
    for path in sorted(FOLDER.glob("*.py"), key=lambda path: (path.stem not in PAPER, path.stem)):
        constants = {}
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match node:
                case ast.Assign(targets=[ast.Name("TITLE" | "SETTINGS" as name)], value=value):
                    constants[name] = ast.literal_eval(value)
        if "TITLE" in constants:
            found[path.stem] = Method(constants["TITLE"], constants.get("SETTINGS", {}))
    return found
