"""This module counts the values in msgpack before they are read, since each takes sixty times as
much memory as the byte that it may be. It is pure."""

from __future__ import annotations

from typing import Final

_FIXED: Final = {
    **dict.fromkeys((0xCC, 0xD0), 2),  # numbers
    **dict.fromkeys((0xCD, 0xD1), 3),
    **dict.fromkeys((0xCA, 0xCE, 0xD2), 5),
    **dict.fromkeys((0xCB, 0xCF, 0xD3), 9),
    **dict.fromkeys((0xDC, 0xDE), 3),  # heads of arrays and maps, whose members follow
    **dict.fromkeys((0xDD, 0xDF), 5),
    **{0xD4 + power: 2 + (1 << power) for power in range(5)},  # extensions
}
"""The size of a value that begins with this byte."""

_LENGTH: Final = {
    **dict.fromkeys((0xC4, 0xC7, 0xD9), 1),
    **dict.fromkeys((0xC5, 0xC8, 0xDA), 2),
    **dict.fromkeys((0xC6, 0xC9, 0xDB), 4),
}
"""How many bytes of length follow this byte; then come as many bytes of text or data."""

_EXTENSIONS: Final = (0xC7, 0xC8, 0xC9)
"""The bytes that begin an extension, which also has a byte for its type."""


def has_more_values(data: bytes, most: int) -> bool:
    """Returns whether there are more than `most` values in the data. It looks at no more of it than
    that takes."""
    at, size = 0, len(data)
    for _ in range(most + 1):
        if at >= size:
            return False
        first = data[at]
        if 0xA0 <= first <= 0xBF:
            at += 1 + (first & 0x1F)
        elif (length := _LENGTH.get(first)) is not None:
            begins = at + 1 + length
            at = begins + int.from_bytes(data[at + 1 : begins], "big") + (first in _EXTENSIONS)
        else:
            at += _FIXED.get(first, 1)
    return True
