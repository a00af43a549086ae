"""A pad's lines as documents have them: numbers of items, directions, links. Pure."""

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
"""Those that documents have, by their attributes."""

INDENT: Final = 7
"""Millimetres for each level of a list."""

_NOT_IN_XML = re.compile("[^\\t\\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Piece(NamedTuple):
    """Some text of a line that has the same formats throughout."""

    text: str
    formats: frozenset[str]  #: of `FORMATS`
    url: str  #: where it leads; empty: nowhere


class Entry(NamedTuple):
    """A line."""

    pieces: list[Piece]
    kind: str  #: "bullet", "number", "indent"; empty: it is in no list
    level: int  #: from 1, if in a list
    numbers: dict[int, int]  #: of a numbered item, and of those that it lies in, by level
    heading: str  #: h1 to h6, code; empty: it is none
    is_rtl: bool  #: it is read from right to left

    @property
    def label(self) -> str:
        """What stands before an item."""
        if self.kind == "number":
            return "".join(f"{self.numbers[level]}." for level in sorted(self.numbers))
        return "\N{BULLET}" if self.kind == "bullet" else ""


def entries(atext: AText, pool: AttributePool) -> Iterator[Entry]:
    """The lines of a pad. Raises `EasysyncError` as `lines_of` does."""
    for line, numbers in numbered(lines_of(atext, pool)):
        pieces = list(_pieces(line))
        kind = line.list_type if line.list_type in ("", "number", "indent") else "bullet"
        own = numbers if kind == "number" else {}
        rtl = is_rtl("".join(piece.text for piece in pieces))
        yield Entry(pieces, kind, line.level, own, line.heading, rtl)


def is_rtl(text: str) -> bool:
    """Whether the first letter that has a direction is of a script from right to left."""
    for char in text:
        direction = unicodedata.bidirectional(char)
        if direction in ("R", "AL"):
            return True
        if direction == "L":
            return False
    return False


def clean(text: str) -> str:
    """A text of a pad as XML can hold it: halves of pairs are U+FFFD, controls nothing."""
    return _NOT_IN_XML.sub("", without_halves(text))


def _pieces(line: TextLine) -> Iterator[Piece]:
    for url, runs in linked(line):
        for run in runs:
            formats = frozenset(name for name in FORMATS if run.attribs.get(name))
            if text := clean(run.text):
                yield Piece(text, formats, clean(url))
