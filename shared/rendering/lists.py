"""This module keeps track of the lists that are open while HTML is read, and of what their next
item is. It is pure.

Not all programs nest their lists. Google Docs and Etherpad write the level into the class of a
list, Quill into the class of an item, and Word's items are paragraphs that name their list. Word
for the web puts each item into a list of its own, with the level in an attribute of the item.
"""

import re
from dataclasses import dataclass, field

from padfleet.shared.rendering.lines import MOST_LEVELS

Attributes = tuple[tuple[str, str], ...]

_ETHERPADS = re.compile(r"list-([a-z]+)([0-9]{1,3})")
"""The class of a list in Etherpad's pages, with its type and level."""

_GOOGLES = re.compile(r"lst-kix_\w+-([0-9])")
"""The class of a list in HTML from Google Docs, where lists are not nested in each other, with its
level counted from 0."""

_QUILLS = re.compile(r"ql-indent-([0-9])")
"""The class of a list item of Quill, with the number of levels by which it is indented."""

_QUILLS_KINDS = {
    "ordered": "number",
    "bullet": "bullet",
    "checked": "bullet",
    "unchecked": "bullet",
}
"""The attribute `data-list` of a list item of Quill, whose lists are all `<ol>`."""

_ARIAS = ("data-aria-level", "aria-level")
"""The attributes of a list item of Word for the web that may hold its level, counted from 1."""

_WORDS = re.compile(r"(.*)\blevel([1-9])\b(.*)")
"""The property `mso-list` of a paragraph that is an item of a list: its list and its level."""

_COUNTED = re.compile(r".*?(?:([0-9]{1,9})\W*|[^\W_]{1,10}[.)]\s*)", re.DOTALL)
"""What Word writes in front of a paragraph that is numbered, with the last of its numbers. Bullets
are signs, or letters of fonts that show signs."""

_NUMBER = re.compile(r"\s*([0-9]{1,9})\s*")


@dataclass(slots=True)
class _List:
    kind: str
    level: int
    start: int = 1  #: the number of the first item, however far that is indented
    following: dict[int, int] = field(default_factory=dict)
    """The number of the next item, by how far it is indented within the list."""
    indent: int = 0  #: by how many levels the item is indented within the list

    def next_number(self) -> int:
        return self.following.get(self.indent, 1 if self.following else self.start)

    def begin_at(self, number: int) -> None:
        """Sets the number of the next item. Items that are indented further count from 1 again."""
        for deeper in [indent for indent in self.following if indent > self.indent]:
            del self.following[deeper]
        self.following[self.indent] = number


class Lists:
    def __init__(self) -> None:
        self._open: list[_List] = []
        self._words: dict[str, _List] = {}

    def open(self, tag: str, given: dict[str, str]) -> None:
        """Opens a list. `given` are the element's attributes."""
        level = self._open[-1].level + 1 if self._open else 1
        kind = "number" if tag == "ol" else "bullet"
        for name in given.get("class", "").split():
            if (found := _ETHERPADS.fullmatch(name)) is not None:
                kind, level = found[1], int(found[2])
            elif (found := _GOOGLES.fullmatch(name)) is not None:
                level = int(found[1]) + 1
            elif name == "indent" and tag != "ol":
                kind = "indent"
        self._open.append(_List(kind, level, _number(given.get("start", ""), 1)))

    def close(self) -> None:
        self._open.pop()

    def item(self, given: dict[str, str]) -> None:
        """Begins an item, whose attributes may say its number, kind and level."""
        if not self._open:
            return
        found = self._open[-1]
        indents = (_QUILLS.fullmatch(name) for name in given.get("class", "").split())
        found.indent = max((int(indent[1]) for indent in indents if indent), default=0)
        for name in _ARIAS:
            found.indent = max(_number(given.get(name, ""), 0) - found.level, found.indent)
        found.kind = _QUILLS_KINDS.get(given.get("data-list", ""), found.kind)
        if "value" in given:
            found.begin_at(_number(given["value"], found.next_number()))

    def open_words(self, said: str) -> bool:
        """Begins an item of one of Word's lists, if its property `mso-list` names one. Returns
        whether it does; then the list has to be closed after the item."""
        if (named := _WORDS.fullmatch(said)) is None:
            return False
        found = self._words.setdefault(named[1] + named[3], _List("bullet", 1))
        found.indent = int(named[2]) - 1
        self._open.append(found)
        return True

    def marked(self, sign: str) -> None:
        """Takes the bullet or number that Word has written in front of the open item."""
        if not self._open:
            return
        counted = _COUNTED.fullmatch(sign)
        self._open[-1].kind = "number" if counted else "bullet"
        if counted and counted[1]:
            self._open[-1].begin_at(int(counted[1]))

    def marker(self) -> Attributes:
        """Returns the attributes of the next item's marker, and counts the item."""
        found = self._open[-1] if self._open else _List("bullet", 1)
        level = min(max(found.level + found.indent, 1), MOST_LEVELS)
        kind = ("insertorder", "first"), ("list", f"{found.kind}{level}"), ("lmkr", "1")
        if found.kind != "number":
            return kind
        number = found.next_number()
        found.begin_at(number + 1)
        return (*kind, ("start", str(number)))


def _number(text: str, default: int) -> int:
    """Returns the number in `text`, or `default` if it is not a number of at most nine digits."""
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found is not None else default
