"""Documents from elsewhere, and from those who mean harm."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from io import BytesIO
from random import Random
from types import MappingProxyType
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from docx import Document
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import nsmap, qn
from hypothesis import given
from hypothesis import strategies as st

from padfleet.shared.conversion.insertion import Most
from padfleet.shared.conversion.jobs import insertion, reading, work
from padfleet.shared.documents import packages
from padfleet.shared.documents.office import html_of
from padfleet.shared.documents.opendocument import to_odt
from padfleet.shared.documents.outline import entries
from padfleet.shared.documents.word import to_docx
from padfleet.shared.easysync import from_units
from padfleet.shared.rendering.links import linkable, links_in
from padfleet.shared.rendering.reading import from_html
from padfleet.shared.rendering.txt import to_txt
from tests.unit.documents.samples import archive, pad

MOST = Most(100_000, 1_000)

ODT = (
    '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
    ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"'
    ' xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"'
    ' xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' xmlns:fo="urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0">'
    "<office:automatic-styles>{styles}</office:automatic-styles>"
    "<office:body><office:text>{body}</office:text></office:body></office:document-content>"
)


def done(data: bytes, ending: str) -> bytes:
    """Returns the answer of the job that reads this document."""
    return work(b"".join(reading(data, form=ending, most=MOST)))


def text_of(data: bytes, ending: str) -> str:
    return from_units(to_txt(*from_html(html_of(data, ending), "a.x")))


def odt(body: str, styles: str = "", **parts: str) -> bytes:
    return archive(content=ODT.format(body=body, styles=styles), **parts)


def docx(body: str, parts: Mapping[str, str] = MappingProxyType({})) -> bytes:
    """Returns a document whose body is this, in the words of its format, with these parts in place
    of its own or in addition to them. It has no styles, of which the library has nine thousand
    elements."""
    plain = BytesIO()
    Document().save(plain)
    made = BytesIO()
    spaces = " ".join(f'xmlns:{name}="{nsmap[name]}"' for name in ("w", "m"))
    with ZipFile(plain) as before, ZipFile(made, "w", ZIP_DEFLATED) as after:
        ours = {
            "word/document.xml": f"<w:document {spaces}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {spaces}/>",
        }
        others = {part: before.read(part) for part in before.namelist()}
        for part, content in (others | ours | dict(parts)).items():
            after.writestr(part, content)
    return made.getvalue()


def test_a_document_of_word_keeps_its_formats_and_lists() -> None:
    document = Document()
    document.add_heading("Title", 1)
    paragraph = document.add_paragraph("one ")
    paragraph.add_run("two").bold = True
    paragraph.add_run().add_break(WD_BREAK.LINE)
    paragraph.add_run("three")
    document.add_paragraph("first", style="List Bullet")
    document.add_paragraph("second", style="List Number")
    table = document.add_table(1, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "a", "b"
    out = BytesIO()
    document.save(out)
    text = text_of(out.getvalue(), ".docx")
    assert text == "Title\none two\nthree\n\t* first\n\t1. second\na | b\n"


def read(data: bytes, ending: str) -> list[tuple[str, str, int, str]]:
    """Returns the heading, the kind and level of the list, and the text of each line."""
    found = from_html(html_of(data, ending), "a.x", headings=True, addresses=True)
    return [
        (e.heading, e.kind, e.level, "".join(piece.text for piece in e.pieces))
        for e in entries(*found)
    ]


def test_headings_lists_and_links_of_word_arrive() -> None:
    document = Document()
    document.add_heading("The title", 0)
    document.add_heading("One", 1)
    document.add_heading("Five", 5)
    document.add_heading("Nine", 9)
    for name in ("List Bullet", "List Bullet 2", "List Number 3", "List Bullet"):
        document.add_paragraph(name, style=name)
    paragraph = document.add_paragraph("see ")
    link = OxmlElement("w:hyperlink")
    to = document.part.relate_to(
        "https://example.org/x", RELATIONSHIP_TYPE.HYPERLINK, is_external=True
    )
    link.set(qn("r:id"), to)
    run = paragraph.add_run("this page")
    link.append(run._r)
    paragraph._p.append(link)
    table = document.add_table(1, 2)
    table.cell(0, 0).paragraphs[0].style = "Heading 1"
    table.cell(0, 0).text, table.cell(0, 1).text = "a", "b"
    out = BytesIO()
    document.save(out)
    assert read(out.getvalue(), ".docx") == [
        ("h1", "", 0, "The title"),
        ("h1", "", 0, "One"),
        ("h4", "", 0, "Five"),
        ("h4", "", 0, "Nine"),
        ("", "bullet", 1, "List Bullet"),
        ("", "bullet", 2, "List Bullet 2"),
        ("", "number", 3, "List Number 3"),
        ("", "bullet", 1, "List Bullet"),
        ("", "", 0, "see this page (https://example.org/x)"),
        ("", "", 0, "a | b"),
    ]


def numbering_of(*, levels: str, lists: str) -> str:
    return (
        '<w:numbering xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<w:abstractNum w:abstractNumId="7">{levels}</w:abstractNum>{lists}</w:numbering>'
    )


def level(at: int, start: int, form: str) -> str:
    return (
        f'<w:lvl w:ilvl="{at}"><w:start w:val="{start}"/><w:numFmt w:val="{form}"/>'
        '<w:lvlText w:val="%1."/></w:lvl>'
    )


def in_lists(numbering: str, items: list[tuple[int, int, str]]) -> bytes:
    """Returns a Word document. Each item is the number of its list (0: none), its level from 0, and
    its text."""
    document = Document()
    for number, at, text in items:
        paragraph = document.add_paragraph(text)
        if number:
            properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
            properties.get_or_add_ilvl().val = at
            properties.get_or_add_numId().val = number
    out = BytesIO()
    document.save(out)
    made = BytesIO()
    with ZipFile(out) as old, ZipFile(made, "w", ZIP_DEFLATED) as new:
        for name in old.namelist():
            told = name == "word/numbering.xml"
            new.writestr(name, numbering.encode() if told else old.read(name))
    return made.getvalue()


def test_numbers_of_words_lists_arrive() -> None:
    """The lists begin at other numbers, are nested, continue after a text, begin anew by an
    override, or count letters. Bullets have no number."""
    numbering = numbering_of(
        levels=level(0, 4, "decimal") + level(1, 1, "lowerLetter") + level(2, 1, "bullet"),
        lists='<w:num w:numId="1"><w:abstractNumId w:val="7"/></w:num>'
        '<w:num w:numId="2"><w:abstractNumId w:val="7"/>'
        '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="9"/></w:lvlOverride></w:num>'
        '<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num>',
    )
    items = [
        (1, 0, "four"),
        (1, 1, "a"),
        (1, 1, "b"),
        (1, 2, "dot"),
        (1, 0, "five"),
        (1, 1, "a again"),
        (0, 0, "text"),
        (3, 0, "six, of another list that counts with it"),
        (0, 0, "text"),
        (2, 0, "nine"),
        (2, 0, "ten"),
        (8, 0, "of no list"),
    ]
    data = in_lists(numbering, items)
    text = from_units(to_txt(*from_html(html_of(data, ".docx"), "a.x")))
    assert text.split("\n") == [
        "\t4. four",
        "\t\t4.1. a",
        "\t\t4.2. b",
        "\t\t\t* dot",
        "\t5. five",
        "\t\t5.1. a again",
        "text",
        "\t6. six, of another list that counts with it",
        "text",
        "\t9. nine",
        "\t10. ten",
        "of no list",
        "",
    ]


@pytest.mark.parametrize(
    "numbering", ["<w:numbering xmlns:w='x'/>", numbering_of(levels="", lists="")]
)
def test_lists_that_are_not_said_how_to_count_are_text(numbering: str) -> None:
    data = in_lists(numbering, [(1, 0, "one"), (0, 0, "two")])
    assert [line[3] for line in read(data, ".docx")][:2] == ["one", "two"]


def test_headings_lists_and_links_of_an_opendocument_arrive() -> None:
    styles = (
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/>'
        '<text:list-style style:name="N"><text:list-level-style-number text:level="1"'
        ' style:num-format="1"/><text:list-level-style-bullet text:level="2"/></text:list-style>'
        '<text:list-style style:name="I"><text:list-level-style-number text:level="1"'
        ' style:num-format=""/></text:list-style>'
    )
    body = (
        '<text:p text:style-name="P1">The title</text:p>'
        '<text:h text:outline-level="2">Two <text:a xmlns:xlink="http://www.w3.org/1999/xlink"'
        ' xlink:href="https://example.org/a?b=1&amp;c=2">here</text:a></text:h>'
        "<text:h>No level</text:h>"
        '<text:h text:outline-level="10">Ten</text:h>'
        '<text:list text:style-name="N"><text:list-item><text:p>one</text:p><text:list>'
        "<text:list-item><text:p>in</text:p></text:list-item></text:list></text:list-item>"
        "</text:list>"
        '<text:list text:style-name="I"><text:list-item><text:p>far in</text:p></text:list-item>'
        "</text:list>"
    )
    assert read(odt(body, styles), ".odt") == [
        ("h1", "", 0, "The title"),
        ("h2", "", 0, "Two here (https://example.org/a?b=1&c=2)"),
        ("h1", "", 0, "No level"),
        ("h4", "", 0, "Ten"),
        ("", "number", 1, "one"),
        ("", "bullet", 2, "in"),
        ("", "indent", 1, "far in"),
    ]


def test_headings_lists_and_links_of_markdown_arrive() -> None:
    text = (
        b"Title\n=====\n\n###### Six\n\n"
        b"- a\n  1. b\n     - c\n- d\n\n"
        b"[text](https://example.org/x_(y)) and [https://example.org](https://example.org/) and\n"
        b"<https://example.org/z> and [here](#there) [run](javascript:alert) [rel](a/b)\n"
        b"[www.example.org](http://www.example.org) **[bold](mailto:a@b.example)**\n"
    )
    assert read(text, ".md") == [
        ("h1", "", 0, "Title"),
        ("h4", "", 0, "Six"),
        ("", "bullet", 1, "a"),
        ("", "number", 2, "b"),
        ("", "bullet", 3, "c"),
        ("", "bullet", 1, "d"),
        (
            "",
            "",
            0,
            "text (https://example.org/x_(y%29) and https://example.org and "
            "https://example.org/z and here [run](javascript:alert) rel "
            "www.example.org bold (mailto:a@b.example)",
        ),
    ]


def test_without_headings_they_are_lines() -> None:
    most = Most(100, 10)
    for headings in (True, False):
        job = reading(b"# Title\n\ntext\n", form=".md", most=most, headings=headings)
        found = insertion(work(b"".join(job)))
        assert found.text == ("*" if headings else "") + "Title\ntext"
        assert (("heading", "h1") in found.pool) == headings


@pytest.mark.parametrize(
    ("href", "address"),
    [
        ("https://example.org/a b", ""),
        ("https://example.org/\u00fc?x=<y>", "https://example.org/\u00fc?x=%3Cy%3E"),
        ("https://example.org/a.", "https://example.org/a%2E"),
        ("https://example.org/" + "a" * 3000, ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//example.org/a", ""),
        ("/a", ""),
        ("", ""),
        ("https://", ""),
        ("tel:+49123", "tel:+49123"),
        ("https://example.org/\U0001f600", "https://example.org/%F0%9F%98%80"),
        ("https://example.org/\ud83d", ""),
    ],
)
def test_an_address_in_a_text_is_one_that_pages_link_whole(href: str, address: str) -> None:
    assert linkable(href) == address
    if address:
        assert list(links_in(f"see ({address}).")) == [(5, 5 + len(address))]


@given(
    st.text(alphabet=st.sampled_from("https:/.()<>é😀 \n%?#'&*]") | st.characters(), max_size=40)
)
def test_whatever_a_link_leads_to_its_address_is_linked_whole_or_left_out(rest: str) -> None:
    address = linkable(f"https://x{rest}")
    assert not address or list(links_in(f"a ({address})!")) == [(3, 3 + len(address))]


def test_markdown_keeps_its_formats_lists_and_tables() -> None:
    text = (
        b"# Title\n\nsome *em* and **strong**\nin a line\n\n1. one\n2. two\n   - in\n\n"
        b"<script>x</script>\n\n`code` ~~old~~\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"
    )
    made = html_of(text, ".md")
    assert "<em>em</em>" in made
    assert "<strong>strong</strong>" in made
    assert "<script>" not in made
    assert text_of(text, ".md") == (
        "Title\nsome em and strong in a line\n\t1. one\n\t2. two\n\t\t* in\n"
        "<script>x</script>\ncode old\na | b\n1 | 2\n"
    )


def test_footnotes_of_markdown_stay_text() -> None:
    source = b"a[^1] and [b]\n\n[^1]: what *it* says\n\n[b]: http://c.de\n"
    assert text_of(source, ".md") == "a[^1] and b\n[^1]: what it says\n"


def test_numbers_of_an_opendocuments_lists_arrive() -> None:
    """Its lists begin at a number of their style, go on after a text, and begin anew."""
    styles = (
        '<text:list-style style:name="L">'
        '<text:list-level-style-number text:level="1" style:num-format="1" text:start-value="3"/>'
        '<text:list-level-style-number text:level="2" style:num-format="a"/></text:list-style>'
    )

    def items(attributes: str, *texts: str) -> str:
        inside = "".join(
            f"<text:list-item{value}>{text}</text:list-item>"
            for text, _, value in (item.partition("@") for item in texts)
        )
        return f'<text:list text:style-name="L" {attributes}>{inside}</text:list>'

    def p(text: str) -> str:
        return f"<text:p>{text}</text:p>"

    deeper = items("", p("inner"), p("inner"))
    body = p("-").join(
        [
            items('xml:id="one"', p("three"), p("four") + deeper, p("five") + deeper),
            items('text:continue-numbering="true"', p("six")),
            items("", p("nine") + '@ text:start-value="9"', p("ten")),
            items('text:continue-list="one"', items("", p("inner")), p("seven")),
            items('text:continue-list="nothing"', p("three")),
        ]
    )
    assert text_of(odt(body, styles), ".odt") == (
        "\t3. three\n\t4. four\n\t\t4.1. inner\n\t\t4.2. inner\n\t5. five\n\t\t5.1. inner\n"
        "\t\t5.2. inner\n-\n\t6. six\n-\n\t9. nine\n\t10. ten\n-\n\t\t1. inner\n\t7. seven\n"
        "-\n\t3. three\n"
    )


def test_an_opendocument_keeps_its_formats_and_lists() -> None:
    styles = (
        '<style:style style:name="B" style:family="text"><style:text-properties'
        ' fo:font-weight="bold"/></style:style>'
        '<style:style style:name="C" style:family="text" style:parent-style-name="B">'
        '<style:text-properties style:text-underline-style="solid"/></style:style>'
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1"'
        ' style:num-format="1"/></text:list-style>'
    )
    body = (
        "<text:tracked-changes><text:p>gone</text:p></text:tracked-changes>"
        '<text:h text:outline-level="1">Title</text:h>'
        '<text:p>a<text:s text:c="3"/>b<text:tab/>c<text:line-break/>d'
        "<text:note><text:note-citation>i</text:note-citation>"
        "<text:note-body><text:p>a note</text:p></text:note-body></text:note></text:p>"
        '<text:p><text:span text:style-name="C">styled</text:span></text:p><text:p/>'
        '<text:list text:style-name="L"><text:list-item text:start-value="4"><text:p>four</text:p>'
        "<text:list><text:list-item><text:p>inner</text:p></text:list-item></text:list>"
        "</text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>x</text:p></table:table-cell>"
        "<table:table-cell><text:p>y</text:p></table:table-cell></table:table-row></table:table>"
    )
    data = odt(body, styles)
    assert text_of(data, ".odt") == (
        "Title\na   b        c\nd[1]\nstyled\n\n\t4. four\n\t\t* inner\nx | y\n\t1. a note\n"
    )
    assert 'style="text-decoration: underline' in html_of(data, ".odt") or (
        "font-weight:bold;text-decoration: underline" in html_of(data, ".odt")
    )


def run(text: str) -> str:
    return f"<w:r><w:t>{text}</w:t></w:r>"


def formula(text: str) -> str:
    return f"<m:r><m:t>{text}</m:t></m:r>"


READING = f"<w:rt>{run('かんじ')}</w:rt><w:rubyBase>{run('漢字')}</w:rubyBase>"
RUBY = f"<w:r><w:ruby>{READING}</w:ruby></w:r>"
TWO_WORDS = f"<w:r>{2 * f'<w:ruby>{READING}</w:ruby>'}</w:r>".replace("漢字", "一", 1)
FRACTION = f"<m:f><m:num>{formula('a+b')}</m:num><m:den>{formula('c')}</m:den></m:f>"
POWER = f"<m:sSup><m:e>{formula('x')}</m:e><m:sup>{formula('2')}</m:sup></m:sSup>"


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (f'<w:fldSimple w:instr="SEQ Figure">{run("7")}</w:fldSimple>', "7"),
        (f'<w:dir w:val="rtl">{run("שלום")}</w:dir>', "שלום"),
        (f'<w:bdo w:val="rtl"><w:dir>{run("one")}</w:dir>{run(" two")}</w:bdo>', "one two"),
        (RUBY, "漢字(かんじ)"),
        (
            f"<w:r>{2 * f'<w:ruby>{READING}</w:ruby>'}</w:r>".replace("漢字", "一", 1),
            "一(かんじ)漢字(かんじ)",
        ),
        (f"<m:oMath>{formula('y=')}{FRACTION}</m:oMath>", "y=(a+b)/c"),
        (f"<m:oMathPara><m:oMath>{POWER}</m:oMath></m:oMathPara>", "x^2"),
        (f"<m:oMath><m:d><m:e>{formula('x')}</m:e></m:d></m:oMath>", "(x)"),
        (f"<m:oMath><m:rad><m:deg/><m:e>{formula('xy')}</m:e></m:rad></m:oMath>", "√(xy)"),
        ("<w:r><w:cr/></w:r>", "\n"),
        ("<w:r><w:ptab/></w:r>", "        "),
        ('<w:r><w:footnoteReference w:id="7"/></w:r>', ""),
        ('<w:r><w:endnoteReference w:id="7"/></w:r>', ""),
    ],
)
def test_nothing_of_a_document_of_word_is_left_out(inside: str, text: str) -> None:
    """What is said here was lost, with the words in it: mammoth does not know it."""
    data = docx(f"<w:p>{run('before')}{inside}{run('after')}</w:p>")
    assert text_of(data, ".docx") == f"before{text}after\n"


RELATIONS = """<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">
<Relationship Id="rId1" Target="{target}"
 Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"/>
