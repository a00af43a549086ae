"""This module prepares a pad's lines for documents: it finds the numbers of list items, text
directions and links. It is pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Final, NamedTuple

from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.rendering.html import linked
from padfleet.shared.rendering.lines import TextLine, lines_of
from padfleet.shared.rendering.txt import numbered, without_halves

FORMATS: Final = ("bold", "italic", "underline", "strikethrough")
"""The text formats that documents have, which are named as their attributes."""

INDENT: Final = 7
"""The indentation of each list level, in millimetres."""

_NOT_IN_XML = re.compile("[^\\t\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Piece(NamedTuple):
    """A part of a line that has the same formats throughout."""

    text: str
    formats: frozenset[str]  #: some of `FORMATS`
    url: str  #: the address that it links to; empty if none


class OutlineLine(NamedTuple):
    """A line of a document."""

    pieces: list[Piece]
    kind: str  #: "bullet", "number" or "indent"; empty outside lists
    level: int  #: counted from 1; 0 outside lists
    numbers: dict[int, int]  #: of a numbered item and the numbered items around it, by level
    heading: str  #: h1 to h6, or code; empty if it is not a heading
    is_rtl: bool  #: whether the line is read from right to left

    @property
    def label(self) -> str:
        """What is shown before a list item: its number, a bullet, or nothing."""
        if self.kind == "number":
            return "".join(f"{self.numbers[level]}." for level in sorted(self.numbers))
        return "\N{BULLET}" if self.kind == "bullet" else ""


def entries(atext: AText, pool: AttributePool) -> Iterator[OutlineLine]:
    """Yields the lines of a pad. Raises `EasysyncError` if the attributes do not fit the text or
    are not in the pool."""
    for line, numbers in numbered(lines_of(atext, pool)):
        pieces = list(_pieces(line))
        kind = line.list_type if line.list_type in ("", "number", "indent") else "bullet"
        own = numbers if kind == "number" else {}
        rtl = is_rtl("".join(piece.text for piece in pieces))
        yield OutlineLine(pieces, kind, line.level, own, line.heading, rtl)


def is_rtl(text: str) -> bool:
    """Returns whether the first letter that has a direction belongs to a script that is written
    from right to left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


def clean(text: str) -> str:
    """Returns the text in a form that XML can hold: lone surrogates become U+FFFD, and control
    characters are removed."""
    return _NOT_IN_XML.sub("", without_halves(text))


def _pieces(line: TextLine) -> Iterator[Piece]:
    for url, runs in linked(line):
        for run in runs:
            formats = frozenset(name for name in FORMATS if run.attribs.get(name))
            if text := clean(run.text):
                yield Piece(text, formats, clean(url))
