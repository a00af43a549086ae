"""JSON for code-unit strings, in which a lone surrogate is a character like any other.

Etherpad's texts are sequences of UTF-16 code units, and half a pair can be left over (backspace
after an emoji). JSON can say so (``"\\ud83d"``), UTF-8 cannot, and Python's `json` lets either
through in a form that the other side may refuse.
"""

import json
import math
import re
from typing import Any, NoReturn

from shared.easysync import from_units, to_units

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAY_HOLD_ASTRAL = re.compile("[\U00010000-\U0010ffff]|\\\\u[dD][89abAB]")


class BadJson(ValueError):
    """The text is no JSON, or none that we read: NaN and Infinity are JavaScript, not JSON."""


def dumps(value: Any) -> str:
    """Compact JSON that can be encoded as UTF-8 whatever is in it.

    Pairs come out as the characters that they stand for, a lone surrogate as its escape.
    """
    text = _ENCODER.encode(value)
    if text.isascii():
        return text
    # Strings are the only places in JSON with such characters, so an escape is right anywhere.
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", from_units(text))


def loads(text: str | bytes) -> Any:
    """The value, with code-unit strings. Raises `BadJson`."""
    try:
        source = text if isinstance(text, str) else text.decode()
        value = _DECODER.decode(source)
        # Most messages hold nothing beyond the basic plane; then the strings are right as they are.
        # The first two tests see that in a tenth of the time of the search.
        if (source.isascii() and "\\u" not in source) or not _MAY_HOLD_ASTRAL.search(source):
            return value
        return _split(value)
    except RecursionError:  # `_split` gets less deep than the decoder does
        raise BadJson("nested too deeply") from None
    except ValueError as error:
        raise BadJson(str(error)) from None


def _split(value: Any) -> Any:
    match value:
        case str():
            return to_units(value)
        case list():
            return [_split(item) for item in value]
        case dict():
            return {to_units(key): _split(item) for key, item in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise BadJson(f"{constant} is not JSON")


def _finite(number: str) -> float:
    """1e999 is good JSON, but becomes an infinity, which could not be written again."""
    value = float(number)
    if math.isinf(value):
        raise BadJson(f"{number[:20]} is too large")
    return value


# Made once: `json.loads` and `json.dumps` with such options make a new one for each call.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
