"""This module keeps track of the lists that are open while HTML is read, and of what their next
item is. It is pure."""

import re
from dataclasses import dataclass

from padfleet.shared.rendering.lines import MOST_LEVELS

Attributes = tuple[tuple[str, str], ...]

_ETHERPADS = re.compile(r"list-([a-z]+)([0-9]{1,3})")
"""The class of a list in Etherpad's pages, with its type and level."""

_GOOGLES = re.compile(r"lst-kix_\w+-([0-9])")
"""The class of a list in HTML from Google Docs, where lists are not nested in each other, with its
level counted from 0."""

_NUMBER = re.compile(r"\s*([0-9]{1,9})\s*")


@dataclass(slots=True)
class _List:
    kind: str
    level: int
    following: int  #: the number of the next item


class Lists:
    def __init__(self) -> None:
        self._open: list[_List] = []

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
        level = min(max(level, 1), MOST_LEVELS)
        self._open.append(_List(kind, level, _number(given.get("start", ""), 1)))

    def close(self) -> None:
        self._open.pop()

    def number(self, given: dict[str, str]) -> None:
        """Begins an item, whose attributes may say its number."""
        if self._open:
            self._open[-1].following = _number(given.get("value", ""), self._open[-1].following)

    def marker(self) -> Attributes:
        """Returns the attributes of the next item's marker, and counts the item."""
        found = self._open[-1] if self._open else _List("bullet", 1, 1)
        kind = ("insertorder", "first"), ("list", f"{found.kind}{found.level}"), ("lmkr", "1")
        if found.kind != "number":
            return kind
        found.following += 1
        return (*kind, ("start", str(found.following - 1)))


def _number(text: str, default: int) -> int:
    """Returns the number in `text`, or `default` if it is not a number of at most nine digits."""
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found is not None else default
