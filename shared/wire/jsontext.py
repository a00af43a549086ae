"""This module reads and writes JSON for code-unit strings, in which a lone surrogate is a character
like any other.

Etherpad's texts are sequences of UTF-16 code units, in which half a surrogate pair can be left over
(after a backspace behind an emoji). JSON can represent it (``"\\ud83d"``), UTF-8 cannot, and
Python's `json` writes either in a form that the other side may refuse.

All JSON from strangers is read here. The result is either a value that every later step can
process, write again and store, or a `BadJson`, which is a ValueError. Python's own reader raises
RecursionError for deeply nested text, at a depth that depends on the caller's stack, and accepts
values that break the code which processes them afterwards.

Reading JSON costs 20 ns for each character and 1 to 3 µs for each value, whatever the value is, and
nothing else runs meanwhile: not in another thread either, since the reader never lets go of the
interpreter. So wherever a stranger's text is read in a process with sockets, `most` limits how many
values it may have, and they are counted before anything is read. A test lists the modules that read
without a limit, and says whose text it is.
"""

import json
import json.scanner
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

from padfleet.shared.easysync import from_units, to_units
from padfleet.shared.easysync.utf16 import is_broken, paired

_ESCAPED_HALF = re.compile(r"\\u[dD][89abAB]")

MEMBERS_AT_ONCE = 500
UNITS_AT_ONCE = 100_000
"""How many code units `dumps_in_pieces` writes at once, which takes 2 ms. A member counts as much
as `UNITS_AT_ONCE / MEMBERS_AT_ONCE` units."""

MOST_VALUES = 8_000
"""How many values one message of a stranger may have. This many take 20 ms of the event loop on the
way from the text to a writer's inbox. Messages from pages have a few hundred at most, whatever is
pasted, since a text is a single value."""

FEW_VALUES = 100
"""A text with no more commas and brackets than this is not looked at more closely."""

MOST_DEEP = 64
"""The maximum depth of nested arrays and objects. What Etherpad and its plugins send is about seven
levels deep."""

_EXACT_DIGITS = 15
"""Every whole number with at most this many digits is exact in JavaScript, and can be kept as it
is."""

_LARGEST_EXACT = (1 << 53) - 1


class BadJson(ValueError):
    """The text is not JSON, or is JSON that we do not accept. NaN and Infinity are JavaScript, not
    JSON."""


def dumps(value: Any) -> str:
    """Returns compact JSON that can always be encoded as UTF-8.

    Surrogate pairs become the characters that they stand for, and a lone surrogate becomes its
    escape. In a text with a thousand lone ones or more, pairs become escapes, too.
    """
    text = _ENCODER.encode(value)
    if text.isascii():
        return text
    whole = paired(text)
    if whole is not None:
        return whole
    # Strings are the only places in JSON with such characters, so an escape is right anywhere. If
    # many halves are alone, pairs are escaped, too, since it would take long to tell them apart.
    joined = text if is_broken(text) else from_units(text)
    return joined.encode(errors="backslashreplace").decode()


def is_long(value: Any) -> bool:
    """Returns whether writing the value takes milliseconds. Checking this takes some microseconds
    at most."""
    return _room_after(value, UNITS_AT_ONCE) < 0


def _room_after(value: Any, room: int) -> int:
    """Returns how much of `room` is left after writing the value. It is negative if there is not
    enough room."""
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
    """Returns what `dumps` returns, but lets other threads run after each part. Writing a long
    value (see `is_long`) at once would keep the whole process waiting."""
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
    """Yields the JSON of the members: of each long one by itself, and of the others some hundreds
    at a time."""
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


