"""This module says how large a submission is as it is sent, and what a server takes at once. It is
pure."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from padfleet.shared.client.errors import TooLarge
from padfleet.shared.easysync import AttributePool
from padfleet.shared.wire.jsontext import dumps

_CONTROL: Final = re.compile("[\\x00-\\x07\\x0b\\x0e-\\x1f]")  # as \\u0001, unlike \\n
_HALF: Final = re.compile("[\ud800-\udfff]")
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")

FIXED: Final = 384
"""The maximum number of bytes of a submission in addition to its ops, text and attributes."""

OP: Final = 24
"""The maximum number of bytes of an op, without the numbers of its attributes."""

NUMBER: Final = 4
"""The number of bytes of an attribute's number in an op."""

ENTRY: Final = 8
"""The number of bytes of a pool entry in addition to its key and value."""

CHARACTER: Final = 12
"""The maximum number of bytes of one character: the two halves of a pair, each as an escape."""


class SplitLimits(NamedTuple):
    """What one submission may contain."""

    bytes: int  #: of the packet as it is sent, in UTF-8 with JSON's escapes
    ops: int = 10_000
    attributes: int = 1_000  #: in its pool


def text_size(text: str) -> int:
    """Returns how many bytes a text takes in JSON, as `dumps` writes it, without the quotation
    marks."""
    size = len(text.encode("utf-8", "surrogatepass"))
    size += sum(map(text.count, '"\\\n\r\t\b\f'))
    size += 5 * len(_CONTROL.findall(text))
    if not text.isascii():
        # So far each counts as three bytes. A pair is one character of four, a half is an escape.
        pairs = len(_PAIR.findall(text))
        size += 3 * (len(_HALF.findall(text)) - 2 * pairs) - 2 * pairs
    return size


def entry_size(attribute: tuple[str, str]) -> int:
    """Returns how many bytes an attribute takes in the pool of a submission."""
    return len(dumps(list(attribute)).encode()) + ENTRY


def fits(changeset: str, wire_pool: AttributePool, limits: SplitLimits) -> bool:
    """Returns whether a changeset with its pool is within `limits`."""
    ops = changeset.partition("$")[0]
    if len(wire_pool) > limits.attributes or sum(map(ops.count, "+-=")) > limits.ops:
        return False
    size = FIXED + text_size(changeset) + sum(map(entry_size, wire_pool.pairs()))
    return size <= limits.bytes


def check_attribute(number: int, pool: AttributePool, limits: SplitLimits) -> None:
    """Raises `TooLarge` for an attribute that no submission has room for."""
    key, value = pool.get(number)
    if len(key) + len(value) > limits.bytes // 8:  # else it fits whatever is in it
        size = FIXED + entry_size((key, value)) + 2 * (OP + NUMBER) + CHARACTER
        if size > limits.bytes:
            raise attribute_too_large(key, limits)


def attribute_too_large(key: str, limits: SplitLimits) -> TooLarge:
    """Returns the error for an attribute that no submission has room for."""
    return TooLarge(
        f"the attribute {key[:40]!r} takes more than the {limits.bytes} bytes that the server "
        "takes at once"
    )
