"""Reads a cookie out of a request's header. Pure.

Python's own reader takes seconds for 8 KB of backslashes, since each is looked for from where the
last one was, and the library that serves HTTP reads all cookies before it gives one. Strangers send
these headers, so this goes through them once.
"""

import re
from typing import Final

_ESCAPED: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def value_of(header: str, name: str) -> str | None:
    """Returns the value of the cookie with this name, or None if there is none. A value in quotes
    is given without them, and without what escapes characters in it.

    If there are several, the first one counts, as for Etherpad: browsers send the one for the
    longest path first (RFC 6265, 5.4), such as that which a portal has set for the pads alone.
    """
    for part in header.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            return _unquoted(value.strip())
    return None


def _unquoted(value: str) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"':
        return _ESCAPED.sub(_character, value[1:-1])
    return value


def _character(match: re.Match[str]) -> str:
    octal, literal = match.groups()
    return chr(int(octal, 8)) if octal is not None else literal
