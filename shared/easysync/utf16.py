"""Texts as JavaScript sees them.

Etherpad counts UTF-16 code units, Python counts code points. Inside, every text is therefore a
*code-unit string*: a `str` in which each character is one UTF-16 code unit, so that characters
beyond U+FFFF are two surrogates. `len` and slices of it mean what they mean in JavaScript. A cut
through such a pair leaves lone surrogates, which are legal here as they are there.
"""

from __future__ import annotations

import codecs
import re
import sys
from array import array
from typing import Final

_CHARACTERS: Final = "w" if sys.version_info >= (3, 13) else "u"
_FEW = 1000
"""Characters that are looked at one by one: a millisecond."""

_WIDTH = array(_CHARACTERS).itemsize
_BYTES = range(_WIDTH) if sys.byteorder == "little" else range(_WIDTH - 1, -1, -1)
"""Where the bytes of a character are in an array of them, the lowest first."""

_LOW = 0 if sys.byteorder == "little" else 1
_NATIVE = f"utf-16-{sys.byteorder[0]}e"
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def to_units(s: str) -> str:
    """The code-unit string of `s`. Of a code-unit string, that string itself."""
    if s.isascii():
        return s
    try:
        # In UTF-16 only what is beyond U+FFFF takes more than two bytes. Encoding is the fastest
        # look; where there are surrogates, it would ask about each of them.
        beyond = len(s.encode("utf-16-le")) // 2 - len(s)
    except UnicodeEncodeError:
        beyond = _count_beyond(array(_CHARACTERS, s).tobytes())
    if not beyond:
        return s
    return _ASTRAL.sub(_surrogates, s) if beyond <= _FEW else _many(s)


def from_units(s: str) -> str:
    """The ordinary string of a code-unit string: pairs joined, lone surrogates left as they are.

    The result may hold lone surrogates, which UTF-8 cannot encode.
    """
    if s.isascii():
        return s
    try:
        s.encode("utf-16-le")
    except UnicodeEncodeError:
        characters = array(_CHARACTERS, s).tobytes()
    else:
        return s  # there are no surrogates in it
    if _count_beyond(characters):
        return s.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    # What that gives, without a question for each surrogate: a microsecond, so seconds for a large
    # pad of emoji.
    units = bytearray(2 * len(s))
    units[::2] = characters[_BYTES[0] :: _WIDTH]
    units[1::2] = characters[_BYTES[1] :: _WIDTH]
    return units.decode("utf-16-le", "surrogatepass")


def _count_beyond(characters: bytes) -> int:
    """How many of an array of characters are beyond U+FFFF."""
    return len(characters) // _WIDTH - characters[_BYTES[2] :: _WIDTH].count(0)


# --- As bytes ------------------------------------------------------------------------------------


UNITS: Final = "padfleet.units"
"""How errors are handled of a code-unit string in UTF-8, in which surrogates take three bytes each:
what "surrogatepass" gives, at once for a long text instead of with a question for each surrogate.
"""

_SURROGATE = b"\xed"
"""Begins each of them, and whatever else there is from U+D000 to U+DFFF."""

_LEADS = bytes(lead for lead in range(0xE1, 0xF0) if lead != _SURROGATE[0])
"""What begins others of three bytes, 4,096 of them each."""

_FOUR: Final = bytes(range(0xF0, 0x100))
_SHORT: Final = 1000

_STEP: Final = 1 << 18
"""Bytes that are decoded at once, some milliseconds; then other threads may come to their turn."""


def _handle(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError) and len(error.object) - error.start > _SHORT:
        data = error.object
        end = min(error.start + _STEP, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1  # no character is cut in two
        return _decoded(data[error.start : end]), end
    return codecs.lookup_error("surrogatepass")(error)


def _decoded(data: bytes) -> str:
    lead = next((lead for lead in _LEADS if lead not in data), None)
    if lead is None or len(data.translate(None, _FOUR)) != len(data):
        return data.decode("utf-8", "surrogatepass")
    # As characters that UTF-8 has, and of which there are none; then each is moved back.
    moved = data.replace(_SURROGATE, bytes((lead,))).decode()
    characters = array(_CHARACTERS, moved)
    every = bytearray(characters.tobytes())
    table = bytearray(range(256))
    table[(lead & 15) << 4 : ((lead & 15) << 4) + 16] = bytes(range(0xD0, 0xE0))
    every[_BYTES[1] :: _WIDTH] = every[_BYTES[1] :: _WIDTH].translate(table)
    characters = array(_CHARACTERS)
    characters.frombytes(bytes(every))
    return characters.tounicode()


codecs.register_error(UNITS, _handle)


def _many(s: str) -> str:
    """Converts a text with many such characters: a call for each would take 0.3 s for a
    megabyte."""
    units = memoryview(s.encode(_NATIVE, "surrogatepass")).cast("H")
    wide = array("I", bytes(4 * len(units)))
    memoryview(wide).cast("B").cast("H")[_LOW::2] = units
    characters = array(_CHARACTERS)
    characters.frombytes(wide.tobytes())
    return characters.tounicode()


def _surrogates(match: re.Match[str]) -> str:
    offset = ord(match.group()) - 0x10000
    return chr(0xD800 + (offset >> 10)) + chr(0xDC00 + (offset & 0x3FF))
