"""This module says what a value of the chart may be: as JSON Schema, with its description and its
default. It is pure.

Each function makes one node. `default` is what values.yaml gives; the parts of a node that has
several have their own defaults.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from padfleet.shared.settings.ops import LAST_PORT

Schema = dict[str, Any]

QUANTITY: Final = r"^[0-9]+(\.[0-9]+)?(m|k|M|G|T|Ki|Mi|Gi|Ti)?$"
NAME: Final = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$"
"""Of an object in Kubernetes, or nothing."""
KEY: Final = r"^[-._a-zA-Z0-9]+$"


def text(description: str, default: str = "", pattern: str = "") -> Schema:
    node: Schema = {"description": description, "type": "string", "default": default}
    return {**node, "pattern": pattern} if pattern else node


def name(description: str, default: str = "") -> Schema:
    """Makes a node for the name of an object, or nothing."""
    return text(description, default, NAME)


def key(description: str, default: str) -> Schema:
    """Makes a node for a key of a Secret."""
    return text(description, default, KEY)


def ports(description: str, *default: int) -> Schema:
    one: Schema = {"type": "integer", "minimum": 1, "maximum": LAST_PORT}
    return several(description, one, default)


def choice(description: str, *words: str) -> Schema:
    """Makes a node for one of several words; the first one is the default."""
    return {"description": description, "enum": list(words), "default": words[0]}


def switch(description: str, default: bool) -> Schema:
    return {"description": description, "type": "boolean", "default": default}


def whole(description: str, default: int, least: int, most: int | None = None) -> Schema:
    node = {"description": description, "type": "integer", "default": default, "minimum": least}
    return node if most is None else {**node, "maximum": most}


def fraction(description: str, default: float, least: float, most: float) -> Schema:
    node: Schema = {"description": description, "type": "number", "default": default}
    return {**node, "minimum": least, "maximum": most}


def quantity(description: str, default: str) -> Schema:
    """Makes a node for an amount as Kubernetes writes it: 500m, 256Mi. It may be a plain number."""
    node = {"description": description, "type": ["string", "number"], "default": default}
    return {**node, "pattern": QUANTITY}


def quantities(description: str, **default: str) -> Schema:
    """Makes a node for amounts of several things: cpu, memory, ephemeral-storage."""
    amount = {"type": ["string", "number"], "pattern": QUANTITY}
    node = {"description": description, "type": "object", "default": default}
    return {**node, "additionalProperties": amount}


def several(description: str, of: Schema, default: Sequence[Any] = ()) -> Schema:
    node: Schema = {"description": description, "type": "array", "default": list(default)}
    return {**node, "items": of}


def labels(description: str, default: Mapping[str, str] | None = None) -> Schema:
    """Makes a node for names with texts: labels, annotations, selectors."""
    node: Schema = {"description": description, "type": "object", "default": dict(default or {})}
    return {**node, "additionalProperties": {"type": "string"}}


def as_kubernetes(description: str, kind: str = "object") -> Schema:
    """Makes a node for what is passed on unchanged, and checked by Kubernetes."""
    if kind == "array":
        return several(description, {"type": "object"})
    return {"description": description, "type": kind, "default": {}}


def group(description: str, **parts: Schema) -> Schema:
    """Makes a node for values under one name. Any other value is refused."""
    return {
        "description": description,
        "type": "object",
        "additionalProperties": False,
        "properties": parts,
    }


def default_of(node: Schema) -> Any:
    if "default" in node:
        return node["default"]
    return {name: default_of(part) for name, part in node["properties"].items()}


def leaves(node: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Returns each value that has a default, by its path: `fanout.replicas`."""
    if "default" in node:
        yield path, node
        return
    for name, part in node["properties"].items():
        yield from leaves(part, f"{path}.{name}" if path else name)


def comments(node: Schema, indent: str = "") -> Iterator[str]:
    """Returns the lines of values.yaml, each value below its description."""
    for name, part in node["properties"].items():
        yield from (f"{indent}# {line}" for line in wrapped(part["description"], 98 - len(indent)))
        if "default" in part:
            yield f"{indent}{name}: {json.dumps(part['default'], ensure_ascii=False)}"
        else:
            yield f"{indent}{name}:"
            yield from comments(part, f"{indent}  ")
        if not indent:
            yield ""


def wrapped(words: str, width: int) -> list[str]:
    return textwrap.wrap(words, width, break_on_hyphens=False, break_long_words=False)
