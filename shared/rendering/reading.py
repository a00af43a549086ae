"""This module turns HTML into a document: paragraphs, lists, and the formats that a pad has. It is
pure.

It reads as much as an editor would paste. Of other elements only the text is read, and what is not
meant to be read (scripts, styles, the head) is left out.

The tree is the one that a browser builds: turbohtml parses in linear time, and nests elements no
deeper than browsers do. `Paragraphs` is told about the elements one after the other, so nothing
here is recursive.
"""

import re
from collections.abc import Mapping
from enum import Enum, auto
from typing import NamedTuple

from turbohtml.saxparse import SaxHandler, sax_parse

from padfleet.shared.easysync import AText, AttributePool, to_units
from padfleet.shared.easysync.assembler import Assembler
from padfleet.shared.easysync.attributes import encode_attribs
from padfleet.shared.rendering.elements import (
    BLOCKS,
    HEADINGS,
    HEADINGS_OF_A_PAD,
    LISTS,
    NO_HEADINGS,
    UNREAD,
    Stand,
    is_hidden,
    stands_for,
)
from padfleet.shared.rendering.links import LinkRead
from padfleet.shared.rendering.lists import Attributes, Lists
from padfleet.shared.rendering.paragraphs import DocumentTooLarge, Paragraphs, Runs
from padfleet.shared.rendering.styles import FORMATS, Declarations, changes, declarations, rules

_PRE = ("pre", "pre-wrap", "preserve", "break-spaces")

_TELLING = frozenset(("class", "hidden", "style"))
"""The attributes that may say how the text of an element looks."""

_OF_A_PAD = re.compile(
    r"\s*<!DOCTYPE HTML><html><body>"
    r"|(?i:.{0,2000}<meta name=[\"']?generator[\"']? content=[\"']?(?:padfleet|etherpad)\b)",
    re.DOTALL,
)
"""The beginning of a pad's HTML, as exports and the API of padfleet and Etherpad write it."""

_HALVES = re.compile("[\ud800-\udfff]")

HARD = "\ufdd0"
"""A placeholder for a space that must not collapse as spaces do in HTML. It is a Unicode
noncharacter."""


def from_html(
    html: str,
    author: str,
    *,
    units: int | None = None,
    headings: bool = False,
    addresses: bool = False,
) -> tuple[AText, AttributePool]:
    """Returns the document, written by `author`. Any `html` yields a document.

    In the HTML of a pad, ``&nbsp;`` is a space in a place where browsers would not show one, and
    ``&#160;`` is a no-break space, so that an export comes back as it was. In other HTML both are
    no-break spaces.

    Arguments:
        units: the maximum length of the text, in code units.
        headings: whether headings stay headings. Those of a pad's own HTML always do.
        addresses: whether the address of a link is added after its text, unless the text is the
            address. A pad has no links other than addresses in its text. In a pad's own HTML,
            nothing is added.

    Raises `DocumentTooLarge` for a text of more than `units` code units.
    """
    of_a_pad = _OF_A_PAD.match(html) is not None
    # A lone surrogate is not a character, and the parser does not accept it.
    html = _HALVES.sub("\ufffd", html.replace(HARD, ""))
    if of_a_pad:
        html = html.replace("&nbsp;", HARD)
    wanted = HEADINGS if headings else NO_HEADINGS
    known = HEADINGS_OF_A_PAD if of_a_pad else wanted
    reader = _Reader(units, known, addresses=addresses and not of_a_pad)
    sax_parse(html, reader)
    atext, pool = _built(reader.lines.finished(), author)
    if units is not None and len(atext.text) > units + 1:
        raise DocumentTooLarge(f"the text is longer than {units} characters")
    return atext, pool


def _built(lines: list[tuple[Attributes, Runs]], author: str) -> tuple[AText, AttributePool]:
    pool, out, pieces = AttributePool(), Assembler(), []
    known: dict[Attributes, str] = {}

    def add(text: str, attributes: Attributes) -> None:
        attribs = known.get(attributes)
        if attribs is None:
            pairs = [("author", author), *attributes]
            attribs = known[attributes] = encode_attribs(pairs, pool, inserting=True)
        out.add("+", len(text), text.count("\n"), attribs)
        pieces.append(text)

    for marker, runs in lines:
        if marker:
            add("*", marker)
        for text, formats in runs:
            add(to_units(text.replace(HARD, " ")), formats)
        add("\n", ())
    return AText("".join(pieces), out.finish()), pool


class _State(NamedTuple):
    """What applies within an element; after the element, the state before it applies again."""

    formats: Attributes = ()
    unread: bool = False
    as_is: bool = False  #: whether spaces and line ends are kept


class _Paragraph(Enum):
    """What a `<p>` is, if it is not simply a paragraph."""

    ITEM = auto()  #: of a list of Word
    HEADING = auto()


