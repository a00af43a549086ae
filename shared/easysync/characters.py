"""This module decides which characters a pad's text may have, with one rule for all sources of
text.

A text is lines that end with ``\\n``, of any characters except control characters. What comes as a
whole text, from the API, a file or the settings, is cleaned before it is stored (`plain`). What
clients insert is taken as it is, since they already show it; control characters in it are removed
by a separate revision (`controls_in`), as misplaced line markers are. Tabs stay where an editor has
made them; whole texts get spaces instead, as in Etherpad. Halves of surrogate pairs may be
inserted, since an editor that replaces one emoji with another may send only the half in which they
differ, but whole texts contain none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import Final

from padfleet.shared.easysync.body import Body

TAB: Final = " " * 8
"""What replaces a tab, as in Etherpad."""

CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What no pad's text has: control characters, except for the newline and the tab."""

_HALVES: Final = re.compile(
    "[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"
)
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LINE_ENDS: Final = re.compile("\r\n?")


def without_controls(text: str) -> str:
    """Returns the text with only ``\\n`` as line ends, and without control characters; tabs
    stay."""
    return CONTROLS.sub("", _LINE_ENDS.sub("\n", text))


def plain(text: str) -> str:
    """Returns a text, given in code units or characters, in the form that a pad may have.

    Halves of surrogate pairs become the replacement character.
    """
    return _without_halves(_as_typed(text))


def plain_in_steps(text: str, size: int) -> Generator[None, None, str]:
    """Does what `plain` does, but yields after each step of `size` characters or one more.

    There are two passes, since a half of a pair is recognized only once no control is between the
    halves.
    """
    found: list[str] = []
    for piece in _pieces(text, size, lambda around: around == "\r\n"):
        found.append(_as_typed(piece))
        yield
    typed, found = "".join(found), []
    for piece in _pieces(typed, size, lambda around: _PAIR.match(around) is not None):
        found.append(_without_halves(piece))
        yield
    return "".join(found)


def _as_typed(text: str) -> str:
    return without_controls(text).replace("\t", TAB)


def _without_halves(text: str) -> str:
    return _HALVES.sub("\ufffd", text)


def _pieces(text: str, size: int, is_one: Callable[[str], bool]) -> Iterator[str]:
    """Yields pieces of `size` characters, or one more, that never separate two that belong
    together."""
    start = 0
    while start < len(text):
        end = start + size
        if is_one(text[end - 1 : end + 1]):
            end += 1
        yield text[start:end]
        start = end


def controls_in(body: Body, start: int, end: int) -> Iterator[int]:
    """Yields the positions of control characters in `[start, end)`, in order."""
    for found in CONTROLS.finditer(body.text_between(start, end)):
        yield start + found.start()
