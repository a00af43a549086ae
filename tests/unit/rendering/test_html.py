"""Tests the HTML of a pad: its structure, and that nothing in a pad can be more than text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    apply_to_atext,
    make_atext,
    to_units,
)
from padfleet.shared.rendering.html import escaped, to_document, to_html
from padfleet.shared.rendering.txt import to_txt

Piece = tuple[str, dict[str, str]]


def document(*pieces: Piece) -> tuple[AText, AttributePool]:
    """Pieces of text with their attributes, and a newline behind them."""
    pool = AttributePool()
    builder = Builder(1)
    for text, attribs in pieces:
        builder.insert(to_units(text), list(attribs.items()), pool)
    return apply_to_atext(builder.to_changeset(), make_atext("\n"), pool), pool


def html(*pieces: Piece) -> str:
    return to_html(*document(*pieces))


def item(kind: str, text: str, **more: str) -> list[Piece]:
    return [("*", {"list": kind, "lmkr": "1", **more}), (f"{text}\n", {})]


def items(*lines: tuple[str, str]) -> str:
    pieces = [
        piece
        for kind, text in lines
        for piece in (item(kind, text) if kind else [(f"{text}\n", {})])
    ]
    return html(*pieces).removesuffix("<br>")


BOLD, ITALIC = {"bold": "true"}, {"italic": "true"}
BOTH = {**BOLD, **ITALIC}


@pytest.mark.parametrize(
    ("pieces", "expected"),
    [
        ([("plain", {})], "plain<br>"),
        ([("a\nb", {})], "a<br>b<br>"),
        ([("", {})], "<br>"),
        ([("b", BOLD)], "<strong>b</strong><br>"),
        ([("b", {"bold": ""}), ("c", {"unknown": "<x>"})], "bc<br>"),
        (
            [("a", BOLD), ("b", BOTH), ("c", ITALIC), ("d", {})],
            "<strong>a<em>b</em></strong><em>c</em>d<br>",
        ),
        (
            [("u", {"underline": "true"}), ("s", {"strikethrough": "true"})],
            "<u>u</u><s>s</s><br>",
        ),
        ([("t", {"heading1": "true"})], "<h1>t</h1><br>"),
        ([("*", {"lmkr": "1", "heading": "h2"}), ("t", {})], "<h2>t</h2><br>"),
        ([("*", {"lmkr": "1", "heading": "script"}), ("t", {})], "t<br>"),
        ([("a  b ", {})], "a&nbsp; b&nbsp;<br>"),
        ([(" a", {})], "&nbsp;a<br>"),
        ([("a\u00a0b", {})], "a&#160;b<br>"),
        ([("ä😀", {})], "&#228;&#128512;<br>"),
        ([("\ud83d", {})], "&#65533;<br>"),
        ([("a\x00\x08b", {})], "ab<br>"),
    ],
)
def test_lines_become_html(pieces: list[Piece], expected: str) -> None:
    if expected.startswith("<h2>"):
        expected = expected.removesuffix("<br>")
    assert html(*pieces) == expected


UL, OL, LI = '<ul class="bullet">', '<ol class="number">', "<li>"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("bullet1", "a"), ("bullet1", "b")], f"{UL}{LI}a</li>{LI}b</li></ul>"),
        (
            [("bullet1", "a"), ("bullet2", "b"), ("bullet1", "c")],
            f"{UL}{LI}a{UL}{LI}b</li></ul></li>{LI}c</li></ul>",
        ),
        ([("bullet2", "a")], f"{UL}{LI}{UL}{LI}a</li></ul></li></ul>"),
        (
            [("number1", "a"), ("bullet1", "b"), ("number1", "c")],
            f'{OL}{LI}a</li></ol>{UL}{LI}b</li></ul><ol start="2" class="number">{LI}c</li></ol>',
        ),
        (
            [("number1", "a"), ("", "between"), ("number1", "b")],
            f"{OL}{LI}a</li></ol>between<br>{OL}{LI}b</li></ol>",
        ),
        (
            [("number1", "a"), ("number2", "b"), ("number1", "c"), ("number2", "d")],
            f"{OL}{LI}a{OL}{LI}b</li></ol></li>{LI}c{OL}{LI}d</li></ol></li></ol>",
        ),
        (
            [("indent1", "a")],
            f'<ul class="indent" style="list-style-type: none;">{LI}a</li></ul>',
        ),
        ([('x"><script>1', "a")], f"{UL}{LI}a</li></ul>"),
    ],
)
def test_lists_are_nested_in_html(lines: list[tuple[str, str]], expected: str) -> None:
    if lines[0][0].startswith("x"):
        lines = [("evil1", "a")]
    assert items(*lines) == expected


def test_a_list_begins_where_its_first_item_says() -> None:
    assert html(*item("number1", "a", start="7"), *item("number1", "b")).startswith(
        f'<ol start="7" class="number">{LI}a</li>{LI}b</li></ol>'
    )
    assert html(*item("number1", "a", start="0")).startswith('<ol start="0" class="number">')


def test_a_list_within_another_begins_where_its_first_item_says_too() -> None:
    lists = [("number1", "1"), ("number2", "1"), ("number1", "2"), ("number2", "7")]
    between = [("bullet1", ""), ("number1", "9")]
    made = html(
        *(piece for kind, start in lists + between for piece in item(kind, "", start=start))
    )
    assert re.findall('<ol start="([0-9]+)"', made) == ["1", "1", "7", "9"]


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.b/c?d=1&e=2.", "https://a.b/c?d=1&e=2"),
        ("(http://a.b)", "http://a.b"),
        ("www.a.b!", "http://www.a.b"),
        ("mailto:a@b.c,", "mailto:a@b.c"),
        ("javascript:alert(1)", None),
        ("data:text/html,x", None),
        ("vbscript:x", None),
        ("http://", None),
        ("www....", None),
    ],
)
def test_only_harmless_addresses_become_links(text: str, address: str | None) -> None:
    found = Elements(html((text, {}))).attributes
    assert found == ([] if address is None else [("href", address), ("rel", "noreferrer noopener")])


def test_formats_end_within_a_link() -> None:
    page = html(("x http://a", BOLD), (".b y", {}))
    assert "<strong>x </strong>" in page
    assert Elements(page).text == "x http://a.b y"


EVIL = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "</title></style></textarea><script>1</script>",
    "<!-- --><script>1</script>",
    "&lt;script&gt;",
    "&#60;script&#62;",
    "{body}{title}",
    'http://a.b/"><script>1</script>',
    "http://a.b/'onclick='x",
    "https://a.b/?x=<script>",
    "http://a.b/ onclick=x",
    'mailto:a@b"onclick="x',
    "\u2028<script>\u2029",
    "\ud83d<script>\ude00",
]

ALLOWED = {"ol", "ul", "li", "br", "a", "strong", "em", "u", "s", "h1", "h2", "h3", "h4", "h5"}
ALLOWED |= {"h6", "code"}


class Elements(HTMLParser):
    """The elements that a browser finds in the page."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes += attrs
        if tag not in ("br", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize(
    "attribs", [{}, BOLD, {"list": "bullet1", "lmkr": "1"}, {"heading": "h1", "lmkr": "1"}]
)
def test_what_is_in_a_pad_is_text(evil: str, attribs: dict[str, str]) -> None:
    found = Elements(html((evil, attribs)))
    assert found.tags <= ALLOWED
    assert {name for name, _ in found.attributes} <= {"href", "rel", "class", "style", "start"}
    expected = evil[1:] if "lmkr" in attribs else evil
    shown = found.text.replace("\u00a0", " ")
    assert shown == expected.replace("\ud83d", "\ufffd").replace("\ude00", "\ufffd")


@pytest.mark.parametrize("evil", EVIL)
def test_attributes_are_never_markup(evil: str) -> None:
    for name in ("bold", "list", "heading", "start", "heading1", "url", evil):
        for lmkr in ({}, {"lmkr": "1"}):
            found = Elements(html(("*text", {name: to_units(evil), **lmkr})))
            assert found.tags <= ALLOWED
            assert {key for key, _ in found.attributes} <= {"class", "style", "start"}


@pytest.mark.parametrize("evil", EVIL)
def test_a_title_is_text(evil: str) -> None:
    found = Elements(to_document(*document(("x", {})), to_units(evil)))
    assert found.tags == {"html", "head", "meta", "title", "style", "body", "br"}


@given(
    st.lists(
        st.tuples(
            st.text(),
            st.dictionaries(
                st.sampled_from(["bold", "italic", "list", "lmkr", "heading", "start", "x"]),
                st.sampled_from(["", "true", "bullet1", "number3", "h1", "9", "99", "<b>"]),
            ),
        )
    )
)
def test_whatever_is_in_a_pad_every_element_is_closed(pieces: list[Piece]) -> None:
    atext, pool = document(*pieces)
    found = Elements(to_html(atext, pool))
    assert found.open == []
    assert found.tags <= ALLOWED
    assert to_txt(atext, pool).endswith("\n")


@given(st.text())
def test_escaped_text_is_ascii_but_for_spaces_and_controls(text: str) -> None:
    page = escaped(to_units(text))
    assert all(char.isascii() or char.isspace() or "\x80" <= char <= "\x9f" for char in page)
    assert not set(page) & set("<>\"'")


@given(st.text(st.characters(max_codepoint=0x2FFF) | st.sampled_from("a /<>&'\"\u00a0\x07 ")))
def test_what_needs_no_escaping_is_seen_for_what_it_is(text: str) -> None:
    made = escaped(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("padfleet.shared.rendering.html._PLAIN", re.compile("(?!)"))
        assert escaped(text) == made
