"""This module converts between Python's strings and texts as JavaScript sees them.

Etherpad counts UTF-16 code units, and Python counts code points. Internally, every text is
therefore a *code-unit string*: a `str` in which each character is one UTF-16 code unit, so that
characters beyond U+FFFF are two surrogates. Its `len` and slices mean what they mean in JavaScript.
A cut through such a pair leaves lone surrogates, which are legal here as they are there.
"""

from __future__ import annotations

import codecs
import re
import sys
from array import array
from typing import Final

_CHARACTERS: Final = "w" if sys.version_info >= (3, 13) else "u"
_FEW = 1000
"""How many characters are looked at one by one, which takes a millisecond."""

_WIDTH = array(_CHARACTERS).itemsize
_BYTES = range(_WIDTH) if sys.byteorder == "little" else range(_WIDTH - 1, -1, -1)
"""Where the bytes of a character are in an array of them, the lowest first."""

_LOW = 0 if sys.byteorder == "little" else 1
_NATIVE = f"utf-16-{sys.byteorder[0]}e"
_UNBROKEN = re.compile("(?:[^\ud800-\udfff]++|[\ud800-\udbff][\udc00-\udfff])*+")
"""A text up to the first surrogate that is alone."""

_MANY_ALONE = 1000

_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


def to_units(s: str) -> str:
    """Returns the code-unit string of `s`; if `s` already is one, it is returned unchanged."""
    if s.isascii():
        return s
    try:
        # In UTF-16, only characters beyond U+FFFF take more than two bytes. Encoding is the fastest
        # check, but where there are surrogates, it would call the error handler for each of them.
        beyond = len(s.encode("utf-16-le")) // 2 - len(s)
    except UnicodeEncodeError:
        beyond = _count_beyond(array(_CHARACTERS, s).tobytes())
    if not beyond:
        return s
    return _ASTRAL.sub(_surrogates, s) if beyond <= _FEW else _many(s)


def from_units(s: str) -> str:
    """Returns the ordinary string of a code-unit string: pairs are joined, lone surrogates stay.

    The result may contain lone surrogates, which UTF-8 cannot encode.
    """
    return s if _has_none(s) else _encoded(s).decode("utf-16-le", "surrogatepass")


def paired(s: str) -> str | None:
    """Returns what `from_units` returns if no surrogate in `s` is alone, otherwise None. That takes
    the same time for any text, whereas `from_units` takes a third of a microsecond for each lone
    one."""
    try:
        return s if _has_none(s) else _encoded(s).decode("utf-16-le")
    except UnicodeDecodeError:
        return None


def is_broken(s: str) -> bool:
    """Returns whether a thousand surrogates or more in `s` are alone."""
    at = 0
    for _ in range(_MANY_ALONE):
        at = _UNBROKEN.match(s, at).end() + 1  # type: ignore[union-attr]  # it matches nothing, too
        if at > len(s):
            return False
    return True


def _has_none(s: str) -> bool:
    """Returns whether there are no surrogates in `s`."""
    if s.isascii():
        return True
    try:
        s.encode("utf-16-le")
    except UnicodeEncodeError:
        return False
    return True


def _encoded(s: str) -> bytes | bytearray:
    """Returns the code units of `s` as UTF-16."""
    characters = array(_CHARACTERS, s).tobytes()
    if _count_beyond(characters):
        return s.encode("utf-16-le", "surrogatepass")
    # This gives the same result without a call for each surrogate, which takes a microsecond and
    # thus seconds for a large pad of emoji.
    units = bytearray(2 * len(s))
    units[::2] = characters[_BYTES[0] :: _WIDTH]
    units[1::2] = characters[_BYTES[1] :: _WIDTH]
    return units


def _count_beyond(characters: bytes) -> int:
    """Returns how many characters in an array of them are beyond U+FFFF."""
    return len(characters) // _WIDTH - characters[_BYTES[2] :: _WIDTH].count(0)


# --- As bytes ------------------------------------------------------------------------------------


UNITS: Final = "padfleet.units"
"""The error handler for a code-unit string in UTF-8, in which each surrogate takes three bytes. It
gives what "surrogatepass" gives, but at once for a long text instead of with a call for each
surrogate.
"""

_SURROGATE = b"\xed"
"""The first byte of each surrogate, and of everything else from U+D000 to U+DFFF."""

_LEADS = bytes(lead for lead in range(0xE1, 0xF0) if lead != _SURROGATE[0])
"""The first bytes of other three-byte characters, of which each begins 4,096."""

_FOUR: Final = bytes(range(0xF0, 0x100))
_SHORT: Final = 1000

_STEP: Final = 1 << 18
"""How many bytes are decoded at once, in some milliseconds; then other threads may run."""


def _handle(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeDecodeError) and len(error.object) - error.start > _SHORT:
        data = error.object
        end = min(error.start + _STEP, len(data))
        while end < len(data) and data[end] & 0xC0 == 0x80:
            end += 1  # so that no character is cut in two
        return _decoded(data[error.start : end]), end
    return codecs.lookup_error("surrogatepass")(error)


def _decoded(data: bytes) -> str:
    lead = next((lead for lead in _LEADS if lead not in data), None)
    if lead is None or len(data.translate(None, _FOUR)) != len(data):
        return data.decode("utf-8", "surrogatepass")
    # They are decoded as valid characters that do not occur in the text; then each is moved back.
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
    """Converts a text with many such characters; a call for each would take 0.3 s for a
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
