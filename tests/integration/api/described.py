"""Compares an answer of the API with what its description says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from padfleet.services.web.api.resources import OPERATIONS, SCHEMAS, Schema

TYPES: Final[dict[str, type | tuple[type, ...]]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
}


def differences(function: str, data: Any) -> list[str]:
    """Returns what the answer of this function has that is not described, or described otherwise.
    A value that is null is as good as described."""
    operation = OPERATIONS[function]
    if operation.by_name and isinstance(data, dict):
        each = SCHEMAS[operation.by_name]
        return [odd for name, value in data.items() for odd in _fields(name, value or {}, each)]
    if isinstance(data, dict):
        return list(_fields("data", data, operation.data or {}))
    return []  # null, or a plain text, for which there are no names


def _fields(place: str, data: dict[str, Any], described: dict[str, Schema]) -> Iterator[str]:
    for name, value in data.items():
        if name not in described:
            yield f"{place}.{name} is not described"
        else:
            yield from _value(f"{place}.{name}", value, described[name])


def _value(place: str, value: Any, schema: Schema) -> Iterator[str]:
    if value is None or not schema:
        return
    if (name := schema.get("$ref")) is not None:
        yield from _fields(place, value, SCHEMAS[name.rpartition("/")[2]])
        return
    kind = schema["type"]
    if not isinstance(value, TYPES[kind]) or (kind == "integer" and isinstance(value, bool)):
        yield f"{place} is {value!r}, and described as {kind}"
    elif isinstance(value, list):
        for each in value:
            yield from _value(place, each, schema["items"])
