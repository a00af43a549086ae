"""Which characters a pad's text has: one rule for all doors.

A text is lines that end with ``\\n``, of any characters but controls. What comes as a whole text,
by the API, from a file or from the settings, is made plain before it enters (`plain`). What clients
insert is taken as it is, since they show it already; the controls in it are removed by a revision
of its own (`controls_in`), as misplaced line markers are. Tabs stay where an editor has made them;
texts get spaces instead, as with Etherpad. Halves of surrogate pairs may be inserted, since an
editor that replaces one emoji by another may send the half in which they differ, but no text
brings them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator
from typing import Final

from padfleet.shared.easysync.body import Body

TAB: Final = " " * 8
"""What stands for a tab, as with Etherpad."""

CONTROLS: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What no pad's text has: controls, but for the newline and the tab."""

_HALVES: Final = re.compile(
    "[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]"
)
_PAIR: Final = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_LINE_ENDS: Final = re.compile("\r\n?")


def without_controls(text: str) -> str:
    """A text with no other line ends than ``\\n``, and without controls; tabs stay."""
    return CONTROLS.sub("", _LINE_ENDS.sub("\n", text))


def plain(text: str) -> str:
    """A text, in code units or characters, as a pad may have it.

    Halves of surrogate pairs become the replacement character.
    """
    return _without_halves(_as_typed(text))


def plain_in_steps(text: str, size: int) -> Generator[None, None, str]:
    """What `plain` returns, with a stop after each step, of `size` characters or one more.

    In two rounds: what is a half of a pair is known only when no control is between the halves.
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
    """Pieces of `size` characters, or one more, that part no two characters that are one."""
    start = 0
    while start < len(text):
        end = start + size
        if is_one(text[end - 1 : end + 1]):
            end += 1
        yield text[start:end]
        start = end


def controls_in(body: Body, start: int, end: int) -> Iterator[int]:
    """The positions of controls in `[start, end)`, in order."""
    for found in CONTROLS.finditer(body.text_between(start, end)):
        yield start + found.start()