def loads(
    text: str | bytes, *, deepest: int = MOST_DEEP, most: int | None = None, in_pieces: bool = False
) -> Any:
    """Returns the value, with code-unit strings. A whole number that JavaScript cannot hold exactly
    becomes a float, as it does in JavaScript.

    Arguments:
        deepest: the maximum depth of nested arrays and objects.
        most: the maximum number of values altogether; none for a text that is our own, or that is
            read in a process that nobody waits for. A megabyte of values takes a second.
        in_pieces: lets other threads run meanwhile, which takes three times as long. It is for
            long texts, in a thread.

    Raises `BadJson`.
    """
    try:
        source = text if isinstance(text, str) else text.decode()
        if most is not None:
            values_in(source, most)
        value = (_DECODER_IN_PIECES if in_pieces else _DECODER).decode(source)
    except RecursionError:
        raise BadJson("nested too deeply") from None
    except ValueError as error:
        raise BadJson(str(error)) from None
    # There cannot be more levels than opening brackets, and most messages have few.
    if source.count("[") + source.count("{") > deepest and _is_deeper(value, deepest):
        raise BadJson(f"nested too deeply: more than {deepest} levels")
    return _split(value) if _may_hold_astral(source) else value


def _may_hold_astral(source: str) -> bool:
    """Returns whether a string may hold something beyond the basic plane. Most messages do not,
    and their strings are right as they are. One pattern for both forms would take 30 ms for a
    megabyte of escapes, and this takes 5."""
    if "\\u" in source and _ESCAPED_HALF.search(source):
        return True
    return not source.isascii() and len(source.encode("utf-16-le", "surrogatepass")) > 2 * len(
        source
    )


def values_in(source: str, most: int) -> int:
    """Returns how many values the text has if it is JSON, without reading it. A value begins the
    text, an array or an object, or follows a comma. Raises `BadJson` if there are more than
    `most`."""
    values = _marks(source)
    if values > FEW_VALUES:
        # Strings and names: a value has at most two of them, and each has two quotation marks.
        values = (source.count('"') - source.count('\\"')) // 4
        if values <= most:
            # Commas and brackets inside strings do not count.
            values = _marks(_without_strings(source))
    if values > most:
        raise BadJson(f"more than {most:,} values")
    return values


def _without_strings(source: str) -> str:
    """Returns the JSON without what is in its strings. A regular expression that reads strings
    takes 10 ms for a megabyte, and this takes 2."""
    if "\\" in source:
        # Where a backslash is escaped itself, it does not escape what follows.
        source = source.replace("\\\\", "").replace('\\"', "")
    return "".join(source.split('"')[::2])


def _marks(source: str) -> int:
    return 1 + source.count(",") + source.count("[") + source.count("{")


def _is_deeper(value: Any, deepest: int) -> bool:
    """Returns whether the value is nested more deeply. It goes level by level, so that it needs no
    recursion."""
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
    kind = type(value)  # they are exactly these; a `match` takes twice as long
    if kind is str:
        return value if value.isascii() else to_units(value)
    if kind is list:
        return [_split(item) for item in value]
    if kind is dict:
        return {to_units(key): _split(item) for key, item in value.items()}
    return value


def _refuse(constant: str) -> NoReturn:
    raise BadJson(f"{constant} is not JSON")


def _finite(number: str) -> float:
    """Returns the number as a float. Raises `BadJson` for 1e999, which is valid JSON but becomes an
    infinity, which could not be written again."""
    value = float(number)
    if math.isinf(value):
        raise BadJson(f"{number[:20]} is too large")
    return value


def _whole(digits: str) -> int | float:
    """Returns a whole number as JavaScript has it, where all numbers are doubles. A larger number
    would be a whole number only here, and storage has 64 bits for it."""
    if len(digits) <= _EXACT_DIGITS:
        return int(digits)
    value = _finite(digits)
    return int(digits) if abs(value) <= _LARGEST_EXACT else value


# These are made once, because `json.loads` and `json.dumps` with such options make a new one for
# each call.
_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
_DECODER_IN_PIECES = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite, parse_int=_whole)
# The scanner in C never lets go of the interpreter, and the one in Python does.
_DECODER_IN_PIECES.scan_once = json.scanner.py_make_scanner(_DECODER_IN_PIECES)  # type: ignore[attr-defined]
_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False)
