"""Annotated dataclasses without pydantic: is a value of its type and range, and what do docstrings say?"""

import ast
import functools
import inspect
import operator
import re
import textwrap
from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from g2rl.errors import InputError

# A constraint of annotated_types by its attribute: whether a value meets it, and how it is worded.
_LIMITS = {
    "gt": (operator.gt, "greater than {}"),
    "ge": (operator.ge, "{} or more"),
    "lt": (operator.lt, "less than {}"),
    "le": (operator.le, "{} or less"),
    "multiple_of": (lambda value, limit: value % limit == 0, "a multiple of {}"),
    "min_length": (lambda value, limit: len(value) >= limit, "{} or more values"),
    "max_length": (lambda value, limit: len(value) <= limit, "{} or fewer values"),
}
_LARGEST = 1e300  # beyond it a number is taken as infinite
_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text"}


class SettingError(InputError, ValueError):
    """A value that a setting may not have. A ValueError too: pydantic adds the key and the file."""


def kinds(record: type) -> Mapping[str, Any]:
    """The annotated type of each attribute of a dataclass."""
    return get_type_hints(record, include_extras=True)


def scalar(kind: Any) -> type:
    """The type of a value, or of each of several: int of ``tuple[Annotated[int, Ge(1)], ...] | None``."""
    while arguments := get_args(kind):
        kind = arguments[0]
    return kind if isinstance(kind, type) else type(kind)


def choices(kind: Any) -> tuple[Any, ...]:
    """The values of a Literal; () of another type."""
    return get_args(kind) if get_origin(kind) is Literal else ()


def fault(value: Any, kind: Any) -> str:
    """What was found and expected if ``value`` is not of the annotated type ``kind``; else ""."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return fault(value, arguments[0]) or _beyond(value, arguments[1:])
    if type(None) in arguments:  # X | None
        return "" if value is None else fault(value, arguments[0])
    if origin is tuple and isinstance(value, tuple):
        return next(filter(None, (fault(each, arguments[0]) for each in value)), "")
    if origin is Literal:
        expected = "" if value in arguments else f"one of {', '.join(map(str, arguments))}"
    else:
        expected = "a list" if origin is tuple else _other_than(value, kind)
    return f"{value!r}, expected {expected}" if expected else ""


def _other_than(value: Any, kind: type) -> str:
    """What was expected if a value is not of a plain type; True is no number, and no number is not finite."""
    if isinstance(value, bool) or kind is bool:
        fits = isinstance(value, bool) and kind is bool
    else:
        fits = isinstance(value, (int, float) if kind is float else kind)
        fits = fits and (kind is not float or -_LARGEST < value < _LARGEST)
    return "" if fits else _NAMES[kind]


def _beyond(value: Any, constraints: tuple[Any, ...]) -> str:
    for constraint in constraints:
        ((name, limit),) = asdict(constraint).items()
        holds, words = _LIMITS[name]
        if not holds(value, limit):
            return f"{value!r}, expected {words.format(limit)}"
    return ""


@functools.cache
def attribute_docs(record: type) -> Mapping[str, str]:
    """The docstring below each attribute of a class and of those it inherits from, from its source."""
    docs: dict[str, str] = {}
    for part in reversed(record.__mro__[:-1]):
        (source,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
        for statement, below in pairwise(getattr(source, "body", ())):
            match statement, below:
                case ast.AnnAssign(target=ast.Name(name)), ast.Expr(ast.Constant(str(text))):
                    docs[name] = inspect.cleandoc(text)
    return docs


def split_doc(text: str) -> dict[str, str]:
    """A docstring's meaning (under ""), ``Paper`` and ``Used by``, each on one line."""
    meaning, *parts = re.split(r"^(Paper|Used by): ", text, flags=re.MULTILINE)
    found = {"": meaning, **dict(zip(parts[::2], parts[1::2], strict=True))}
    return {name: " ".join(part.split()) for name, part in found.items()}
