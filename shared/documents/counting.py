"""This module finds out the numbers of the list items in a Word document. It is pure.

Word does not store these numbers: it counts when it displays the document. mammoth recognises which
paragraphs are list items but leaves out their numbers. So the items are counted here, and each
number is put before the text of its item as a mark, which is then found in mammoth's output.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_SPACE: Final = "{http://www.w3.org/XML/1998/namespace}space"

_UNCOUNTED: Final = frozenset({"bullet", "none", ""})
"""Number formats of levels whose items show no number."""

_BEGIN, _END = "\ue0f1", "\ue0f2"
"""The characters before and after the number in a mark. No script has them."""

_MARK: Final = re.compile(f"{_BEGIN}([0-9]{{1,9}}){_END}")
_ITEM: Final = re.compile(f"<li>{_MARK.pattern}")

_MOST_STYLES: Final = 20
"""How many styles, each based on the next, are followed."""


class _Level(NamedTuple):
    start: int
    form: str


class _Listing(NamedTuple):
    """A list that paragraphs may belong to. Several lists may share one count."""

    counts_with: str
    levels: dict[int, _Level]
    restarts: dict[int, int]  #: the numbers at which the list starts again, by level


def put_marks(document: Any, numbering: Any, styles: Any) -> None:
    """Puts a mark before each numbered item of the document. `styles` is None if it has none."""
    numbers = _Numbers(numbering, styles)
    for paragraph in document.iter(f"{_W}p"):
        number = numbers.of(paragraph)
        if number is not None:
            _put_before(paragraph, f"{_BEGIN}{number}{_END}")


def without_marks(html: str) -> str:
    """Turns the marks in the HTML of such a document into the numbers of its list items, and
    removes all other marks."""
    return _MARK.sub("", _ITEM.sub(r'<li value="\1">', html))


def run_with(near: Any, text: str) -> Any:
    """Returns a new run of text, for the document that the element `near` is in."""
    run = near.makeelement(f"{_W}r", {})
    words = near.makeelement(f"{_W}t", {_SPACE: "preserve"})
    words.text = text
    run.append(words)
    return run


def _put_before(paragraph: Any, mark: str) -> None:
    first = paragraph.find(f"{_W}pPr")
    place = 0 if first is None else paragraph.index(first) + 1
    paragraph.insert(place, run_with(paragraph, mark))


class _Numbers:
    """Counts list items as Word does. It must be given the paragraphs in their order."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._listings = dict(_listings(numbering))
        self._styles = {_value(each, "styleId"): each for each in _all(styles, "style")}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def of(self, paragraph: Any) -> int | None:
        """Returns the number of the next paragraph, or None if it shows no number."""
        name, level = self._place(paragraph.find(f"{_W}pPr"))
        listing = self._listings.get(name)
        if listing is None or level not in listing.levels:
            return None
        counts = self._counts.setdefault(listing.counts_with, {})
        start = listing.restarts.get(level)
        if start is None or (name, level) in self._begun:
            start = counts[level] + 1 if level in counts else listing.levels[level].start
        self._begun.add((name, level))
        counts[level] = start
        for deeper in [each for each in counts if each > level]:
            del counts[deeper]
        return None if listing.levels[level].form in _UNCOUNTED else start

    def _place(self, properties: Any) -> tuple[str, int]:
        """Returns the list of a paragraph and its level in that list, as the paragraph or its style
        says."""
        name, level, style = "", "", ""
        for _ in range(_MOST_STYLES):
            if properties is None:
                break
            found = properties.find(f"{_W}numPr")
            if found is not None:
                name = name or _of(found, "numId")
                level = level or _of(found, "ilvl")
            style = _of(properties, "pStyle") or style
            if name or style not in self._styles:
                break
            properties = self._styles[style].find(f"{_W}pPr")
            style = _of(self._styles[style], "basedOn")
        return name, int(level) if level.isdecimal() else 0


def _listings(numbering: Any) -> Iterator[tuple[str, _Listing]]:
    abstract = {_value(each, "abstractNumId"): each for each in _all(numbering, "abstractNum")}
    for number in _all(numbering, "num"):
        base = _of(number, "abstractNumId")
        levels = dict(_levels(abstract.get(base)))
        restarts = {}
        for override in _all(number, "lvlOverride"):
            at = _whole(_value(override, "ilvl"), 0)
            levels |= dict(_levels(override))
            if (start := _of(override, "startOverride")) != "":
                restarts[at] = _whole(start, 1)
        yield _value(number, "numId"), _Listing(base, levels, restarts)


def _levels(within: Any) -> Iterator[tuple[int, _Level]]:
    for level in _all(within, "lvl"):
        told = _Level(_whole(_of(level, "start"), 1), _of(level, "numFmt") or "decimal")
        yield _whole(_value(level, "ilvl"), 0), told


def _all(within: Any, name: str) -> list[Any]:
    return [] if within is None else within.findall(f"{_W}{name}")


def _of(within: Any, name: str) -> str:
    """Returns the value of the element `name` within another, or an empty string if there is
    none."""
    found = within.find(f"{_W}{name}")
    return "" if found is None else _value(found, "val")


def _value(element: Any, name: str) -> str:
    value: str = element.get(f"{_W}{name}", "")
    return value


def _whole(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else default