class _Reader(SaxHandler):
    def __init__(self, units: int | None, headings: Mapping[str, str], *, addresses: bool) -> None:
        """Takes the limits and options of `from_html`.

        Arguments:
            headings: the tags of the headings that are kept, and what each becomes in the pad.
        """
        self._lists = Lists()
        self.lines = Paragraphs(self._lists, units)
        self._headings = headings
        self._addresses = addresses
        self._link: LinkRead | None = None
        self._state = _State()
        self._outside: list[_State] = []
        self._paragraphs: list[int | _Paragraph] = []
        """The open paragraphs: `lines.said` when each began, or what it is instead."""
        self._sign: list[str] | None = None
        self._sheet: list[str] | None = None
        self._rules: dict[str, Declarations] = {}

    def start_element(self, tag: str, attrs: tuple[tuple[str, str | None], ...]) -> None:
        given = {name: value or "" for name, value in attrs}
        self._outside.append(self._state)
        if tag == "style":
            self._sheet = []
        if self._state.unread or tag in UNREAD:
            self._state = self._state._replace(unread=True)
            return
        said: Declarations = {}
        if tag in FORMATS or tag == "pre" or not _TELLING.isdisjoint(given):
            said = self._said(given)
            self._state = self._within(tag, given, said)
            if self._state.unread:
                if said.get("mso-list") == "ignore":
                    self._sign = []
                return
        if (stand := stands_for(given)) is not None:
            self._stand(stand)
        else:
            self._open(tag, given, said)

    def _open(self, tag: str, given: dict[str, str], said: Declarations) -> None:
        if tag == "br":
            self.lines.line_break()
        elif tag == "a" and self._addresses:
            self._link = LinkRead(given.get("href", ""))
        elif tag in ("td", "th"):
            self.lines.cell()
        elif tag in BLOCKS or tag in self._headings:
            self._open_block(tag, given, said)

    def end_element(self, tag: str) -> None:
        if tag == "style" and self._sheet is not None:
            self._rules |= rules("".join(self._sheet))
            self._sheet = None
        inside, self._state = self._state, self._outside.pop()
        if inside.unread:
            if self._sign is not None and not self._state.unread:
                self._lists.marked("".join(self._sign))
                self._sign = None
            return
        if tag in ("td", "th"):
            self.lines.end_cell()
        elif tag in BLOCKS or tag in self._headings:
            self._close_block(tag)
        elif tag == "a" and self._link is not None:
            link, self._link = self._link, None
            if address := link.address_to_add():
                self.lines.say(f" ({address})", inside.formats, as_is=False)

    def characters(self, data: str) -> None:
        if self._sheet is not None:
            self._sheet.append(data)
        if self._sign is not None:
            self._sign.append(data)
        if not self._state.unread:
            if self._link is not None:
                self._link.say(data)
            self.lines.say(data, self._state.formats, as_is=self._state.as_is)

    def _stand(self, stand: Stand) -> None:
        if stand is Stand.TAB:
            self.lines.say("\t", self._state.formats, as_is=True)
        elif stand is Stand.LINE_BREAK:
            self.lines.line_break()
        self._state = self._state._replace(unread=True)

    def _said(self, given: dict[str, str]) -> Declarations:
        """Returns the declarations of an element, from its classes and its style."""
        said: Declarations = {}
        for name in given.get("class", "").split():
            said |= self._rules.get(name, {})
        if "style" in given:
            said |= declarations(given["style"])
        return said

    def _within(self, tag: str, given: dict[str, str], said: Declarations) -> _State:
        state = self._state
        turned = changes(tag, said)
        if turned:
            kept = {name for name, _ in state.formats if turned.get(name, True)}
            kept |= {name for name, is_on in turned.items() if is_on}
            state = state._replace(formats=tuple((name, "true") for name in sorted(kept)))
        spaces = said.get("white-space", said.get("white-space-collapse"))
        if tag == "pre" or spaces in _PRE:
            state = state._replace(as_is=True)
        elif spaces is not None:
            state = state._replace(as_is=False)
        if is_hidden(given, said):
            state = state._replace(unread=True)
        return state

    def _open_block(self, tag: str, given: dict[str, str], said: Declarations) -> None:
        lines = self.lines
        if tag in LISTS:
            lines.list_begins()
            self._lists.open(tag, given)
        elif tag == "li":
            lines.item()
            self._lists.item(given)
        elif tag == "tr":
            lines.row()
        elif tag in self._headings:
            lines.heading(self._headings[tag])
        elif tag == "p" and self._lists.open_words(said.get("mso-list", "")):
            lines.item()
            self._paragraphs.append(_Paragraph.ITEM)
        elif tag == "p" and (heading := self._heading_of(given)):
            lines.heading(heading)
            self._paragraphs.append(_Paragraph.HEADING)
        else:
            lines.block()
            if tag == "p" or tag in HEADINGS:
                self._paragraphs.append(lines.said)

    def _heading_of(self, given: dict[str, str]) -> str | None:
        """Returns which heading of the pad a paragraph with these attributes is. Word for the web
        writes headings like this."""
        if given.get("role") != "heading":
            return None
        return self._headings.get(f"h{given.get('aria-level', '')}")

    def _close_block(self, tag: str) -> None:
        lines = self.lines
        if tag == "p" or (tag in HEADINGS and tag not in self._headings):
            self._close_paragraph(self._paragraphs.pop())
        elif tag == "li":
            lines.end_item()
        elif tag in LISTS:
            lines.hard_break()
            self._lists.close()
        elif tag == "tr":
            lines.row()
        elif tag in self._headings:
            lines.end_heading()
        else:
            lines.block()

    def _close_paragraph(self, opened: int | _Paragraph) -> None:
        if opened is _Paragraph.ITEM:
            self.lines.end_item()
            self._lists.close()
        elif opened is _Paragraph.HEADING:
            self.lines.end_heading()
        elif isinstance(opened, int):
            self.lines.end_paragraph(opened)
