"""The schema file and the tables of keys and choices, written from the configuration's definition."""

import json
from typing import Any

from g2rl.config.keys import Node, every_key, resolve
from g2rl.config.schema import Config
from g2rl.config.values import split_doc
from g2rl.io.markdown import pipe_table


def schema() -> str:
    """The JSON schema of the configuration, for editors; committed as config/config.schema.json."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def keys_table() -> str:
    """Every key with its default and meaning as a Markdown table, for config/README.md."""
    rows = []
    for key, node in every_key(Config.model_json_schema()):
        default = f"`{json.dumps(node['default'])}`" if "default" in node else "*required*"
        meaning = split_doc(node["description"])[""].replace("``", "`")
        choices = [choice for choice in node.get("enum", ()) if isinstance(choice, str)]
        if not all(choice in meaning for choice in choices):
            meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
        rows.append([f"`{key}`", default, meaning])
    return _table(["key", "default", "meaning"], rows)


def choices(config: Config) -> str:
    """What the paper says of each key, with this configuration's values, as a Markdown table."""
    tree, values, rows = Config.model_json_schema(), config.model_dump(by_alias=True), []
    for key, node in every_key(tree):
        doc = split_doc(node["description"])
        if "Paper" in doc:
            found = _values(values, key.split("."))
            others = _alternatives(resolve(tree, node), found)
            rows.append([f"`{key}`", ", ".join(found), others, doc["Paper"], doc.get("Used by", "")])
    return _table(["key", "value", "alternatives", "the paper", "used by"], rows)


def _values(tree: Any, path: list[str]) -> list[str]:
    """The different values at a path; below NAME, of all names."""
    if not path:
        return [_text(tree)]
    name, *rest = path
    below = [tree[name]] if name != "NAME" else tree.values()
    return list(dict.fromkeys(text for each in below for text in _values(each, rest)))


def _alternatives(node: Node, found: list[str]) -> str:
    options = [True, False] if node.get("type") == "boolean" else node.get("enum", ())
    if options:
        return ", ".join(text for text in map(_text, options) if text not in found)
    signs = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    limits = [f"{sign} {node[name]:g}" for name, sign in signs.items() if name in node]
    return " ".join(["any", ", ".join(limits)]).strip()


def _text(value: Any) -> str:
    if isinstance(value, list | tuple):
        return " ".join(map(_text, value))
    return f"{value:g}" if isinstance(value, float) else json.dumps(value).strip('"')


def _table(heads: list[str], rows: list[list[str]]) -> str:
    return pipe_table(heads, "|---" * len(heads) + "|", rows) + "\n"