</Relationships>"""


@pytest.mark.parametrize("target", ["footnotes.xml", "notes1.xml", "/word/notes2.xml", "away.xml"])
def test_notes_are_found_wherever_a_document_of_word_says_that_they_are(target: str) -> None:
    name = "footnotes.xml" if target == "away.xml" else target.removeprefix("/word/")
    note = f'<w:footnote w:id="7"><w:p>{run("a note")}</w:p></w:footnote>'
    notes = f'<w:footnotes xmlns:w="{nsmap["w"]}">{note}</w:footnotes>'
    parts = {
        f"word/{name}": notes,
        "word/_rels/document.xml.rels": RELATIONS.format(target=target),
    }
    data = docx(f'<w:p>{run("text")}<w:r><w:footnoteReference w:id="7"/></w:r></w:p>', parts)
    assert "a note" in text_of(data, ".docx")


# What Word for the web writes: parts with other names, which begin with a slash where the archive
# names them, ids of sixteen digits, and a list for each time that somebody began one.
WEB_PARTS = {
    "_rels/.rels": RELATIONS.replace("footnotes", "officeDocument").format(
        target="/word/document2.xml"
    ),
    "word/_rels/document2.xml.rels": RELATIONS.replace(
        "<Relationship ",
        '<Relationship Id="R0b9cc2f05f9d4c1a" Target="/word/numbering2.xml" Type="'
        'http://schemas.openxmlformats.org/officeDocument/2006/relationships/numbering"/>'
        '<Relationship Id="R1f2de3c8a7b64d55" Target="/word/styles2.xml" Type="'
        'http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles"/>'
        '<Relationship Id="R6a1" TargetMode="External" Target="https://example.org/x" Type="'
        'http://schemas.openxmlformats.org/officeDocument/2006/relationships/hyperlink"/>'
        "<Relationship ",
    ).format(target="/word/footnotes2.xml"),
    "word/footnotes2.xml": f'<w:footnotes xmlns:w="{nsmap["w"]}"><w:footnote w:id="7"><w:p>'
    f"{run('a note')}</w:p></w:footnote></w:footnotes>",
    "word/styles2.xml": f'<w:styles xmlns:w="{nsmap["w"]}"><w:style w:type="paragraph"'
    ' w:styleId="Heading1"><w:name w:val="heading 1"/></w:style><w:style w:type="paragraph"'
    ' w:styleId="ListParagraph"><w:name w:val="List Paragraph"/></w:style></w:styles>',
}
WEB_ITEM = (
    '<w:p xmlns:wp14="http://schemas.microsoft.com/office/word/2010/wordml" wp14:paraId="2C078E63"'
    ' wp14:textId="77777777"><w:pPr><w:pStyle w:val="ListParagraph"/><w:numPr><w:ilvl w:val="{}"/>'
    '<w:numId w:val="3"/></w:numPr><w:rPr/></w:pPr>{}</w:p>'
)


def test_a_document_of_word_for_the_web_is_read_with_its_numbers_and_notes() -> None:
    """Its parts have names of their own, for which it was refused."""
    numbers = numbering_of(
        levels=level(0, 1, "decimal") + level(1, 1, "lowerLetter"),
        lists='<w:num w:numId="3"><w:abstractNumId w:val="7"/></w:num>',
    )
    link = f'<w:hyperlink xmlns:r="{nsmap["r"]}" r:id="R6a1">{run("a link")}</w:hyperlink>'
    body = (
        f'<w:p><w:pPr><w:pStyle w:val="Heading1"/></w:pPr>{run("Plan")}</w:p>'
        + WEB_ITEM.format(0, run("one"))
        + WEB_ITEM.format(1, run("in one"))
        + f"<w:p>{link}</w:p>"
        + WEB_ITEM.format(0, run("two") + '<w:r><w:footnoteReference w:id="7"/></w:r>')
    )
    text_part = f'<w:document xmlns:w="{nsmap["w"]}"><w:body>{body}</w:body></w:document>'
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as made:
        for name, content in WEB_PARTS.items():
            made.writestr(name, content)
        made.writestr("word/document2.xml", text_part)
        made.writestr("word/numbering2.xml", numbers)
    text = text_of(out.getvalue(), ".docx")
    assert text.startswith("Plan\n\t1. one\n\t\t1.1. in one\na link\n\t2. two"), text
    assert "a note" in text


MATHML = (
    '<math xmlns="http://www.w3.org/1998/Math/MathML"><mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi>'
    "</mrow><msup><mi>c</mi><mn>2</mn></msup></mfrac><msqrt><mi>d</mi></msqrt>{}</math>"
)
SAYS = "<annotation encoding='StarMath 5.0'>{a+b} over c^2</annotation>"


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (MATHML.format(""), "(a+b)/(c^2)√d"),
        (MATHML.format(SAYS), "{a+b} over c^2"),
        (f"<!DOCTYPE math>{MATHML.format('')}", ""),
        ("<office/>", ""),
        ("", ""),
    ],
)
def test_formulas_of_an_opendocument_are_text(part: str, text: str) -> None:
    for place in ("./Object 1", "Object 1/"):
        body = f'<text:p>a <draw:object xlink:href="{place}"/> b</text:p>'
        data = odt(body, **{"Object 1__content": part})
        assert text_of(data, ".odt").split() == ["a", *text.split(), "b"]
    elsewhere = odt('<text:p>a<draw:object xlink:href="./Object 2"/></text:p>')
    assert text_of(elsewhere, ".odt") == "a\n"


def test_readings_in_an_opendocument_are_behind_their_words() -> None:
    body = "<text:p><text:ruby><text:ruby-base>漢字</text:ruby-base><text:ruby-text>かんじ"
    data = odt(f"{body}</text:ruby-text></text:ruby></text:p>")
    assert text_of(data, ".odt") == "漢字(かんじ)\n"


def test_parts_of_an_archive_that_nobody_reads_spoil_nothing() -> None:
    """Pandoc, and LibreOffice before it, write an empty one; the document was refused."""
    parts = {"Configurations2__accelerator__current": "", "Object 1__content": "<!DOCTYPE x><x/>"}
    assert text_of(odt("<text:p>a</text:p>", **parts), ".odt") == "a\n"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a document"),
        (b"PK\x03\x04 and so on", "not a document"),
        (archive(other="<x/>"), "not a"),
        (archive(content="<x>", word__document="<x>"), "XML is broken"),
        (archive(content="<!DOCTYPE x><x/>", word__document="<!DOCTYPE x><x/>"), "document type"),
        (
            archive(
                content="<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>",
                word__document="<!DOCTYPE x [<!ENTITY a 'x'><!ENTITY b '&a;&a;'>]><x>&b;</x>",
            ),
            "document type",
        ),
        (
            archive(
                content="<!DOCTYPE x><x/>".encode("utf-16"),
                word__document="<!DOCTYPE x><x/>".encode("utf-16"),
            ),
            "document type",
        ),
        (archive(content="<a>" * 300, word__document="<a>" * 300), "nested"),
        (archive(content="<x/>", word__document="<x/>"), r"not a|not an|body"),
    ],
)
@pytest.mark.parametrize("ending", [".docx", ".odt"])
def test_what_is_no_document_is_refused(data: bytes, why: str, ending: str) -> None:
    with pytest.raises(ValueError, match=why):
        html_of(data, ending)


ENTITIES = "<!DOCTYPE x [<!ENTITY a 'x'>]><x>&a;</x>"


@pytest.mark.parametrize(
    ("body", "wrong"),
    [
        (ENTITIES.encode(), "document type"),
        (b" \r\n" * 100 + ENTITIES.encode(), "document type"),
        (("\ufeff" + ENTITIES).encode("utf-16-le"), "document type"),
        (b"<x>" * 300 + b"</x>" * 300, "deep"),
        (b"<x>" + b" " * packages.MOST_XML + b"</x>", "larger than"),
    ],
)
@pytest.mark.parametrize("name", ["word/body.dat", "word/media/image1.png", "body"])
def test_what_an_archive_calls_its_text_is_looked_through_whatever_its_name(
    body: bytes, wrong: str, name: str
) -> None:
    """A reader of Word's documents goes where the relations of the archive lead."""
    plain = BytesIO()
    Document().save(plain)
    made = BytesIO()
    with ZipFile(plain) as before, ZipFile(made, "w", ZIP_DEFLATED) as after:
        for part in before.namelist():
            content = before.read(part)
            if part == "_rels/.rels":
                content = content.replace(b"word/document.xml", name.encode())
            after.writestr(part, content)
        after.writestr(name, body)
    with pytest.raises(ValueError, match=wrong):
        html_of(made.getvalue(), ".docx")


