"""Reads a cookie out of a request's header. Pure.

Python's own reader takes seconds for 8 KB of backslashes, since each is looked for from where the
last one was, and the library that serves HTTP reads all cookies before it gives one. Strangers send
these headers, so this goes through them once.
"""

import re
from typing import Final

_ESCAPED: Final = re.compile(r"\\(?:([0-3][0-7][0-7])|(.))")


def value_of(header: str, name: str) -> str | None:
    """Returns the value of the cookie with this name, the last one if there are several; None if
    there is none. A value in quotes is given without them, and without what escapes characters in
    it."""
    found: str | None = None
    for part in header.split(";"):
        key, equals, value = part.partition("=")
        if equals and key.strip() == name:
            found = value.strip()
    if found is not None and len(found) > 1 and found[0] == found[-1] == '"':
        return _ESCAPED.sub(_character, found[1:-1])
    return found


def _character(match: re.Match[str]) -> str:
    octal, literal = match.groups()
    return chr(int(octal, 8)) if octal is not None else literal
