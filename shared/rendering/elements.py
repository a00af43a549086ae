"""This module holds what is known about the elements of HTML: which are blocks, which are headings
and lists, and whose text is not read. It is pure."""

import re
from collections.abc import Mapping
from enum import Enum, auto

from padfleet.shared.rendering.styles import Declarations

_SECTIONS = ("article", "aside", "body", "footer", "header", "main", "nav", "search", "section")
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "hgroup")
_PARAGRAPHS = ("address", "blockquote", "center", "div", "figcaption", "figure", "hr", "p", "pre")
_LISTS = ("dd", "dir", "dl", "dt", "li", "menu", "ol", "ul")
_TABLES = ("caption", "table", "tbody", "tfoot", "thead", "tr")
_FORMS = ("details", "dialog", "fieldset", "form", "legend", "optgroup", "option", "summary")

BLOCKS = frozenset((*_SECTIONS, *_HEADINGS, *_PARAGRAPHS, *_LISTS, *_TABLES, *_FORMS))

_NOT_SHOWN = ("datalist", "head", "iframe", "script", "style", "template", "textarea", "title")
_REPEATS = ("annotation", "annotation-xml", "noembed", "noframes", "o:p")

UNREAD = frozenset((*_NOT_SHOWN, *_REPEATS))
"""Elements whose text is not read. An `<o:p>` of Word holds nothing but the no-break space of an
empty paragraph; an `<annotation>` repeats a formula in another notation."""

LISTS = frozenset(("ul", "ol", "menu", "dir"))

HEADINGS_OF_A_PAD = {name: name for name in ("h1", "h2", "h3", "h4", "h5", "h6", "code")}

HEADINGS = {"h1": "h1", "h2": "h2", "h3": "h3", "h4": "h4", "h5": "h4", "h6": "h4"}
"""Which heading of a pad each heading of a document becomes, if headings are wanted. Otherwise a
heading is read as plain text, because a heading is an attribute of its line, and such a line shows
an asterisk on pages that lack the plugin for headings."""

NO_HEADINGS: dict[str, str] = {}

_LIBREOFFICE_MARKS = frozenset(("Numbering_20_Symbols", "Bullet_20_Symbols"))
"""The classes of the bullets and numbers that LibreOffice writes as text next to its list items."""

_WORD_FOR_THE_WEB = re.compile(r"SCX[A-Z][0-9]+")
"""The class that each element from Word for the web and its sister programs has."""


class Stand(Enum):
    """What an element of Word for the web stands for. The text in it is not read."""

    NOTHING = auto()
    TAB = auto()
    LINE_BREAK = auto()


_STANDS = {
    "EOP": Stand.NOTHING,
    "PageBreakBlob": Stand.NOTHING,
    "TabRun": Stand.TAB,
    "LineBreakBlob": Stand.LINE_BREAK,
}
"""What elements of Word for the web stand for, by class. An `EOP`, with a no-break space, is at the
end of each paragraph."""

_UNSEEN = frozenset(
    (
        ("display", "none"),
        ("visibility", "hidden"),
        ("visibility", "collapse"),
        ("mso-hide", "all"),
        ("mso-element", "comment-list"),
        ("mso-list", "ignore"),
        ("mso-special-character", "comment"),
    )
)
"""The declarations of elements whose text is not read: it is hidden, a comment, or the bullet or
number that Word writes as text."""


def is_hidden(given: Mapping[str, str], said: Declarations) -> bool:
    """Returns whether an element's text is not read, because of its attributes or its
    declarations."""
    marks = _LIBREOFFICE_MARKS.intersection(given.get("class", "").split())
    return bool(marks) or "hidden" in given or not _UNSEEN.isdisjoint(said.items())


def stands_for(given: Mapping[str, str]) -> Stand | None:
    """Returns what an element with these attributes stands for, or None if its text is read."""
    names = given.get("class", "").split()
    found = next((_STANDS[name] for name in names if name in _STANDS), None)
    return found if found and any(map(_WORD_FOR_THE_WEB.fullmatch, names)) else None