def test_pictures_of_a_document_are_not_taken_for_its_text() -> None:
    plain = BytesIO()
    Document().save(plain)
    with ZipFile(plain, "a") as archive_:
        archive_.writestr("word/media/image1.png", b"\x89PNG" + bytes(packages.MOST_XML))
        archive_.writestr("word/media/image2.png", b"")
    assert text_of(plain.getvalue(), ".docx") == "\n"


def test_bombs_are_refused_before_they_are_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = archive(content=b" " * (packages.MOST_XML + 1), word__document="<x/>")
    assert len(bomb) < packages.MOST_XML // 100
    monkeypatch.setattr(ZipFile, "read", lambda *_: pytest.fail("it was unpacked"))
    for ending in (".docx", ".odt"):
        with pytest.raises(ValueError, match="unpacked it is larger than"):
            html_of(bomb, ending)
    many = archive(**{f"part{number}": "" for number in range(packages.MOST_PARTS + 1)})
    with pytest.raises(ValueError, match="more than"):
        html_of(many, ".odt")


def test_what_says_that_it_is_small_is_not_unpacked_further() -> None:
    """The sizes in an archive are whatever its maker writes."""
    true = b" " * 5_000_000
    data = archive(content=true)
    lie = data.replace(len(true).to_bytes(4, "little"), (1_000).to_bytes(4, "little"))
    assert lie != data
    with pytest.raises(ValueError, match=r"broken|not a document"):
        html_of(lie, ".odt")


