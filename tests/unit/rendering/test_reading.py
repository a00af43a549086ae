"""Tests the conversion of HTML to a pad. Our own HTML comes back unchanged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    apply_to_atext,
    attribs_of,
    from_units,
    iter_ops,
    make_atext,
    to_units,
)
from padfleet.shared.rendering.html import to_document, to_html
from padfleet.shared.rendering.lines import TextLine, lines_of
from padfleet.shared.rendering.paragraphs import DocumentTooLarge
from padfleet.shared.rendering.reading import from_html
from padfleet.shared.rendering.styles import rules
from padfleet.shared.rendering.txt import to_txt
from tests.examples import examples

CASES = json.loads((Path(__file__).parent / "html.json").read_text())


def text_of(source: str) -> str:
    return from_units(to_txt(*from_html(source, "a.x")))


def formats_in(source: str) -> dict[str, set[str]]:
    """Returns the formats of each piece of the text that has any."""
    found: dict[str, set[str]] = {}
    for line in lines_of(*from_html(source, "a.x")):
        for run in line.runs:
            formats: set[str] = {
                name
                for name in ("bold", "italic", "strikethrough", "underline")
                if name in run.attribs
            }
            if formats:
                found[run.text] = formats
    return found


def test_a_heading_of_word_for_the_web_stays_one_where_headings_do() -> None:
    source = "<p role='heading' aria-level='5'>a</p><p role=heading aria-level=x>b</p><p>c</p>"
    for wanted, found in ((True, ["h4", "", ""]), (False, ["", "", ""])):
        lines = lines_of(*from_html(source, "a.x", headings=wanted))
        assert [line.heading for line in lines] == found


@pytest.mark.parametrize("headings", [True, False])
def test_an_empty_heading_is_an_empty_line_like_an_empty_paragraph(headings: bool) -> None:
    source = "<h1>a</h1><h2></h2><p>b</p><ul><li><h3></h3></li></ul><h4><b> </b></h4><h5>c</h5>"
    found = from_units(to_txt(*from_html(source, "a.x", headings=headings)))
    assert found.rstrip("\n") == "a\n\nb\n\t* \n\nc"


@pytest.mark.parametrize("case", CASES, ids=[case["what"] for case in CASES])
def test_html_of_common_editors_is_understood(case: dict[str, str]) -> None:
    assert text_of(case["html"]).rstrip("\n") == case["text"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("a<br>b", "a\nb\n"),
        ("<p>a</p><p>b</p>", "a\nb\n"),
        ("<p>a <b> b</b></p>", "a b\n"),
        ("<body>\n  a\n  b\n</body>", "a b\n"),
        ("a<script>x</script><style>y</style><title>z</title>b", "ab\n"),
        ("<pre>a\n  b</pre>c", "a\n  b\nc\n"),
        ("<pre>\na\n\n\tb\n</pre>c", "a\n\n        b\nc\n"),
        ("&lt;b&gt; &amp; &#128512; &eacute; &notanentity;", "<b> & 😀 é ¬anentity;\n"),
        ("", "\n"),
        ("<br><br>", "\n\n"),
        ("<a href='http://x'>y</a>", "y\n"),
        ("</ul></b></pre></script>x", "x\n"),
        ("a\x00b\tc", "ab c\n"),
        ("<!-- a --><![CDATA[b]]><?php c ?><!DOCTYPE x>d", "d\n"),
        ("<![", "\n"),
        ("<p>a<p>b", "a\nb\n"),
        ("<p \ud83d=1>a\ude00<\ud83d>b</p>", "a\ufffd<\ufffd>b\n"),
        ("<p>a<br></p><p>b</p>", "a\nb\n"),
        ("<p>a<br><br>b</p>", "a\n\nb\n"),
        ("<p> </p><p><br></p><p>b</p>", "\n\nb\n"),
        ("<div><div>a</div></div><div></div>b", "a\nb\n"),
        ("<p>a</p>\n\n  <p>b</p>", "a\nb\n"),
        ("a<span style='white-space: pre-wrap'>  b\nc</span>", "a  b\nc\n"),
        ("<p style='display:none'>a</p>b<iframe>c</iframe>", "b\n"),
        ("<h1>Head</h1>body", "Head\nbody\n"),
        ("a<hr>b", "a\nb\n"),
        ("<dl><dt>a<dd>b</dl>", "a\nb\n"),
        ("<svg><title>a</title></svg><noscript>b</noscript>c", "bc\n"),
    ],
)
def test_html_is_read_as_the_text_that_it_shows(source: str, text: str) -> None:
    assert text_of(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<ul><li>a<li>b</ul>c", "\t* a\n\t* b\nc\n"),
        ("<li>a", "\t* a\n"),
        ("<ul><li></li><li>b</li></ul>", "\t* \n\t* b\n"),
        ("<ul><li><p></p></li><li><br></li></ul>", "\t* \n\t* \n"),
        ("<ul><li><p>a</p><p>b</p></li></ul>", "\t* a\n\t* b\n"),
        ("<ul><li>a<ul><li>b</li></ul>c</li></ul>", "\t* a\n\t\t* b\n\t* c\n"),
        ("<ol><li>a</li><ol><li>b</li></ol><li>c</li></ol>", "\t1. a\n\t\t1.1. b\n\t2. c\n"),
        (
            "<ol><li>a</li><li><ol><li>b</li></ol></li><li>c</li></ol>",
            "\t1. a\n\t\t1.1. b\n\t2. c\n",
        ),
        ("<ol><li>a<ul><li>b</ul><li>c</ol>", "\t1. a\n\t\t* b\n\t2. c\n"),
        ("<ul><li>a<ol><li>b</ol><li>c</ul>", "\t* a\n\t\t1. b\n\t* c\n"),
        ("<ol start=4><li>a<li>b</ol>", "\t4. a\n\t5. b\n"),
        ("<ol><li value=4>a<li>b<ol><li value=3>c</ol></ol>", "\t4. a\n\t5. b\n\t\t5.3. c\n"),
        ("<ol><li value=x>a<li value=>b</ol><li value=5>c", "\t1. a\n\t2. b\n\t* c\n"),
        ("<ol start=-2><li>a</ol>", "\t1. a\n"),
        ("<ol><li>a</ol><p>x</p><ol start=2><li>b</ol>", "\t1. a\nx\n\t2. b\n"),
        ("<ul class=indent><li>a</ul>", "\ta\n"),
        ("<ul class='list-bullet2'><li>a</ul>", "\t\t* a\n"),
        ("<ol start=3 class='list-number2'><li>a</ol>", "\t\t3. a\n"),
        ("<ul class='list-indent1'><li>a</ul>", "\ta\n"),
        ("<ul class='list-bullet999'><li>a</ul>", "\t" * 16 + "* a\n"),
        (
            "<ul class='lst-kix_ab1-0 start'><li>a</ul><ul class='lst-kix_ab1-1'><li>b</ul>",
            "\t* a\n\t\t* b\n",
        ),
        (
            "<ul data-type=taskList><li><label><input type=checkbox><span></span></label>"
            "<div><p>do</p></div></li></ul>",
            "\t* do\n",
        ),
        (
            "<ul><li><p><span class='Bullet_20_Symbols'>•</span>a</p></li></ul>",
            "\t* a\n",
        ),
        (
            "<ul>\n\t<li><p style='margin: 0'>\n\tone</p>\n\t<li><p>two</p>\n</ul>",
            "\t* one\n\t* two\n",
        ),
        ("<ul><li><pre>a\nb</pre></li></ul>", "\t* a\n\t* b\n"),
        ("<ul><li><blockquote><p>a</p></blockquote></li></ul>", "\t* a\n"),
        ("<ul><li><table><tr><td>a<td>b</table></ul>", "\t* a | b\n"),
    ],
)
def test_lists_are_read_from_any_html(source: str, text: str) -> None:
    assert text_of(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>d", "a | b\nc\nd\n"),
        ("<table><tr><td><p>a</p></td><th><p>b</p></th></table>", "a | b\n"),
        ("<table><tr><td><p>a</p><p>b</p></td><td>c</table>", "a\nb | c\n"),
        ("<table><caption>t</caption><tr><td> </td><td>b</table>", "t\nb\n"),
    ],
)
def test_tables_become_lines(source: str, text: str) -> None:
    assert text_of(source) == text


BOLD = {"bold"}


@pytest.mark.parametrize(
    ("source", "formats"),
    [
        ("<b>a</b>c<strong>b</strong>", {"a": BOLD, "b": BOLD}),
        ("<i>a</i>-<em>b</em>", {"a": {"italic"}, "b": {"italic"}}),
        ("<u>a</u>c<ins>b</ins>", {"a": {"underline"}, "b": {"underline"}}),
        (
            "<s>a</s>-<del>b</del>-<strike>c</strike>",
            {one: {"strikethrough"} for one in "abc"},
        ),
        ("<span style='font-weight: 700'>a</span>", {"a": BOLD}),
        ("<span style='FONT-WEIGHT:bold !important'>a</span>", {"a": BOLD}),
        ("<span style='font-weight: 500'>a</span>", {}),
        ("<b style='font-weight:normal'>a</b>", {}),
        ("<b>a<span style='font-weight:400'>b</span>c</b>", {"a": BOLD, "c": BOLD}),
        ("<span style='font-style:oblique 10deg'>a</span>", {"a": {"italic"}}),
        (
            "<span style='text-decoration: underline line-through red'>a</span>",
            {"a": {"underline", "strikethrough"}},
        ),
        ("<span style='text-decoration-line:underline'>a</span>", {"a": {"underline"}}),
        ("<p style='font-weight:bold'>a</p>b", {"a": BOLD}),
        ("<span style='font: bold 12px/1.5 Arial'>a</span>", {"a": BOLD}),
        (
            "<span style='font: italic small-caps 700 1.5em serif'>a</span>",
            {"a": {"bold", "italic"}},
        ),
        ("<b style='font: 12px Arial'>a</b><i style='font: bold medium Arial'>b</i>", {"b": BOLD}),
        ("<b style='font: inherit'>a</b>", {"a": BOLD}),
        ("<span style='font: bold 12px Arial; font-weight: normal'>a</span>", {}),
        ("<span style='font-weight: normal; font: bold 12px Arial'>a</span>", {"a": BOLD}),
        (
            "<span style='font-weight: 1000'>a</span><b style='font-weight: initial'>b</b>",
            {"a": BOLD},
        ),
        ("<i>a<span style='font-style: initial'>b</span></i>", {"a": {"italic"}}),
        ("<u style='text-decoration: none'>a</u><s style='text-decoration-line: none'>b</s>", {}),
        (
            "<u>a<s style='text-decoration: none'>b</s><b style='text-decoration: none'>c</b></u>",
            {"ab": {"underline"}, "c": {"bold", "underline"}},
        ),
        ("<b><i>a</b>b</i>", {"a": {"bold", "italic"}, "b": {"italic"}}),
        ("<p><b>a<p>b</b>c", {"a": BOLD, "b": BOLD}),
        ("<style>/* x */ .c1{font-weight:700} p.c2, .c3 {}</style><p class=c1>a</p>", {"a": BOLD}),
    ],
)
def test_formats_are_read_from_tags_and_styles(source: str, formats: dict[str, set[str]]) -> None:
    assert formats_in(source) == formats


def test_an_invalid_style_sheet_has_no_rules() -> None:
    assert rules(".a{" * 1000 + "/*" * 1000) == {}
    assert len(rules("".join(f".c{n}{{font-weight:700}}" for n in range(20_000)))) == 5000


@pytest.mark.parametrize(
    "source",
    [
        "<a " * 100_000,
        "<b>x" * 100_000,
        "<b>" * 50_000 + "</i>" * 50_000,
        "<b>/</i>" * 50_000,
        "<p>x" * 100_000,
        "<div>" * 200_000 + "x" + "</div>" * 200_000,
        "<ul><li>" * 100_000 + "x",
        "<![" * 100_000,
        "<table>" * 50_000 + "x",
        "<a><div>" * 20_000,
        "&notit" * 100_000,
        "<style>" + ".a{" * 100_000 + "/*" * 100_000 + "</style>",
        "<p style='" + "font-weight:bold;" * 50_000 + "'>x",
        "<p class='" + "a " * 200_000 + "'>x",
        "<meta name=generator " * 20_000,
        "<ol start=" + "9" * 5000 + "><li value=" + "9" * 5000 + ">x",
        "<ul class=list-bullet" + "9" * 5000 + "><li>x",
        "<p style='mso-list:l0 level1'><span style='mso-list:Ignore'>"
        + "1 " * 100_000
        + "x</span>",
        "<p style='mso-list:" + "level1 " * 50_000 + "'>x",
        "<p style='font:" + "bold " * 100_000 + "'>x",
    ],
    ids=lambda source: source[:12],
)
def test_what_is_made_to_take_long_does_not(source: str) -> None:
    """Each of these took seconds to minutes, or an exception, with one parser or another: the
    limit of a test's time is a hundred times what they take."""
    atext, _ = from_html(source, "a.x")
    assert atext.text.endswith("\n")
    assert len(atext.text) <= len(source) + 1


