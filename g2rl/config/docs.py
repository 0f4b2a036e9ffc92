"""TODO: one line."""

import csv
import json
import re
from collections.abc import Iterator
from importlib.resources import files
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from g2rl.config.schema import Config
from g2rl.config.training import Section
from g2rl.errors import InputError


def schema() -> str:
    """The JSON schema of the configuration, for editors; committed as config/config.schema.json."""
    return json.dumps(Config.model_json_schema(), indent=2, ensure_ascii=False) + "\n"


def keys_table() -> str:
    """Every key with its default and meaning as a Markdown table, for config/README.md."""
    lines = ["| key | default | meaning |", "|---|---|---|"]
    for key, field in _every_key(Config, ""):
        required = "*required*" if field.is_required() else f"`{json.dumps(field.default)}`"
        meaning = " ".join((field.description or "").replace("``", "`").split())
        choices = [choice for choice in get_args(field.annotation) if isinstance(choice, str)]
        if not all(choice in meaning for choice in choices):
            meaning += f" One of {', '.join(f'`{choice}`' for choice in choices)}."
        lines.append(f"| `{key}` | {required} | {meaning} |")
    return "\n".join(lines) + "\n"


def _every_key(section: type[Section], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        key = prefix + (field.alias or name)
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_section(kind)]
        if not inner:
            yield key, field
        elif get_origin(field.annotation) is dict:
            yield from _every_key(inner[0], f"{key}.NAME.")
        else:
            yield from _every_key(inner[0], f"{key}.")


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)


def choices(config: Config) -> str:
    """The choices that the paper leaves open, with this configuration's values, as a Markdown table.

    Raises:
        InputError: the configuration has no dataset of a name that the table speaks of.
    """
    values, fields, lines = config.model_dump(by_alias=True), dict(_every_key(Config, "")), []
    with (files("g2rl") / "resources/choices.tsv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream, delimiter="\t"):
            value: Any = values
            for part in row["key"].split("."):
                if part not in value:
                    raise InputError(
                        f"choices: no {row['key']} in this configuration, give config/paper.yaml"
                    )
                value = value[part]
            shown = _shown(value)
            kind = fields[re.sub(r"^datasets\.\w+", "datasets.NAME", row["key"])].annotation
            options = (True, False) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()
            others = ", ".join(text for text in map(_shown, options) if text != shown)
            cells = [f"`{row['key']}`", shown, row["alternatives"] or others or "any"]
            cells += [row["paper"], row["others"]]
            lines.append(f"| {' | '.join(cells)} |")
    heads = ["key", "value", "alternatives", "the paper", "who does what"]
    return "\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *lines]) + "\n"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else json.dumps(value).strip('"')
