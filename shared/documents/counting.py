"""The numbers of a Word document's lists. Pure.

Word does not store them: it counts when it shows the document. mammoth reads which paragraphs are
items, and leaves the numbers out; so they are counted here, and put before the text of each item as
a mark, which is looked for in what mammoth makes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final, NamedTuple
from zipfile import ZIP_STORED, ZipFile

from padfleet.shared.documents.packages import MOST_XML, part

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"

_DOCUMENT: Final = "word/document.xml"

_UNCOUNTED: Final = frozenset({"bullet", "none", ""})
"""Forms of a level that shows no number."""

_BEGIN, _END = "\ue0f1", "\ue0f2"
"""Around a mark: characters that no script has."""

_MARK: Final = re.compile(f"{_BEGIN}([0-9]{{1,9}}){_END}")
_ITEM: Final = re.compile(f"<li>{_MARK.pattern}")

_MOST_STYLES: Final = 20
"""Styles that are each based on the next."""


class _Level(NamedTuple):
    start: int
    form: str


class _Listing(NamedTuple):
    """One list that paragraphs may be in; several may go on counting with each other."""

    counts_with: str
    levels: dict[int, _Level]
    restarts: dict[int, int]  #: numbers with which it begins anew, by level


def with_marks(data: bytes, archive: ZipFile) -> bytes:
    """The document with a mark before each numbered item; as it is where it has none, or where what
    would be copied for it is too large."""
    read = [info for info in archive.infolist() if not info.filename.startswith("word/media/")]
    numbering, text = part(archive, "word/numbering.xml"), part(archive, _DOCUMENT)
    if numbering is None or text is None or sum(info.file_size for info in read) > 2 * MOST_XML:
        return data
    document = _parsed(text)
    styles = part(archive, "word/styles.xml")
    numbers = _Numbers(_parsed(numbering), _parsed(styles) if styles is not None else None)
    for paragraph in document.iter(f"{_W}p"):
        number = numbers.of(paragraph)
        if number is not None:
            _put_before(paragraph, f"{_BEGIN}{number}{_END}")
    return _copied(archive, [info.filename for info in read], document)


def without_marks(html: str) -> str:
    """What was made of such a document: items say their number, and nothing else has one."""
    return _MARK.sub("", _ITEM.sub(r'<li value="\1">', html))


def _parsed(xml: bytes) -> Any:
    from lxml import etree

    safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(xml, safe)


def _put_before(paragraph: Any, mark: str) -> None:
    run = paragraph.makeelement(f"{_W}r", {})
    text = paragraph.makeelement(f"{_W}t", {})
    text.text = mark
    run.append(text)
    first = paragraph.find(f"{_W}pPr")
    paragraph.insert(0 if first is None else paragraph.index(first) + 1, run)


def _copied(archive: ZipFile, names: list[str], document: Any) -> bytes:
    from lxml import etree

    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as copy:
        for name in dict.fromkeys(names):
            if name == _DOCUMENT:
                copy.writestr(name, etree.tostring(document, encoding="UTF-8", standalone=True))
            else:
                copy.writestr(name, archive.read(name))
    return out.getvalue()


class _Numbers:
    """Counts as Word does, paragraph by paragraph."""

    def __init__(self, numbering: Any, styles: Any) -> None:
        self._listings = dict(_listings(numbering))
        self._styles = {_value(each, "styleId"): each for each in _all(styles, "style")}
        self._counts: dict[str, dict[int, int]] = {}
        self._begun: set[tuple[str, int]] = set()

    def of(self, paragraph: Any) -> int | None:
        """The number of the next paragraph; None: it shows none."""
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
        """The list of a paragraph, and its level in that: its own, or what its style says."""
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
    """The value of an element that has nothing but that; empty: there is none."""
    found = within.find(f"{_W}{name}")
    return "" if found is None else _value(found, "val")


def _value(element: Any, name: str) -> str:
    value: str = element.get(f"{_W}{name}", "")
    return value


def _whole(text: str, default: int) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else default
