"""This module converts OpenDocument texts to HTML. It is pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import escape
from typing import Any, Final

from padfleet.shared.documents.packages import checked, part
from padfleet.shared.easysync.characters import TAB

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
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
    f"{_TEXT}s": lambda element: _spaces(min(_number(element.get(f"{_TEXT}c"), 1), MOST_SPACES)),
    f"{_TEXT}tab": lambda _: _spaces(len(TAB)),
    f"{_TEXT}line-break": lambda _: "<br>",
}
"""Elements that stand for white space."""

_UNREAD = frozenset(
    {
        f"{_TEXT}tracked-changes",
        f"{_TEXT}note",
        f"{_OFFICE}annotation",
        f"{_TEXT}sequence-decls",
        f"{_OFFICE}forms",
        f"{_TEXT}bookmark-ref",
    }
)

MOST_SPACES: Final = 1_000
"""The maximum number of spaces that one element of an OpenDocument may stand for."""

_NUMBER = re.compile("[0-9]{1,4}")

_HEADINGS: Final = 6


class OpenDocument:
    """An OpenDocument text as HTML."""

    def __init__(self, data: bytes) -> None:
        from lxml import etree

        archive = checked(data)
        content = part(archive, "content.xml")
        if content is None:
            raise ValueError("it is not an OpenDocument text")
        safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        self._root: Any = etree.fromstring(content, safe)
        roots = [self._root]
        if (styles := part(archive, "styles.xml")) is not None:
            roots.append(etree.fromstring(styles, safe))
        self._styles: dict[str, Any] = {}
        # the numbered levels and the number of their first item, by list style
        self._ordered: dict[str, dict[int, int]] = {}
        # the levels whose items have no mark, by list style
        self._unmarked: dict[str, set[int]] = {}
        for root in reversed(roots):
            for style in root.iter(f"{_STYLE}style"):
                self._styles[style.get(f"{_STYLE}name", "")] = style
            for style in root.iter(f"{_TEXT}list-style"):
                ordered: dict[int, int] = {}
                unmarked: set[int] = set()
                name = style.get(f"{_STYLE}name", "")
                self._ordered[name], self._unmarked[name] = ordered, unmarked
                for level in style.iter(f"{_TEXT}list-level-style-number"):
                    depth = _number(level.get(f"{_TEXT}level"), 1)
                    if level.get(f"{_STYLE}num-format"):
                        ordered[depth] = _number(level.get(_START), 1)
                    else:
                        unmarked.add(depth)
        self._counts: dict[int, int] = {}  # the last number of the list, by level
        self._counts_of: dict[str, dict[int, int]] = {}  # by the list's id, and by its style

    def html(self) -> str:
        body = self._root.find(f"{_OFFICE}body/{_OFFICE}text")
        if body is None:
            raise ValueError("it is an OpenDocument, but not a text")
        return "".join(self._inside(body, "", 0))

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

        def inside() -> Iterator[str]:
            return self._inside(element, style, level)

        if tag in _PARAGRAPHS:
            yield from self._styled(element, self._heading(element) or "p", inside())
        elif tag == f"{_TEXT}a":
            yield f'<a href="{escape(element.get(_HREF, ""))}">'
            yield from inside()
            yield "</a>"
        elif tag == f"{_TEXT}span":
            yield from self._styled(element, "span", inside())
        elif tag == f"{_TEXT}list":
            yield from self._list(element, style, level)
        elif tag == f"{_TEXT}list-item":
            yield from self._item(element, style, level)
        elif tag in _AS:
            yield from _within(_AS[tag], inside())
        elif tag in _BLANKS:
            yield _BLANKS[tag](element)
        else:
            yield from inside()

    def _list(self, element: Any, style: str, level: int) -> Iterator[str]:
        style = element.get(f"{_TEXT}style-name") or style
        level += 1
        if level == 1:
            self._counts = self._counts_before(element, style)
        ordered = self._ordered.get(style, {})
        name = "ol" if level in ordered else "ul"
        self._counts.setdefault(level, ordered.get(level, 1) - 1)
        look = ' class="indent"' if level in self._unmarked.get(style, ()) else ""
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
            number = self._counts.get(level, 0) + 1
            if (start := element.get(_START)) is not None:
                number = _number(start, number)
                value = f' value="{number}"'
            kept = {depth: last for depth, last in self._counts.items() if depth < level}
            self._counts.clear()
            self._counts.update(kept | {level: number})
        yield f"<li{value}>"
        yield from self._inside(element, style, level)
        yield "</li>"

    def _styled(self, element: Any, tag: str, inside: Iterator[str]) -> Iterator[str]:
        said = self._said(element.get(f"{_TEXT}style-name", ""))
        yield f'<{tag} style="{said}">' if said else f"<{tag}>"
        yield from inside
        yield f"</{tag}>"

    def _heading(self, element: Any) -> str:
        """Returns the tag of a heading, or of a paragraph whose style is a title's or is derived
        from it, and otherwise an empty string."""
        if element.tag == f"{_TEXT}h":
            depth = min(max(_number(element.get(f"{_TEXT}outline-level"), 1), 1), _HEADINGS)
            return f"h{depth}"
        for name, _ in self._made_of(element.get(f"{_TEXT}style-name", "")):
            if name in _TITLES:
                return _TITLES[name]
        return ""

    def _said(self, name: str) -> str:
        """Returns the text formats of a style as CSS. Formats that the style does not define are
        those of the style that it is derived from."""
        found: dict[str, str] = {}
        for _, style in self._made_of(name):
            if style is None or style.get(f"{_STYLE}family") not in ("text", "paragraph"):
                break
            for properties in style.iterchildren(f"{_STYLE}text-properties"):
                for key, css in _CSS.items():
                    if (value := properties.get(key)) is not None:
                        found.setdefault(css, _FORMATS[css](value))
        lines = found.pop("underline", "") + found.pop("through", "")
        if lines:
            found["text-decoration"] = lines
        return ";".join(f"{css}:{value}" for css, value in found.items() if value)

    def _made_of(self, name: str) -> Iterator[tuple[str, Any]]:
        """Yields a style and the styles that it is derived from, ten at most, each with its name. A
        style is None if the document has none of that name."""
        for _ in range(10):
            style = self._styles.get(name)
            yield name, style
            if style is None:
                return
            name = style.get(f"{_STYLE}parent-style-name", "")


_START: Final = f"{_TEXT}start-value"
_ID: Final = "{http://www.w3.org/XML/1998/namespace}id"
_HREF: Final = "{http://www.w3.org/1999/xlink}href"

_TITLES: Final = {"Title": "h1", "Subtitle": "h2"}
"""LibreOffice's styles for document titles. A document has its own names for styles that are
derived from them."""

_CSS: Final = {
    f"{_FO}font-weight": "font-weight",
    f"{_FO}font-style": "font-style",
    f"{_STYLE}text-underline-style": "underline",
    f"{_STYLE}text-line-through-style": "through",
}

_FORMATS: Final[dict[str, Any]] = {
    "font-weight": lambda value: value if value.isalnum() else "",
    "font-style": lambda value: value if value.isalnum() else "",
    "underline": lambda value: "" if value == "none" else " underline",
    "through": lambda value: "" if value == "none" else " line-through",
}


def _spaces(count: int) -> str:
    return f'<span style="white-space:pre-wrap">{" " * count}</span>'


def _within(tag: str, inside: Iterator[str]) -> Iterator[str]:
    yield f"<{tag}>"
    yield from inside
    yield f"</{tag}>"


def _number(text: str | None, default: int) -> int:
    return int(text) if text is not None and _NUMBER.fullmatch(text) else default
