"""From HTML to a document: paragraphs, lists, and the formats that a pad has. Pure.

What an editor would paste of it, no more: other elements are only looked through for their text,
and what is not meant to be read (scripts, styles, the head) is left out.
"""

import re
from html.parser import HTMLParser

from shared.easysync import AText, AttributePool, Builder, apply_to_atext, make_atext, to_units
from shared.rendering.lines import MOST_LEVELS

_FORMATS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "s": "strikethrough",
    "del": "strikethrough",
    "strike": "strikethrough",
}

_BLOCKS = frozenset(
    {
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    }
)

_UNREAD = frozenset({"head", "script", "style", "template", "textarea", "title"})

_SPACES = re.compile("[ \t\r\n\f]+")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")

_Attributes = tuple[tuple[str, str], ...]


def from_html(html: str, author: str) -> tuple[AText, AttributePool]:
    """The document, as its author's. Whatever `html` is, this is some document."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    pool = AttributePool()
    builder = Builder(1)
    for marker, runs in reader.finished():
        if marker:
            builder.insert("*", [("author", author), *marker], pool)
        for text, formats in runs:
            builder.insert(to_units(text), [("author", author), *formats], pool)
        builder.insert("\n", [("author", author)], pool)
    # The newline that is there before anything is written is that of the last line.
    changeset = builder.remove(1, 1).to_changeset()
    return apply_to_atext(changeset, make_atext("\n"), pool), pool


_Runs = list[tuple[str, _Attributes]]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._lines: list[tuple[_Attributes, _Runs]] = []
        self._runs: _Runs = []
        self._marker: _Attributes = ()
        self._lists: list[tuple[str, str]] = []  # type, and the first one's start
        self._formats: list[str] = []
        self._unread = 0
        self._as_is = 0  # within <pre>
        self._begun = False  # the line has something to show, were it only an item's bullet

    def finished(self) -> list[tuple[_Attributes, _Runs]]:
        self._break_line()
        return self._lines or [((), [])]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _UNREAD:
            self._unread += 1
        elif tag == "br":
            self._begun = True
            self._break_line()
        elif tag in _FORMATS:
            self._formats.append(_FORMATS[tag])
        elif tag in _BLOCKS:
            self._break_line()
            given = {name: value or "" for name, value in attrs}
            if tag in ("ul", "ol"):
                kind = "number" if tag == "ol" else "bullet"
                if "indent" in given.get("class", "").split():
                    kind = "indent"
                self._lists.append((kind, given.get("start", "")))
            elif tag == "li":
                self._begin_item()
            elif tag == "pre":
                self._as_is += 1

    def handle_endtag(self, tag: str) -> None:
        if tag in _UNREAD:
            self._unread = max(0, self._unread - 1)
        elif tag in _FORMATS and _FORMATS[tag] in self._formats:
            at = len(self._formats) - 1 - self._formats[::-1].index(_FORMATS[tag])
            del self._formats[at]
        elif tag in _BLOCKS:
            self._break_line()
            if tag in ("ul", "ol") and self._lists:
                self._lists.pop()
            elif tag == "pre":
                self._as_is = max(0, self._as_is - 1)

    def handle_data(self, data: str) -> None:
        if self._unread:
            return
        data = _CONTROL.sub("", data.replace("\r\n", "\n").replace("\t", " " * 8))
        if self._as_is:
            first, *more = data.split("\n")
            self._say(first)
            for line in more:
                self._begun = True
                self._break_line()
                self._say(line)
            return
        text = _SPACES.sub(" ", data)
        if not self._runs or self._runs[-1][0].endswith(" "):
            text = text.removeprefix(" ")
        self._say(text)

    def _say(self, text: str) -> None:
        if text:
            formats = tuple((name, "true") for name in sorted(set(self._formats)))
            self._runs.append((text.replace("\u00a0", " "), formats))
            self._begun = True

    def _begin_item(self) -> None:
        kind, start = self._lists[-1] if self._lists else ("bullet", "")
        level = min(max(len(self._lists), 1), MOST_LEVELS)
        more: _Attributes = ()
        if kind == "number":
            more = (("start", start if start.isascii() and start.isdecimal() else "1"),)
            if self._lists:
                self._lists[-1] = (kind, str(int(more[0][1]) + 1))
        self._marker = (("insertorder", "first"), ("list", f"{kind}{level}"), ("lmkr", "1"), *more)
        self._begun = True

    def _break_line(self) -> None:
        if not self._begun:
            self._runs = []
            return
        if not self._as_is and self._runs and self._runs[-1][0].endswith(" "):
            text, formats = self._runs.pop()
            if text.rstrip(" "):
                self._runs.append((text.rstrip(" "), formats))
        self._lines.append((self._marker, self._runs))
        self._marker, self._runs, self._begun = (), [], False
