"""Makes JSON values that nobody expects, and attribute pools and changesets that are nearly
right."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Any

from padfleet.shared.easysync import AttributePool
from padfleet.shared.easysync.base36 import numeral
from tests.unit.easysync.wild import some_changeset

KEYS = [
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    "",
    "type",
    "data",
    "a,b",
    "numToAttrib",
    "\ud83d",
    "0",
]

TEXTS = [
    "",
    "x",
    "a.somebody12345678",
    "a.etherpad-system",
    "../../etc/passwd",
    "\x00\x1b",
    "\n",
    "\ud83d",
    "\ude00\ud83d",
    "null",
    "Z:1>0$",
    "r.0123456789abcdef",
    "g.0123456789abcdef$x",
    "é" * 300,
    "x" * 5000,
    "#ffffff",
    "t.token",
    "%00",
    "<script>",
    "{{7*7}}",
    "${jndi:x}",
]

NUMBERS: list[int | float] = [
    0,
    -1,
    1,
    0.5,
    -0.0,
    2**31,
    2**53 - 1,
    2**53,
    2**63,
    2**64,
    10**300,
    -(10**30),
    1e308,
    5e-324,
]


def some_value(source: Random, depth: int = 3) -> Any:
    """Returns any JSON value."""
    kind = source.randrange(7 if depth else 5)
    match kind:
        case 0:
            return None
        case 1:
            return source.random() < 0.5
        case 2:
            return source.choice(NUMBERS)
        case 3 | 4:
            return source.choice(TEXTS)
        case 5:
            return [some_value(source, depth - 1) for _ in range(source.choice([0, 1, 2, 5]))]
    keys = [source.choice(KEYS) for _ in range(source.choice([0, 1, 2, 5]))]
    return {key: some_value(source, depth - 1) for key in keys}


def deep_value(source: Random) -> str:
    """Returns a placeholder for a value that is nested about as deep as Python can read, so that
    whatever handles it reaches its limit, too. Python could not always write it, so `with_depth`
    puts it into the JSON."""
    return f"<deep {source.choice([50, 300, 800, 900, 940, 960, 970, 980, 990, 3000])}>"


def with_depth(text: str) -> str:
    """Returns the JSON with the deep values in place of their placeholders."""
    return _DEEP.sub(lambda found: "[" * int(found[1]) + "]" * int(found[1]), text)


_DEEP = re.compile('"<deep ([0-9]+)>"')


def spoilt(source: Random, value: Any, replacement: Callable[[Random], Any] = some_value) -> Any:
    """Returns a copy with something somewhere in it replaced, removed, added or doubled."""
    if isinstance(value, dict) and value and source.random() < 0.85:
        copy = dict(value)
        key = source.choice(list(copy))
        match source.randrange(8):
            case 0:
                del copy[key]
            case 1:
                copy[source.choice(KEYS)] = replacement(source)
            case 2:
                copy[source.choice(KEYS)] = copy.pop(key)
            case _:
                copy[key] = spoilt(source, copy[key], replacement)
        return copy
    if isinstance(value, list) and value and source.random() < 0.85:
        items = list(value)
        at = source.randrange(len(items))
        match source.randrange(6):
            case 0:
                del items[at]
            case 1:
                items.insert(at, replacement(source))
            case 2:
                items *= 2
            case _:
                items[at] = spoilt(source, items[at], replacement)
        return items
    return replacement(source)


# --- Easysync ------------------------------------------------------------------------------------

_NUMERALS = ["0", "1", "2", "3", "5", "7", "a", "01", "zz", "zzzzzzzzzzz", "z" * 40]


def some_pool(source: Random) -> Any:
    """Returns something that might be an attribute pool."""
    pool = AttributePool()
    for _ in range(source.choice([0, 1, 2, 6])):
        keys = ["author", "bold", "list", "lmkr", "insertorder", *KEYS]
        pool.put(source.choice(keys), source.choice(["", "true", "bullet1", "a.1", *TEXTS]))
    value: Any = pool.to_wire() if source.random() < 0.5 else pool.to_jsonable()
    if source.random() < 0.3:
        number = source.choice(["-1", "00", "1.0", "²", "9" * 16, "9" * 30, "x", "__proto__", "7"])
        value["numToAttrib"][number] = source.choice([["bold", "true"], ["x"], None, "ab", {}])
    if source.random() < 0.2:
        value["nextNum"] = source.choice([*NUMBERS, None, "1", [], True])
    return spoilt(source, value) if source.random() < 0.3 else value


def some_ops(source: Random) -> str:
    ops = []
    for _ in range(source.choice([0, 1, 1, 2, 3, 8])):
        attribs = source.choice(["", "", "*0", "*0*1", "*1*0", "*2", "*0*0", "*zz", "*"])
        lines = source.choice(["", "", "", f"|{source.choice(_NUMERALS)}"])
        ops.append(attribs + lines + source.choice("+-=") + source.choice(_NUMERALS))
    return "".join(ops)


def likely_changeset(source: Random, length: int) -> str:
    """Returns a changeset that is put together from parts; `length` is that of the text that it is
    for."""
    old = source.choice([length, length, length, length, length + 1, 0, 2**53])
    header = f"Z:{numeral(old)}{source.choice('<>')}{source.choice(_NUMERALS)}"
    bank = source.choice(["", "x", "x\n", "\n", "ab\n\n", "$", "\ud83d", "\ud83d\ude00"])
    return f"{header}{some_ops(source)}${bank}"


def good_changeset(source: Random, text: str, author: str) -> tuple[str, dict[str, Any]]:
    """Returns a changeset that a client could send, and its pool."""
    pool = AttributePool()
    changeset = some_changeset(source, text, pool, author=author)
    return changeset, pool.to_jsonable()
