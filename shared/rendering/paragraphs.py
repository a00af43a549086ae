"""This module builds the lines of a pad while HTML is read: it decides where a line ends and which
lines are list items. It is pure."""

import re

from padfleet.shared.easysync.characters import CONTROLS, plain
from padfleet.shared.rendering.lists import Attributes, Lists

CELLS = " | "
"""Separates the cells of a table's row, which becomes one line."""

_SPACES = re.compile("[ \t\r\n\f]+")

Runs = list[tuple[str, Attributes]]


class DocumentTooLarge(ValueError):
    """The document is larger than allowed. The text says how large it may be."""


class Paragraphs:
    def __init__(self, lists: Lists, most: int | None) -> None:
        """Takes the open lists, and `most`, the maximum number of characters; `DocumentTooLarge` is
        raised for a document with more."""
        self._lists = lists
        self._most = most
        self._size = 0
        self._lines: list[tuple[Attributes, Runs]] = []
        self._runs: Runs = []
        self._begun = False  # there is a line to show, if only an item's bullet
        self._is_item = False
        self._items = 0  # how many are open: each line within one is an item
        self._heading = ""
        self._trims = True  # whether spaces at the end of the line are dropped
        self._fresh_cell = False  # a table cell has begun and is still empty
        self._in_cell = False
        self._wanted = False  # within a cell: the line ends before the cell's next text
        self.said = 0  #: how many texts and line breaks there have been

    def finished(self) -> list[tuple[Attributes, Runs]]:
        """Ends the last line. Returns all lines: the attributes of each one's marker, if it has
        one, and its runs."""
        self.hard_break()
        return self._lines or [((), [])]

    def say(self, text: str, formats: Attributes, *, as_is: bool) -> None:
        """Adds text. With `as_is`, spaces and line ends in it are kept as they are; otherwise each
        sequence of them becomes one space."""
        if as_is:
            first, *more = plain(text).split("\n")
            self._add(first, formats)
            for line in more:
                self.line_break()
                self._add(line, formats)
        else:
            text = CONTROLS.sub("", _SPACES.sub(" ", text))
            if self._wanted or not self._runs or self._runs[-1][0].endswith(" "):
                text = text.removeprefix(" ")
            self._add(text, formats)
        self._trims = not as_is

    def line_break(self) -> None:
        """Ends the line, even if it is empty."""
        self._begin()
        self.said += 1
        self.hard_break()

    def block(self) -> None:
        """Marks the beginning or the end of a block, whose text does not share a line with the text
        around it."""
        if self._fresh_cell:
            return
        if self._in_cell:
            self._wanted = True
        elif self._runs:
            self.hard_break()

    def hard_break(self) -> None:
        """Ends the line, if one has begun."""
        self._wanted = False
        if not self._begun:
            return
        self._trim()
        self._count(2)
        self._lines.append((self._marker(), self._runs))
        self._runs, self._begun, self._is_item = [], False, False

    def end_paragraph(self, said: int) -> None:
        """Ends a paragraph. An empty paragraph becomes an empty line.

        Arguments:
            said: the value of `self.said` when the paragraph began.
        """
        self.block()
        if said == self.said and not self._in_cell:
            self.line_break()

    def item(self) -> None:
        """Begins a list item."""
        self.hard_break()
        self._items += 1
        self._begin()

    def end_item(self) -> None:
        self.hard_break()
        self._items -= 1

    def list_begins(self) -> None:
        """Begins a list. If the enclosing item has no text yet, it exists only for this list and
        does not become a line."""
        if self._runs and self._runs[-1][0] == CELLS:
            self._runs.pop()  # a list in a cell has lines of its own
        if self._runs:
            self.hard_break()
        self._begun = self._is_item = False

    def heading(self, tag: str) -> None:
        """Begins a heading, which lasts until `end_heading`. In a table cell, a heading is only a
        block, because the line belongs to the row."""
        self.block()
        if not self._in_cell:
            self._heading = tag
            self._begin()

    def end_heading(self) -> None:
        """Ends the heading."""
        if self._heading:
            self.hard_break()
        else:
            self.block()
        self._heading = ""

    def row(self) -> None:
        """Marks the beginning or the end of a table row."""
        if self._runs:
            self.hard_break()
        self._wanted = self._in_cell = self._fresh_cell = False

    def cell(self) -> None:
        """Begins a table cell."""
        self._wanted = False
        if self._runs:
            if self._runs[-1][0] != CELLS:
                self._trim()
            self._runs.append((CELLS, ()))
        self._in_cell = self._fresh_cell = True

    def end_cell(self) -> None:
        self._wanted = self._fresh_cell = False

    def _trim(self) -> None:
        """Removes spaces at the end of the line, unless they were added with `as_is`."""
        if self._trims and self._runs and self._runs[-1][0].endswith(" "):
            text, formats = self._runs.pop()
            if text.rstrip(" "):
                self._runs.append((text.rstrip(" "), formats))

    def _add(self, text: str, formats: Attributes) -> None:
        if not text:
            return
        if self._wanted:
            self.hard_break()
        self._begin()
        self._fresh_cell = False
        self.said += 1
        self._count(len(text))
        self._runs.append((text, formats))

    def _begin(self) -> None:
        if not self._begun:
            self._begun, self._is_item = True, self._items > 0

    def _marker(self) -> Attributes:
        marker = self._lists.marker() if self._is_item else ()
        if not self._heading:
            return marker
        return (("heading", self._heading), *(marker or (("insertorder", "first"), ("lmkr", "1"))))

    def _count(self, size: int) -> None:
        self._size += size
        if self._most is not None and self._size > self._most + 2:
            raise DocumentTooLarge(f"the text is longer than {self._most} characters")
