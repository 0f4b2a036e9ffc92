"""Validation errors of the configuration in one line each."""

import difflib
from typing import Any, get_args

from g2rl.config.training import Section


def explain_problem(problem: Any, root: type[Section]) -> str:
    """One pydantic error of a section in one line."""
    *parents, last = problem["loc"] or ("",)
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] == "extra_forbidden":
        known = _keys_at(root, parents)
        near = difflib.get_close_matches(str(last), known, n=1, cutoff=0)
        return f"{key}: unknown key, did you mean {near[0]!r}? Known here: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{key}: missing, it has to be given"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{key}: {message}, found {problem['input']!r}" if key else message


def _keys_at(root: type[Section], location: list[str | int]) -> list[str]:
    """The keys that the section at ``location`` may have, seen from ``root``."""
    section: Any = root
    for step in location:
        if isinstance(section, type) and issubclass(section, Section):
            fields = {field.alias or name: field for name, field in section.model_fields.items()}
            section = fields[str(step)].annotation
        else:  # a dictionary of sections: the step is the user's own name
            section = get_args(section)[-1]
        if get_args(section) and type(None) in get_args(section):  # Synthetic | None
            section = get_args(section)[0]
    return [field.alias or name for name, field in section.model_fields.items()]
