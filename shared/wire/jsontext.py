"""JSON for code-unit strings, in which a lone surrogate is a character like any other.

Etherpad's texts are sequences of UTF-16 code units, and half a pair can be left over (backspace
after an emoji). JSON can say so (``"\\ud83d"``), UTF-8 cannot, and Python's `json` lets either
through in a form that the other side may refuse.

All JSON of strangers is read here. Whatever it holds is either a value that every later step can
go through, write again and store, or a `BadJson`, which is a ValueError: Python's own reader raises
RecursionError where text is nested deeply, at a depth that depends on who calls it, and lets
through what breaks those that walk the value afterwards.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from padfleet.shared.easysync import from_units, to_units

_SURROGATE = re.compile("[\ud800-\udfff]")
_MAY_HOLD_ASTRAL = re.compile("[\U00010000-\U0010ffff]|\\\\u[dD][89abAB]")

_STRINGS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)

MEMBERS_AT_ONCE = 500
UNITS_AT_ONCE = 100_000
"""How much `dumps_in_pieces` writes at once: 2 ms."""

MOST_DEEP = 64
"""Arrays and objects within each other. What Etherpad and its plugins send has seven or so."""

_EXACT_DIGITS = 15
"""Every whole number of so many digits is exact in JavaScript, and ours to keep as it is."""

_LARGEST_EXACT = (1 << 53) - 1


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


def is_long(value: Any) -> bool:
    """Whether it takes milliseconds to write. To find out takes some microseconds at most."""
    return _room_after(value, UNITS_AT_ONCE) < 0


def _room_after(value: Any, room: int) -> int:
    """How much of it is left when this has been written; below zero: it is not enough."""
    if isinstance(value, str):
        return room - len(value)
    if not isinstance(value, dict | list | tuple):
        return room
    room -= len(value) * (UNITS_AT_ONCE // MEMBERS_AT_ONCE)
    for member in value.values() if isinstance(value, dict) else value:
        if room < 0:
            break
        room = _room_after(member, room)
    return room


def dumps_in_pieces(value: Any) -> str:
    """As `dumps`, with a moment for other threads after each part: what `is_long` would keep the
    whole process waiting if it were written at once."""
    if not is_long(value):
        return dumps(value)
    match value:
        case str():
            return f'"{"".join(_text_in_pieces(value))}"'
        case dict():
            return f"{{{','.join(_members_in_pieces(list(value.items()), dict))}}}"
    return f"[{','.join(_members_in_pieces(value, list))}]"


def _text_in_pieces(text: str) -> Iterator[str]:
    at = 0
    while at < len(text):
        end = at + UNITS_AT_ONCE
        while "\ud800" <= text[end - 1 : end] <= "\udbff":
            end += 1  # a pair is one character
        yield dumps(text[at:end])[1:-1]
        at = end


def _members_in_pieces(
    members: Iterable[Any], kind: type[dict[str, Any] | list[Any]]
) -> Iterator[str]:
    """Those that are long by themselves, and the others some hundreds at a time."""
    together: list[Any] = []
    room = UNITS_AT_ONCE
    for member in members:
        name, value = member if kind is dict else (None, member)
        left = _room_after([value], room)
        if left < 0 and together:
            yield dumps(kind(together))[1:-1]
            together, room = [], UNITS_AT_ONCE
            left = _room_after([value], room)
        if left < 0:
            text = dumps_in_pieces(value)
            yield text if name is None else f"{dumps(name)}:{text}"
        else:
            together.append(member)
            room = left
    if together:
        yield dumps(kind(together))[1:-1]


def loads(text: str | bytes, *, deepest: int = MOST_DEEP, most: int | None = None) -> Any:
    """The value, with code-unit strings.

    `deepest` bounds how many arrays and objects may stand within each other. A whole number that
    JavaScript could not hold exactly is a float, as it is there.
    `most` bounds how many values there may be in all: what a megabyte of them takes to read, to go
    through and to write again is half a second. Raises `BadJson`.
    """
    try:
        source = text if isinstance(text, str) else text.decode()
        if most is not None and _has_more(source, most):
            raise BadJson(f"more than {most:,} values")
        value = _DECODER.decode(source)
    except RecursionError:
        raise BadJson("nested too deeply") from None
    except ValueError as error:
        raise BadJson(str(error)) from None
    # There cannot be more levels than brackets, and most messages have few.
    if source.count("[") + source.count("{") > deepest and _is_deeper(value, deepest):
        raise BadJson(f"nested too deeply: more than {deepest} levels")
    # Most messages hold nothing beyond the basic plane; then the strings are right as they are.
    # The first two tests see that in a tenth of the time of the search.
    if (source.isascii() and "\\u" not in source) or not _MAY_HOLD_ASTRAL.search(source):
        return value
    return _split(value)


def _has_more(source: str, most: int) -> bool:
    """Without reading it: a value begins the text, an array, an object, or follows a comma."""
    if source.count(",") + source.count("[") + source.count("{") < most:
        return False
    if source.count('"') - source.count('\\"') > 4 * most:
        return True  # texts and names, of which a value has two at most
    bare = _STRINGS.sub("", source)  # texts may have as many of these as they like
    return bare.count(",") + bare.count("[") + bare.count("{") >= most


def _is_deeper(value: Any, deepest: int) -> bool:
    """Level by level, so that it takes no stack."""
    level = [value] if isinstance(value, list | dict) else []
    for _ in range(deepest):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, list | dict)
        ]
        if not level:
            return False
    return True


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


def _whole(digits: str) -> int | float:
    """In JavaScript all numbers are doubles. Larger ones would be whole numbers here and nowhere
    else, and what stores them has room for 64 bits."""
    if len(digits) <= _EXACT_DIGITS:
        return int(digits)
    value = _finite(digits)
    return int(digits) if abs(value) <= _LARGEST_EXACT else value


# Made once: `json.loads` and `json.dumps` with such options make a new one for each call.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