def test_a_text_that_is_too_long_is_refused_before_it_is_built() -> None:
    with pytest.raises(DocumentTooLarge, match="longer than 1000 characters"):
        from_html("<p>x" * 1000, "a.x", units=1000)
    with pytest.raises(DocumentTooLarge):
        from_html("😀" * 501, "a.x", units=1000)
    assert len(from_html("x" * 1000, "a.x", units=1000)[0].text) == 1001
    with pytest.raises(DocumentTooLarge):
        from_html("<pre>" + "\t" * 126, "a.x", units=1000)


@given(st.text(alphabet="<>/abiulop \n&;\"'=", max_size=60))
def test_whatever_is_read_is_a_document(source: str) -> None:
    atext, pool = from_html(source, "a.x")
    assert atext.text.endswith("\n")
    assert sum(op.chars for op in iter_ops(atext.attribs)) == len(atext.text)
    for op in iter_ops(atext.attribs):
        assert attribs_of(op.attribs, pool)["author"] == "a.x"


# --- There and back ------------------------------------------------------------------------------

_TEXT = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufdd0\ufdd1\ufffe\uffff")
    | st.sampled_from("   \u00a0\u00a0<>&;'\"/*ab"),
    max_size=12,
)
_FORMATS = st.sets(st.sampled_from(["bold", "italic", "underline", "strikethrough"]))
_LINE = st.tuples(
    st.sampled_from(["", "", "bullet", "number", "indent"]),
    st.integers(1, 4),
    st.sampled_from(["", "", "h1", "h4", "code"]),
    st.lists(st.tuples(_TEXT, _FORMATS), max_size=3),
)
_Line = tuple[str, int, str, list[tuple[str, set[str]]]]


