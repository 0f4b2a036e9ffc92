"""Validation errors of the configuration in one line each."""

from typing import Any

from g2rl.config.keys import Node, known_keys
from g2rl.errors import did_you_mean

UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


def explain_problem(problem: Any, schema: Node) -> str:
    """One pydantic error in one line; ``schema``: the JSON schema of what was validated."""
    *parents, last = problem["loc"] or ("",)
    key = ".".join(map(str, problem["loc"]))
    if problem["type"] in UNKNOWN:
        known = known_keys(schema, parents)
        return f"{key}: unknown key{did_you_mean(str(last), known)} Known here: {', '.join(known)}"
    if problem["type"] == "missing":
        return f"{key}: missing, it has to be given"
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "value_error" and isinstance(problem["input"], dict):  # of a whole section
        return f"{key}: {message}" if key else message
    return f"{key}: {message}, found {problem['input']!r}" if key else message
