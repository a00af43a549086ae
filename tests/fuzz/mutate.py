"""Damages bytes and texts: flips, cuts, splices, repeats, extreme numbers, odd characters,
nesting.

All choices come from the source that is passed in, so a seed always yields the same case. There is
no feedback from coverage: that would need instrumented code, which is twenty times slower, and
formats as small as ours are reached by good seeds and by `values` and `messages`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T", bytes, str)

MOST = 20_000
"""How many characters a case may grow to. Anything longer is about size, and has tests of its
own."""

NUMBERS = [
    "0",
    "-0",
    "-1",
    "1",
    "2",
    "35",
    "zz",
    "2147483648",
    "4294967296",
    "9007199254740991",
    "9007199254740992",
    "18446744073709551616",
    "1" + "0" * 400,
    "9" * 5000,
    "zzzzzzzzzzz",
    "z" * 60,
    "0.5",
    "1e308",
    "1e999",
    "-1e-999",
    "NaN",
    "Infinity",
    "-Infinity",
    "0x10",
    "٣",
    "²",
]

PIECES = [
    "\x00",
    "\x1b[31m",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\u202e",
    "\ud83d",
    "\ude00",
    "\U0001f600",
    "e\u0301",
    "\\ud83d",
    "\\u0000",
    "\n",
    "\r\n",
    "\x1e",
    "$",
    "*",
    "|",
    "%s%n",
    "../",
    "__proto__",
    "constructor",
    '"',
    "\\",
    "null",
    "{}",
    "[]",
]

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?|(?<=[:+=<>|*-])[0-9a-z]+")


def _as(like: T, text: str) -> T:
    if isinstance(like, str):
        return text
    return text.encode("utf-8", "surrogatepass")


def _text(data: str | bytes) -> str:
    return data if isinstance(data, str) else data.decode("latin-1")


def _span(source: Random, size: int) -> tuple[int, int]:
    """Returns a stretch of the data, mostly a short one."""
    start = source.randrange(size + 1)
    length = source.choice([0, 1, 1, 2, 4, 16, size])
    return start, min(start + length, size)


def flip(source: Random, data: T, other: T) -> T:
    if not data:
        return data
    at = source.randrange(len(data))
    if isinstance(data, str):
        letter = chr((ord(data[at]) ^ (1 << source.randrange(8))) & 0x10FFFF)
        return data[:at] + letter + data[at + 1 :]
    return data[:at] + bytes((data[at] ^ (1 << source.randrange(8)),)) + data[at + 1 :]


def overwrite(source: Random, data: T, other: T) -> T:
    if not data:
        return data
    at = source.randrange(len(data))
    value = source.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF, source.randrange(256)])
    if isinstance(data, str):
        return data[:at] + chr(value) + data[at + 1 :]
    return data[:at] + bytes((value,)) + data[at + 1 :]


def remove(source: Random, data: T, other: T) -> T:
    start, end = _span(source, len(data))
    return data[:start] + data[end:]


def truncate(source: Random, data: T, other: T) -> T:
    return data[: source.randrange(len(data) + 1)]


def repeat(source: Random, data: T, other: T) -> T:
    start, end = _span(source, len(data))
    times = source.choice([2, 2, 3, 10, 200])
    return data[:start] + data[start:end] * times + data[end:]


def splice(source: Random, data: T, other: T) -> T:
    """Returns the beginning of one and the end of the other."""
    return data[: source.randrange(len(data) + 1)] + other[source.randrange(len(other) + 1) :]


def insert(source: Random, data: T, other: T) -> T:
    """Returns the data with a piece of the other inside."""
    at = source.randrange(len(data) + 1)
    start, end = _span(source, len(other))
    return data[:at] + other[start:end] + data[at:]


def swap(source: Random, data: T, other: T) -> T:
    a, b, c = sorted(source.randrange(len(data) + 1) for _ in range(3))
    return data[:a] + data[b:c] + data[a:b] + data[c:]


def odd_piece(source: Random, data: T, other: T) -> T:
    at = source.randrange(len(data) + 1)
    return data[:at] + _as(data, source.choice(PIECES)) + data[at:]


def extreme_number(source: Random, data: T, other: T) -> T:
    """Replaces a number with an extreme one, if there is a number."""
    text = _text(data)
    found = [match.span() for match in _NUMBER.finditer(text)]
    if not found:
        return data
    start, end = source.choice(found)
    return data[:start] + _as(data, source.choice(NUMBERS)) + data[end:]


def nest(source: Random, data: T, other: T) -> T:
    """Puts a stretch of the data into many brackets."""
    start, end = _span(source, len(data))
    depth = source.choice([1, 2, 50, 900, 1100, 3000])
    opening, closing = source.choice([("[", "]"), ('{"a":', "}"), ("(", ")")])
    left, right = _as(data, opening * depth), _as(data, closing * depth)
    return data[:start] + left + data[start:end] + right + data[end:]


def mutated(source: Random, data: T, others: Sequence[T]) -> T:
    """Returns `data` after one to five kinds of damage; foreign pieces come from `others`."""
    kinds: list[Callable[[Random, T, T], T]] = [
        flip,
        flip,
        overwrite,
        remove,
        truncate,
        repeat,
        splice,
        insert,
        swap,
        odd_piece,
        extreme_number,
        extreme_number,
        nest,
    ]
    for _ in range(source.choice([1, 1, 1, 2, 2, 3, 5])):
        data = source.choice(kinds)(source, data, source.choice(others))[:MOST]
    return data
