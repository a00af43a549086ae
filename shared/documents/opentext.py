"""This module converts OpenDocument texts to HTML. It is pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from html import escape
from typing import Any, Final

from padfleet.shared.documents.formulas import MATH, written_in_mathml
from padfleet.shared.documents.openstyles import START, Styles, number
from padfleet.shared.documents.packages import checked, parsed, part, small_part
from padfleet.shared.easysync.characters import TAB

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_DRAW = "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"

_AS = {
    f"{_TEXT}list-header": "li",
    f"{_TABLE}table": "table",
    f"{_TABLE}table-row": "tr",
    f"{_TABLE}table-cell": "td",
}
"""Elements that have a counterpart in HTML."""

_PARAGRAPHS = frozenset((f"{_TEXT}p", f"{_TEXT}h"))

_BLANKS: dict[str, Callable[[Any], str]] = {
    f"{_TEXT}s": lambda element: _spaces(min(number(element.get(f"{_TEXT}c"), 1), MOST_SPACES)),
    f"{_TEXT}tab": lambda _: _spaces(len(TAB)),
    f"{_TEXT}line-break": lambda _: "<br>",
}
"""Elements that stand for white space."""

_UNREAD = frozenset(
    {
        f"{_TEXT}tracked-changes",
        f"{_OFFICE}annotation",
        f"{_TEXT}sequence-decls",
        f"{_OFFICE}forms",
        f"{_TEXT}bookmark-ref",
    }
)

MOST_SPACES: Final = 1_000
"""The maximum number of spaces that one element of an OpenDocument may stand for."""

_HEADINGS: Final = 6

_PARTS: Final = ("content.xml", "styles.xml")
"""The parts of an archive that have its text, and say how that looks."""

_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"


class OpenDocument:
    """An OpenDocument text as HTML."""

    def __init__(self, data: bytes) -> None:
        self._archive = checked(data, only=_PARTS)
        content = part(self._archive, "content.xml")
        if content is None:
            raise ValueError("it is not an OpenDocument text")
        self._root: Any = parsed(content)
        styles = part(self._archive, "styles.xml")
        first = [parsed(styles)] if styles else []
        self._styles = Styles([*first, self._root])
        self._counts: dict[int, int] = {}  # the last number of the list, by level
        self._counts_of: dict[str, dict[int, int]] = {}  # by the list's id, and by its style
        self._notes: list[str] = []  # the HTML of each, in their order
        self._formulas: dict[str, str] = {}  # by their place in the archive

    def html(self) -> str:
        body = self._root.find(f"{_OFFICE}body/{_OFFICE}text")
        if body is None:
            raise ValueError("it is an OpenDocument, but not a text")
        text = "".join(self._inside(body, "", 0))
        notes = "".join(f"<li>{note}</li>" for note in self._notes)
        return f"{text}<ol>{notes}</ol>" if notes else text

    def _inside(self, element: Any, style: str, level: int) -> Iterator[str]:
        if element.text:
            yield escape(element.text)
        for child in element:
            if isinstance(child.tag, str):
                yield from self._element(child, style, level)
            if child.tail:
                yield escape(child.tail)

    def _element(self, element: Any, style: str, level: int) -> Iterator[str]:
        """Yields the HTML of an element. `style` and `level` are those of the list around it."""
        tag = element.tag
        if tag in _UNREAD:
            return
        if tag == f"{_TEXT}list":
            yield from self._list(element, style, level)
        elif tag == f"{_TEXT}list-item":
            yield from self._item(element, style, level)
        elif tag == f"{_TEXT}note":
            yield self._note(element)
        elif tag == f"{_DRAW}object":
            yield escape(self._formula(element.get(_HREF, "")))
        elif tag in _BLANKS:
            yield _BLANKS[tag](element)
        else:
            yield from self._around(element, self._inside(element, style, level))

    def _around(self, element: Any, inside: Iterator[str]) -> Iterator[str]:
        """Yields the HTML of an element that has something around what is inside it, or nothing."""
        tag = element.tag
        if tag in _PARAGRAPHS:
            yield from self._styled(element, self._heading(element) or "p", inside)
        elif tag == f"{_TEXT}span":
            yield from self._styled(element, "span", inside)
        elif tag == f"{_TEXT}a":
            yield f'<a href="{escape(element.get(_HREF, ""))}">'
            yield from inside
            yield "</a>"
        elif tag == f"{_TEXT}ruby-text":
            # The reading of the word before it.
            yield "("
            yield from inside
            yield ")"
        elif tag in _AS:
            yield f"<{_AS[tag]}>"
            yield from inside
            yield f"</{_AS[tag]}>"
        else:
            yield from inside

    def _note(self, element: Any) -> str:
        """Returns the mark of a note in the text. The note itself comes after all of the text, as
        notes in documents of Word do."""
        body = element.find(f"{_TEXT}note-body")
        at = len(self._notes)
        self._notes.append("")  # before those that are in it
        if body is not None:
            counts, self._counts = self._counts, {}
            self._notes[at] = "".join(self._inside(body, "", 0))
            self._counts = counts
        return f"[{at + 1}]"

    def _formula(self, place: str) -> str:
        """Returns the formula that is a document of its own in the archive, at this place. Any
        other kind of object has no text, nor has one that must not be read."""
        name = f"{place.removeprefix('./').rstrip('/')}/content.xml"
        if name not in self._formulas:
            self._formulas[name] = ""
            with suppress(ValueError):
                if xml := small_part(self._archive, name):
                    root = parsed(xml)
                    self._formulas[name] = written_in_mathml(root) if root.tag == MATH else ""
        return self._formulas[name]

    def _list(self, element: Any, style: str, level: int) -> Iterator[str]:
        style = element.get(f"{_TEXT}style-name") or style
        level += 1
        if level == 1:
            self._counts = self._counts_before(element, style)
        ordered = self._styles.ordered.get(style, {})
        name = "ol" if level in ordered else "ul"
        self._counts.setdefault(level, ordered.get(level, 1) - 1)
        look = ' class="indent"' if level in self._styles.unmarked.get(style, ()) else ""
        yield f'<{name}{look} start="{self._counts[level] + 1}">'
        yield from self._inside(element, style, level)
        yield f"</{name}>"

    def _counts_before(self, element: Any, style: str) -> dict[int, int]:
        """Returns the last numbers of the list that this list continues, or none. They are counted
        on for the list itself."""
        continued = element.get(f"{_TEXT}continue-list", "")
        if not continued and element.get(f"{_TEXT}continue-numbering") == "true":
            continued = f"style {style}"
        counts = self._counts_of.get(continued, {}) if continued else {}
        self._counts_of[element.get(_ID, "")] = self._counts_of[f"style {style}"] = counts
        return counts

    def _item(self, element: Any, style: str, level: int) -> Iterator[str]:
        """Yields the HTML of a list item. One that has nothing but a list in it is not counted."""
        value = ""
        if any(child.tag in _PARAGRAPHS for child in element):
            count = self._counts.get(level, 0) + 1
            if (start := element.get(START)) is not None:
                count = number(start, count)
                value = f' value="{count}"'
            kept = {depth: last for depth, last in self._counts.items() if depth < level}
            self._counts.clear()
            self._counts.update(kept | {level: count})
        yield f"<li{value}>"
        yield from self._inside(element, style, level)
        yield "</li>"

    def _styled(self, element: Any, tag: str, inside: Iterator[str]) -> Iterator[str]:
        said = self._styles.css(element.get(f"{_TEXT}style-name", ""))
        yield f'<{tag} style="{said}">' if said else f"<{tag}>"
        yield from inside
        yield f"</{tag}>"

    def _heading(self, element: Any) -> str:
        """Returns the tag of a heading, or of a paragraph whose style is a title's or is derived
        from it, and otherwise an empty string."""
        if element.tag == f"{_TEXT}h":
            depth = min(max(number(element.get(f"{_TEXT}outline-level"), 1), 1), _HEADINGS)
            return f"h{depth}"
        return self._styles.title(element.get(f"{_TEXT}style-name", ""))


def _spaces(count: int) -> str:
    return f'<span style="white-space:pre-wrap">{" " * count}</span>'
