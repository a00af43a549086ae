"""Reads recordings of a real Etherpad and real browsers, if they lie beside this repository."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pytest

from tests.fleet import ROOT

FOLDER = ROOT.parent / "shared" / "wire"

Message = dict[str, Any]


@cache
def _session() -> list[dict[str, Any]]:
    file = FOLDER / "etherpad-session.jsonl"
    if not file.is_file():
        pytest.skip("the recording is not beside this repository")
    return [json.loads(line) for line in file.read_text().splitlines()]


def recorded(direction: str, kind: str) -> list[Message]:
    """Returns the messages of this type as they went over the wire; ``dir`` is "c2s" or "s2c"."""
    found = []
    for line in _session():
        payload = line.get("payload")
        if line.get("dir") == direction and line.get("sio") == "EVENT" and payload:
            message = payload[1]
            data = message.get("data")
            types = [message.get("type"), data.get("type") if isinstance(data, dict) else None]
            if isinstance(data, dict) and isinstance(data.get("payload"), dict):
                types.append(data["payload"].get("type"))
            if kind in types:
                found.append(message)
    return found


def form(value: Any) -> Any:
    """Returns the keys, in their order, and types of a JSON value, which messages of the same kind
    about different things have in common."""
    if isinstance(value, dict):
        return [(name, form(inner)) for name, inner in value.items()]
    if isinstance(value, list):
        return [form(inner) for inner in value[:1]]
    return type(value).__name__
