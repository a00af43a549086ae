"""Texts as JavaScript sees them.

Etherpad counts UTF-16 code units, Python counts code points. Inside, every text is therefore a
*code-unit string*: a `str` in which each character is one UTF-16 code unit, so that characters
beyond U+FFFF are two surrogates. `len` and slices of it mean what they mean in JavaScript. A cut
through such a pair leaves lone surrogates, which are legal here as they are there.
"""

from __future__ import annotations

import re
import sys
from array import array
from typing import Final

_CHARACTERS: Final = "w" if sys.version_info >= (3, 13) else "u"
_FEW = 1000
"""Characters that are looked at one by one: a millisecond."""

_LOW = 0 if sys.byteorder == "little" else 1
_NATIVE = f"utf-16-{sys.byteorder[0]}e"
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def to_units(s: str) -> str:
    """The code-unit string of `s`. Of a code-unit string, that string itself."""
    # In UTF-16 only what is beyond U+FFFF takes more than two bytes. Encoding is the fastest look.
    if s.isascii() or len(encoded := s.encode("utf-16-le", "surrogatepass")) == 2 * len(s):
        return s
    few = len(encoded) // 2 - len(s) <= _FEW
    return _ASTRAL.sub(_surrogates, s) if few else _many(s)


def from_units(s: str) -> str:
    """The ordinary string of a code-unit string: pairs joined, lone surrogates left as they are.

    The result may hold lone surrogates, which UTF-8 cannot encode.
    """
    if s.isascii():
        return s
    return s.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _many(s: str) -> str:
    """Of a text with many such characters: a call for each would take 0.3 s for a megabyte."""
    units = memoryview(s.encode(_NATIVE, "surrogatepass")).cast("H")
    wide = array("I", bytes(4 * len(units)))
    memoryview(wide).cast("B").cast("H")[_LOW::2] = units
    characters = array(_CHARACTERS)
    characters.frombytes(wide.tobytes())
    return characters.tounicode()


def _surrogates(match: re.Match[str]) -> str:
    offset = ord(match.group()) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))
