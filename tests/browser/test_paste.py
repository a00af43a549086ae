"""Tests rich text: what is kept of it when it is pasted, and what is offered when it is copied."""

from __future__ import annotations

import pytest

from padfleet.shared.client import connect
from padfleet.shared.easysync import make_splice
from tests.acceptance.npm import new_pad
from tests.browser.browser import Browser, Page
from tests.eventually import eventually_sync
from tests.fleet import Fleet

COPY = """(kind => {
  const data = new DataTransfer();
  const event = { clipboardData: data, bubbles: true, cancelable: true };
  document.querySelector('#editor .cm-content').dispatchEvent(new ClipboardEvent(kind, event));
  return [data.getData('text/plain'), data.getData('text/html')];
})"""

TAB = " " * 8

WORD = """
<html xmlns:w="urn:schemas-microsoft-com:office:word"><head><meta name=Generator
content="Microsoft Word 15"><!--[if gte mso 9]><xml>no</xml><![endif]--></head><body>
<!--StartFragment--><p class=MsoNormal>Text<o:p></o:p></p>
<p class=MsoListParagraphCxSpFirst style='text-indent:-.25in;mso-list:l0 level1 lfo1'>
<![if !supportLists]><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span
style='font:7.0pt "Times New Roman"'>&nbsp;&nbsp; </span></span></span><![endif]>one<o:p></o:p></p>
<p class=MsoListParagraphCxSpMiddle style='margin-left:1.0in;mso-list:l0 level2 lfo1'>
<![if !supportLists]><span style='mso-list:Ignore'>o<span>&nbsp; </span></span><![endif]>two</p>
<p class=MsoListParagraphCxSpLast style='mso-list:l1 level1 lfo2'><![if !supportLists]><span
style='mso-list:Ignore'>1.<span>&nbsp; </span></span><![endif]>three</p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>end</p><!--EndFragment--></body></html>
"""

WORD_FOR_THE_WEB = """
<meta charset='utf-8'><div class="OutlineElement Ltr SCXW1 BCX0"><p class="Paragraph SCXW1 BCX0"
role="heading" aria-level="1"><span class="TextRun SCXW1 BCX0"><span class="NormalTextRun SCXW1
BCX0">Plan</span></span><span class="EOP SCXW1 BCX0" data-ccp-props="{}">&nbsp;</span></p></div><div
class="ListContainerWrapper SCXW1 BCX0"><ul class="BulletListStyle1 SCXW1 BCX0" role="list"><li
class="OutlineElement Ltr SCXW1 BCX0" role="listitem" data-aria-level="1"><p class="Paragraph SCXW1
BCX0"><span class="TextRun SCXW1 BCX0">one</span><span class="LineBreakBlob BlobObject SCXW1
BCX0"><span class="SCXW1 BCX0">&nbsp;</span><br class="SCXW1 BCX0"></span><span class="TextRun SCXW1
BCX0">more</span><span class="EOP SCXW1 BCX0">&nbsp;</span></p></li></ul></div><div
class="ListContainerWrapper SCXW1 BCX0"><ul class="BulletListStyle2 SCXW1 BCX0" role="list"><li
class="OutlineElement Ltr SCXW1 BCX0" role="listitem" data-aria-level="2"><p class="Paragraph SCXW1
BCX0"><span class="TextRun SCXW1 BCX0">two</span><span class="EOP SCXW1 BCX0">&nbsp;</span></p></li>
</ul></div><div class="OutlineElement Ltr SCXW1 BCX0"><p class="Paragraph SCXW1 BCX0"><span
class="EOP SCXW1 BCX0">&nbsp;</span></p></div><div class="OutlineElement Ltr SCXW1 BCX0"><p
class="Paragraph SCXW1 BCX0"><span class="TextRun SCXW1 BCX0">end</span><span class="EOP SCXW1
BCX0">&nbsp;</span></p></div>
"""

GOOGLE_DOCS = """
<meta charset='utf-8'><b style="font-weight:normal;" id="docs-internal-guid-1"><p dir="ltr"><span
style="font-weight:400">plain </span><span style="font-weight:700">bold</span></p><ul><li
aria-level="1"><p>one</p></li><ul><li aria-level="2"><p>two</p></li></ul></ul></b><br
class="Apple-interchange-newline"><!--EndFragment-->
"""


