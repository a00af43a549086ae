"""This module reads the styles of OpenDocument texts. It is pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_FO = "{urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0}"

START: Final = f"{_TEXT}start-value"
"""The attribute with the number of a list's first item."""

_NUMBER = re.compile("[0-9]{1,4}")

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


class Styles:
    """The styles of a document, by their names."""

    def __init__(self, roots: Iterable[Any]) -> None:
        """Takes the parts of the document that define styles. A later one counts for more."""
        self._styles: dict[str, Any] = {}
        self.ordered: dict[str, dict[int, int]] = {}
        """The numbered levels and the number of their first item, by list style."""
        self.unmarked: dict[str, set[int]] = {}
        """The levels whose items have no mark, by list style."""
        for root in roots:
            for style in root.iter(f"{_STYLE}style"):
                self._styles[style.get(f"{_STYLE}name", "")] = style
            for style in root.iter(f"{_TEXT}list-style"):
                self._add_list(style)

    def _add_list(self, style: Any) -> None:
        ordered: dict[int, int] = {}
        unmarked: set[int] = set()
        name = style.get(f"{_STYLE}name", "")
        self.ordered[name], self.unmarked[name] = ordered, unmarked
        for level in style.iter(f"{_TEXT}list-level-style-number"):
            depth = number(level.get(f"{_TEXT}level"), 1)
            if level.get(f"{_STYLE}num-format"):
                ordered[depth] = number(level.get(START), 1)
            else:
                unmarked.add(depth)

    def title(self, name: str) -> str:
        """Returns the tag of a paragraph with this style, if that is a title's or is derived from
        it, and otherwise an empty string."""
        for each, _ in self._made_of(name):
            if each in _TITLES:
                return _TITLES[each]
        return ""

    def css(self, name: str) -> str:
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


def number(text: str | None, default: int) -> int:
    """Returns the number that a text is, or the default if it is none, or a huge one."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else default
