"""The lines of a pad while HTML is read: where one ends, and which are items of lists. Pure."""

import re

from padfleet.shared.easysync.characters import CONTROLS, plain
from padfleet.shared.rendering.lists import Attributes, Lists

CELLS = " | "
"""Between the cells of a table's row, which is a line."""

_SPACES = re.compile("[ \t\r\n\f]+")

Runs = list[tuple[str, Attributes]]


class DocumentTooLarge(ValueError):
    """The document is larger than it may be. The text says how large that is."""


class Paragraphs:
    def __init__(self, lists: Lists, most: int | None) -> None:
        """`most`: characters; beyond them `DocumentTooLarge` is raised."""
        self._lists = lists
        self._most = most
        self._size = 0
        self._lines: list[tuple[Attributes, Runs]] = []
        self._runs: Runs = []
        self._begun = False  # there is a line to show, were it only an item's bullet
        self._is_item = False
        self._items = 0  # that are open: each line within one is an item
        self._heading = ""
        self._trims = True  # spaces at the end of the line count for nothing
        self._fresh_cell = False  # a cell of a table has begun, and has nothing in it yet
        self._in_cell = False
        self._wanted = False  # within a cell: the line ends before the next text of this cell
        self.said = 0  #: texts and line breaks so far

    def finished(self) -> list[tuple[Attributes, Runs]]:
        """The lines: the attributes of their markers, if they have one, and what is in them."""
        self.hard_break()
        return self._lines or [((), [])]

    def say(self, text: str, formats: Attributes, *, as_is: bool) -> None:
        """Some text. With `as_is`, spaces and line ends in it are meant."""
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
        """A line ends here, even if there is nothing in it."""
        self._begin()
        self.said += 1
        self.hard_break()

    def block(self) -> None:
        """A block begins or ends: what is around it is on other lines."""
        if self._fresh_cell:
            return
        if self._in_cell:
            self._wanted = True
        elif self._runs:
            self.hard_break()

    def hard_break(self) -> None:
        """The line is over, if one has begun."""
        self._wanted = False
        if not self._begun:
            return
        self._trim()
        self._count(2)
        self._lines.append((self._marker(), self._runs))
        self._runs, self._begun, self._is_item = [], False, False

    def end_paragraph(self, said: int) -> None:
        """`said`: as it was when the paragraph began. One that is empty is a line too."""
        self.block()
        if said == self.said and not self._in_cell:
            self.line_break()

    def item(self) -> None:
        """An item of a list begins."""
        self.hard_break()
        self._items += 1
        self._begin()

    def end_item(self) -> None:
        self.hard_break()
        self._items -= 1

    def list_begins(self) -> None:
        """An item that begins with a list is there for the list, and no line of its own."""
        if self._runs:
            self.hard_break()
        self._begun = self._is_item = False

    def heading(self, tag: str) -> None:
        """What follows is a heading, up to `end_heading`; in a cell of a table it is a block, since
        the line is the row's."""
        self.block()
        if not self._in_cell:
            self._heading = tag
            self._begin()

    def end_heading(self) -> None:
        """The heading is over."""
        if self._heading:
            self.hard_break()
        else:
            self.block()
        self._heading = ""

    def row(self) -> None:
        """A row of a table begins or ends."""
        if self._runs:
            self.hard_break()
        self._wanted = self._in_cell = self._fresh_cell = False

    def cell(self) -> None:
        """A cell of a table begins."""
        self._wanted = False
        if self._runs:
            if self._runs[-1][0] != CELLS:
                self._trim()
            self._runs.append((CELLS, ()))
        self._in_cell = self._fresh_cell = True

    def end_cell(self) -> None:
        self._wanted = self._fresh_cell = False

    def _trim(self) -> None:
        """Spaces at the end of what there is of the line count for nothing, unless meant."""
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