def emptied(browser: Browser, fleet: Fleet) -> Page:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.to_end()
    page.press("Control+a", "Delete")
    page.shows("")
    return page


PASTED = [
    ("<p>one</p><p>two</p>", "one\ntwo"),
    ("one<br>two", "one\ntwo"),
    ("<div>one <b>bold</b>\n  more</div>", "one bold more"),
    ("<ul><li>a<ol><li>b</li></ol></li><li>c</li></ul>", "•a\n1.b\n•c"),
    ("<ol><li><p>a</p></li><li>b</li></ol>", "1.a\n2.b"),
    ("<h1>Title</h1>text", "Title\ntext"),
    ("<pre>a  b\n c</pre>", "a  b\n c"),
    ("a<script>alert(1)</script><style>b</style><img src=x onerror=alert(1)>c", "ac"),
    ("<a href='https://example.com/x'>words</a>", "words (https://example.com/x)"),
    ("<a href='https://example.com/'>https://example.com</a>", "https://example.com"),
    ("<a href='javascript:alert(1)'>words</a>", "words"),
    (
        "<table><tr><td><p>a</p></td><td></td><th><p>b</p><p>b2</p></th></tr>"
        "<tr><td>c</td><td>d</td></tr></table>e",
        f"a{TAB}{TAB}b\nb2\nc{TAB}d\ne",
    ),
    # An empty line, as most programs write it, and spaces that stand at the beginning.
    ("<p>a</p><p>&nbsp;</p><p>&nbsp; b</p>", "a\n\n  b"),
    (WORD, "Text\n•one\n◦two\n1.three\n\nend"),
    (WORD_FOR_THE_WEB, "Plan\n•one\nmore\n◦two\n\nend"),
    (GOOGLE_DOCS, "plain bold\n•one\n◦two"),
    ("a&#0;b&#27;c&#x85;", "a\ufffdbc…"),  # what HTML itself makes of them
]
"""What programs put on the clipboard, and what is in the pad when that is pasted."""


def test_pasted_html_becomes_text_and_lists(browser: Browser, fleet: Fleet) -> None:
    page = emptied(browser, fleet)
    for html, wanted in PASTED:
        page.paste(html=html, plain="not this")
        page.shows(wanted)
        page.saved()
        page.press("Control+z")
        page.shows("")


def test_formats_are_pasted_and_styles_are_not(browser: Browser, fleet: Fleet) -> None:
    page = emptied(browser, fleet)
    html = (
        '<b style="font-weight:normal"><p>plain '
        '<span style="font-weight:700;color:red;font-size:90px">bold</span> <i>slanted</i> '
        '<span style="text-decoration: underline line-through">both</span></p></b>'
    )
    page.paste(html=html)
    page.shows("plain bold slanted both")
    for name, text in (("bold", "bold"), ("italic", "slanted"), ("underline", "both")):
        found = f"[...document.querySelectorAll('#editor .{name}')].map(p => p.textContent).join()"
        page.gives(found, text)
    assert page.look("document.querySelector('#editor .cm-line [style]') === null")


def test_a_list_is_copied_and_pasted_as_a_list(browser: Browser, fleet: Fleet) -> None:
    page = emptied(browser, fleet)
    page.press("Control+Shift+7")
    page.type("one")
    page.press("Enter")
    page.type("two")
    page.press("Control+a")
    text, html = page.look(f"{COPY}('copy')")
    assert (text, html) == ("one\ntwo", "<ol><li>one</li><li>two</li></ol>")
    page.press("Control+End", "Enter", "Enter")
    page.paste(html=html, plain=text)
    page.shows("1.one\n2.two\n3.one\n4.two")
    page.press("Control+a")
    assert page.look(f"{COPY}('cut')")[0] == "one\ntwo\none\ntwo"
    page.shows("")


def test_a_picture_leaves_what_is_selected_as_it_is(browser: Browser, fleet: Fleet) -> None:
    page = browser.open(f"{fleet.urls[0]}/p/{new_pad()}").joined()
    page.to_end()
    page.press("Control+a")
    page.paste(html="<img src='https://example.com/x.png'>")
    page.paste()
    page.type("!")
    page.shows("!")
    page.press("Control+z")
    page.shows("Hello")


