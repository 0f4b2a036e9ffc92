"""Configurations read from YAML and validated, or refused in one line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from g2rl.config.messages import explain_problem
from g2rl.config.schema import Config
from g2rl.errors import InputError


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
        schema = Config.model_json_schema()
        problems = "; ".join(explain_problem(problem, schema) for problem in error.errors())
        raise InputError(f"{source}: {problems}") from None


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