def pad_of(lines: list[_Line], start: int) -> tuple[AText, AttributePool]:
    pool = AttributePool()
    builder = Builder(1)
    for kind, level, heading, runs in lines:
        marker = [("heading", heading)] if heading else []
        if kind:
            marker += [("insertorder", "first"), ("list", f"{kind}{level}")]
        if marker:
            marker.append(("lmkr", "1"))
            if kind == "number":
                marker.append(("start", str(start)))
            builder.insert("*", [("author", "a.x"), *marker], pool)
        for text, formats in runs:
            attribs = [("author", "a.x"), *((name, "true") for name in sorted(formats))]
            builder.insert(to_units(text), attribs, pool)
        builder.insert("\n", [("author", "a.x")], pool)
    changeset = (builder.remove(1, 1) if lines else builder).to_changeset()
    return apply_to_atext(changeset, make_atext("\n"), pool), pool


def meant(atext: AText, pool: AttributePool) -> list[TextLine]:
    """Returns the lines without authors and numbers. Neighbouring runs of the same formats are
    joined."""
    found = lines_of(atext, pool)
    for line in found:
        runs: list[tuple[str, set[str]]] = []
        for run in line.runs:
            formats = set(run.attribs) & {"bold", "italic", "underline", "strikethrough"}
            if runs and runs[-1][1] == formats:
                runs[-1] = (runs[-1][0] + run.text, formats)
            else:
                runs.append((run.text, formats))
        line.runs, line.start = runs, None  # type: ignore[assignment]
    return found


@settings(max_examples=examples(400))
@given(st.lists(_LINE, max_size=8), st.sampled_from([1, 1, 3, 12]))
def test_what_was_exported_comes_back_as_it_was(lines: list[_Line], start: int) -> None:
    atext, pool = pad_of(lines, start)
    page = to_document(atext, pool, "title")
    back = from_html(page, "a.x")
    assert back[0].text == atext.text
    assert meant(*back) == meant(atext, pool)
    assert to_document(*back, "title") == page


@given(st.lists(_LINE, max_size=8))
def test_what_the_api_gives_it_takes_back(lines: list[_Line]) -> None:
    atext, pool = pad_of(lines, 1)
    page = f"<!DOCTYPE HTML><html><body>{to_html(atext, pool)}</body></html>"
    back = from_html(page, "a.x")
    assert back[0].text == atext.text
    assert to_html(*back) == to_html(atext, pool)


def test_etherpads_exports_have_spaces_where_browsers_show_none() -> None:
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<title>x</title>\n'
        '<meta name="generator" content="Etherpad">\n</head>\n<body>\na&nbsp; b&nbsp;<br>\n</body>'
    )
    assert text_of(page) == "a  b \n"
    assert text_of("a&nbsp; b") == "a\u00a0 b\n"
