"""The keys of the configuration as its JSON schema has them: what each may be, and what it means."""

from collections.abc import Iterator, Sequence
from typing import Any

Node = dict[str, Any]


def every_key(schema: Node, node: Node | None = None, prefix: str = "") -> Iterator[tuple[str, Node]]:
    """Every dotted key and its node, a section's keys in its place; ``NAME`` is a name of the user's own.

    A key that must be given has no ``default`` in its node.
    """
    for name, below in (node or schema)["properties"].items():
        inner, key = resolve(schema, below), f"{prefix}{name}"
        for named in inner.get("patternProperties", {}).values():
            if "properties" in (named := resolve(schema, named)):
                inner, key = named, f"{key}.NAME"
        if "properties" in inner:
            yield from every_key(schema, inner, f"{key}.")
        else:
            yield key, {**inner, **below}


def resolve(schema: Node, node: Node) -> Node:
    """The node that a reference means; of X or null, X."""
    while True:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rpartition("/")[2]]
        elif "anyOf" in node:
            node = node["anyOf"][0]
        else:
            return node


def known_keys(schema: Node, location: Sequence[str | int]) -> list[str]:
    """The keys that the section at ``location`` may have."""
    node = schema
    for step in location:
        below = node.get("properties", {}).get(step) or next(iter(node["patternProperties"].values()))
        node = resolve(schema, below)
    return list(node["properties"])
