"""A module's source: a hash of its syntax, the names it imports and its strings, without running it."""

import ast
import functools
import hashlib
from dataclasses import dataclass
from importlib.util import resolve_name
from typing import Any

# Functions that reach a module or a package by its name, as in find_spec("anny").
BY_NAME = frozenset({"import_module", "find_spec", "files", "distribution", "version"})
# Nodes that hold a name to import or a string; all others are only hashed.
READ = frozenset({ast.Import, ast.ImportFrom, ast.Call, ast.Constant})


@dataclass(frozen=True)
class Source:
    """A module, without its comments, docstrings, form, and what is under ``if TYPE_CHECKING:``.

    Attributes:
        digest: 16 hex digits of the SHA-256 of its syntax.
        imports: absolute names; ``a.b`` and ``a.b.c`` of ``from a.b import c``.
    """

    digest: str
    imports: frozenset[str]
    strings: frozenset[str]


@functools.cache
def read_source(source: bytes, parent: str) -> Source:
    """Read a module of the package ``parent``. Cached: closures overlap."""
    text, nodes = _effective(ast.parse(source))
    imports = {name for node in nodes for name in _imports(node, parent)}
    strings = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return Source(digest, frozenset(imports), frozenset(strings))


def _imports(node: ast.AST, parent: str) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = resolve_name("." * node.level + (node.module or ""), parent)
        return [base, *(f"{base}.{alias.name}" for alias in node.names)]
    if isinstance(node, ast.Call) and node.args and _name(node.func) in BY_NAME:
        first = node.args[0]
        if isinstance(first, ast.Constant) and isinstance(first.value, str):
            return [resolve_name(first.value, parent)]
    return []


def _effective(tree: ast.Module) -> tuple[str, list[ast.AST]]:
    """What has an effect: as text, and its nodes of the kinds ``READ``.

    Left out are positions, docstrings and what is for types only. Not ``ast.dump``, whose text changes
    between Python versions, as they add fields that older code leaves empty.
    """
    text: list[str] = []
    nodes: list[ast.AST] = []

    def write(value: Any) -> None:  # by type, without isinstance: Snakemake waits for this at every start
        kind: Any = type(value)
        if kind is str:
            text.append(repr(value))
        elif kind is list:
            text.append("[")
            for item in value:
                write(item)
            text.append("]")
        elif kind is ast.Expr and type(value.value) is ast.Constant:
            pass  # a docstring, or another bare constant
        elif kind is ast.If and _name(value.test) == "TYPE_CHECKING":
            for item in value.orelse:
                write(item)
        elif (fields := _fields(kind)) is not None:
            if kind in READ:
                nodes.append(value)
            text.append(kind.__name__)
            for field in fields:
                content = getattr(value, field, None)
                if content is not None and content != []:
                    text.append(field)
                    write(content)
            text.append(".")
        else:
            text.append(repr(value))

    write(tree.body)
    return " ".join(text), nodes


@functools.cache
def _fields(kind: type) -> tuple[str, ...] | None:
    """Names of a kind of node's fields that have an effect; None of what is no node."""
    if not issubclass(kind, ast.AST):
        return None
    return tuple(name for name in kind._fields if name not in ("ctx", "kind"))


def _name(node: ast.expr) -> str:
    """The last part of a name such as ``importlib.util.find_spec``, "" of another expression."""
    return getattr(node, "attr", getattr(node, "id", ""))