BRING = """((kind, type, content) => {
  const data = new DataTransfer();
  data.items.add(new File([content], 'name', { type }));
  const text = document.querySelector('#editor .cm-content');
  const { left, top } = text.getBoundingClientRect();
  const at = { bubbles: true, cancelable: true, clientX: left + 40, clientY: top + 40 };
  text.dispatchEvent(
    kind === 'drop' ? new DragEvent('drop', { ...at, dataTransfer: data })
      : new ClipboardEvent('paste', { ...at, clipboardData: data }));
})"""
"""Drops a file of a type, with this content, on the text, or pastes it."""


def test_a_dropped_file_of_text_is_inserted(browser: Browser, fleet: Fleet) -> None:
    page = emptied(browser, fleet)
    page.look(f"{BRING}('drop', 'text/markdown', 'words of a file')")
    page.shows("words of a file")
    assert page.do("isHidden", "#toast")


@pytest.mark.parametrize(
    ("way", "kind"),
    [
        ("drop", "image/png"),
        pytest.param("paste", "image/png", marks=pytest.mark.thorough),
        ("paste", "text/markdown"),
    ],
)
def test_a_file_that_is_not_inserted_is_refused_in_words(
    browser: Browser, fleet: Fleet, way: str, kind: str
) -> None:
    page = emptied(browser, fleet)
    page.type("typed")
    page.look(f"{BRING}('{way}', '{kind}', new Uint8Array(9))")
    page.says("#toast", "Pictures and other files can’t be put into the text.")
    assert page.text() == "typed"


async def test_control_characters_cannot_be_brought_in_by_any_way(
    browser: Browser, fleet: Fleet
) -> None:
    page = emptied(browser, fleet)
    page.paste(plain="one\r\ntwo\rthree\0\x1b\x7f\tx")
    page.shows("one\ntwo\nthree        x")
    page.saved()
    url = page.look("location.href")
    async with connect(url) as pad:
        # As a client would do it that knows of no rule.
        mine = [("author", pad.state.author)]
        text = "a\0b\rc"
        changeset = make_splice(pad.text, 0, 0, text, mine, pad.state.pool)
        pad.state.apply_own(changeset)
        await pad.submit()
        await pad.flush()
        page.shows("abcone\ntwo\nthree        x")
        await pad.edit(0, 0, "\0d\r\n")
        await pad.flush()
    page.shows("d\nabcone\ntwo\nthree        x")
    async with connect(url) as pad:
        eventually_sync(lambda: pad.text == "d\nabcone\ntwo\nthree        x\n")


def test_whatever_is_pasted_and_typed_over_the_browser_has_nothing_to_complain_of(
    browser: Browser, fleet: Fleet
) -> None:
    """Styles that the policy forbids came from the clipboard, and from the browser itself, which
    gives them to what is left of lines that are typed over."""
    ada, bob = browser.two(fleet.urls, new_pad())
    ada.press("Control+a")
    for html in (
        '<p title="a>b" style="font-weight:bold">one</p>',
        "<!-- <a title=' --><p style='font-weight:bold' title='>'>one</p>",
        "<style><!-- p > b {} --></style><p style =\n'font-weight:bold'>one<!--",
        "<p style>o<p onclick=x style=color:red>ne",
    ):
        ada.paste(html=html, plain="no")
    ada.press("Control+a")
    ada.paste(
        html="<h1>A <b>bold</b> title</h1><ul><li>one</li><li><i>two</i></li></ul><p>end</p>",
        plain="no",
    )
    bob.shows("A bold title\n•one\n•two\nend")
    ada.press("Shift+ArrowUp", "Shift+ArrowUp", "Shift+Home")
    ada.type("x")
    ada.press("Shift+Control+Home")
    ada.type("y")
    bob.shows("y")
    ada.press("Control+z", "Control+z")
    bob.shows("A bold title\n•one\n•two\nend")
    ada.press("Control+Home", "Control+ArrowRight", "Control+Shift+ArrowRight")
    ada.type("z")
    ada.saved()
    assert ada.text() == bob.text()
