"""This module reads the parameters of a call of the API from its body."""

from typing import Any
from urllib.parse import parse_qsl

from padfleet.shared.easysync import to_units
from padfleet.shared.wire.jsontext import BadJson, dumps, loads

MOST_FIELDS = 1000
"""The maximum number of fields in one call, and of values in one that comes as JSON. No call of
ours has more than ten, and the worker has to unpack all of them at once."""


MOST_STRUCTURE = 1_000
"""The maximum number of characters, as JSON, of a parameter that is not a string. None of ours is
more than a number."""


def read_fields(body: bytes, content_type: str) -> dict[str, Any]:
    """Returns the parameters, with strings in code units. Raises ValueError, with a text for the
    client, or OverflowError for a number that is too large to be answered."""
    if content_type == "application/json":
        try:
            given = loads(body, most=MOST_FIELDS) if body.strip() else {}
        except BadJson as error:
            raise ValueError(f"the body is not JSON: {error}") from None
        if not isinstance(given, dict):
            raise ValueError("the body is not a JSON object")
        for name, value in given.items():
            if not isinstance(value, str) and len(dumps(value)) > MOST_STRUCTURE:
                raise ValueError(f"{name[:50]} is no text, and too large for anything else")
        return {name: value for name, value in given.items() if value is not None}
    text = body.decode("utf-8", "replace")
    pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_FIELDS)
    return {to_units(name): to_units(value) for name, value in pairs}