def test_what_is_packed_in_a_way_that_nobody_knows_is_refused() -> None:
    data = archive(content="<x/>")
    method = ZIP_DEFLATED.to_bytes(2, "little")
    for mark, offset in ((b"PK\x03\x04", 8), (b"PK\x01\x02", 10)):
        at = data.index(mark) + offset
        assert data[at : at + 2] == method
        data = data[:at] + b"\x63\x00" + data[at + 2 :]
    with pytest.raises(ValueError, match="broken one: That compression method is not supported"):
        packages.checked(data)


def test_spaces_are_not_as_many_as_a_document_says() -> None:
    data = odt('<text:p>a<text:s text:c="999999999"/>b</text:p>' * 10)
    assert len(text_of(data, ".odt")) < 20_000


def test_a_job_reads_a_document_or_says_that_it_is_none() -> None:
    found = insertion(done(odt("<text:p>hello</text:p>"), ".odt"))
    assert found.text == "hello"
    with pytest.raises(ValueError, match="not a document"):
        done(b"x", ".docx")


@pytest.mark.parametrize("seed", range(40))
def test_a_spoilt_document_is_read_or_refused(seed: int) -> None:
    """Bytes of one of its parts are changed or missing."""
    source = Random(seed)
    atext, pool = pad()
    make, ending = source.choice([(to_odt, ".odt"), (to_docx, ".docx")])
    data = make(atext, pool, "")
    with ZipFile(BytesIO(data)) as whole:
        parts = {name: whole.read(name) for name in whole.namelist()}
    name = source.choice([name for name in parts if name.endswith((".xml", ".rels"))])
    at = source.randrange(len(parts[name]))
    parts[name] = parts[name][:at] + source.randbytes(2) + parts[name][at + source.randrange(40) :]
    out = BytesIO()
    with ZipFile(out, "w") as spoilt:
        for each, content in parts.items():
            spoilt.writestr(each, content)
    with suppress(ValueError):
        done(out.getvalue(), ending)
