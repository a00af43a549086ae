"""Pads as documents: what is in them, by other readers than ours where there is one."""

from __future__ import annotations

import shutil
import subprocess
from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile

import pytest
from docx import Document
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

from padfleet.shared.documents import offered
from padfleet.shared.documents.office import html_of
from padfleet.shared.documents.opendocument import to_odt
from padfleet.shared.documents.outline import clean, entries, is_rtl
from padfleet.shared.documents.word import to_docx
from padfleet.shared.easysync import (
    AText,
    AttributePool,
    Builder,
    apply_to_atext,
    from_units,
    make_atext,
    to_units,
)
from padfleet.shared.easysync.base36 import numeral
from padfleet.shared.rendering.html import to_document
from padfleet.shared.rendering.reading import from_html
from padfleet.shared.rendering.txt import to_txt
from tests.examples import examples
from tests.unit.documents.samples import ARABIC, CJK, HEBREW, TEXT, pad

NO_PDF = "pdf" not in offered.written()
no_pdf = pytest.mark.skipif(NO_PDF, reason="there is no Pango (Debian: libpangoft2-1.0-0)")


def again(data: bytes, ending: str) -> tuple[AText, AttributePool]:
    return from_html(html_of(data, ending), "a.writer", headings=True, addresses=True)


def text_of(atext: AText, pool: AttributePool) -> str:
    return from_units(to_txt(atext, pool))


def formats_of(atext: AText, pool: AttributePool) -> set[tuple[str, frozenset[str]]]:
    return {
        (piece.text, piece.formats)
        for entry in entries(atext, pool)
        for piece in entry.pieces
        if piece.formats
    }


def test_a_document_of_word_has_what_the_pad_has() -> None:
    opened = Document(BytesIO(to_docx(*pad(), "A <title>")))
    assert opened.core_properties.title == "A <title>"
    paragraphs = opened.paragraphs
    assert paragraphs[0].style is not None
    assert paragraphs[0].style.name == "Heading 1"
    assert [paragraph.text for paragraph in paragraphs][:4] == [
        "Größe",
        "bold italic under struck both",
        "see https://example.org/a?b=1&c=2.",
        "two  spaces <&",
    ]
    (link,) = paragraphs[2].hyperlinks
    assert link.url == "https://example.org/a?b=1&c=2"
    by_text = {run.text: run for paragraph in paragraphs for run in paragraph.runs}
    assert by_text["bold"].bold
    assert by_text["italic"].italic
    assert by_text["under"].underline
    assert by_text["struck"].font.strike
    assert by_text["both"].bold
    assert by_text["both"].underline
    hebrew = next(paragraph for paragraph in paragraphs if HEBREW in paragraph.text)
    assert hebrew._p.xml.count("<w:bidi/>") == 1
    assert all(run.font.rtl for run in hebrew.runs)
    assert "<w:bidi/>" not in paragraphs[0]._p.xml


def test_numbers_of_word_are_those_of_the_pad() -> None:
    """A list that begins anew, or goes on after something else, is told so."""
    html = (
        '<!DOCTYPE HTML><html><body><ol start="3"><li>a<li>b<ol><li>c</ol></ol>text<br>'
        '<ol><li>d</ol><ul><li>e</ul><ol start="7"><li>f<li>g</ol></body></html>'
    )
    opened = Document(BytesIO(to_docx(*from_html(html, "a.x"), "")))
    lists = {
        paragraph.text: (properties.numId.val, properties.ilvl.val)
        for paragraph in opened.paragraphs
        if (properties := _number_of(paragraph)) is not None
    }
    numbering = opened.part.numbering_part.element
    starts = {
        number.numId: {
            override.ilvl + 1: override.find(
                "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}startOverride"
            ).val
            for override in number.lvlOverride_lst
        }
        for number in numbering.num_lst
    }
    assert lists["a"][0] == lists["b"][0] == lists["c"][0]
    assert (lists["a"][1], lists["c"][1]) == (0, 1)
    assert starts[lists["a"][0]] == {1: 3}
    assert len({lists[name][0] for name in "adef"}) == 4
    assert starts[lists["d"][0]] == {1: 1}
    assert starts[lists["f"][0]] == {1: 7}
    assert lists["f"][0] == lists["g"][0]


def _number_of(paragraph: Any) -> Any:
    properties = paragraph._p.pPr
    return properties.numPr if properties is not None else None


@pytest.mark.parametrize(("make", "ending"), [(to_docx, ".docx"), (to_odt, ".odt")])
def test_what_was_exported_comes_back(make: object, ending: str) -> None:
    assert callable(make)
    before = pad()
    back = again(make(*before, "title"), ending)
    assert text_of(*back) == TEXT
    assert formats_of(*back) == formats_of(*before)


def lines_in(atext: AText, pool: AttributePool) -> list[tuple[str, str, int, str, list[str]]]:
    """Returns the heading, the kind and level of the list, the text, and the links of each line."""
    return [
        (
            entry.heading,
            entry.kind,
            entry.level,
            "".join(piece.text for piece in entry.pieces),
            [piece.url for piece in entry.pieces if piece.url],
        )
        for entry in entries(atext, pool)
    ]


_Line = tuple[str, str, int, str]

WORDS = st.lists(
    st.sampled_from(
        [
            *("word", "ünï", "<&>", "https://example.org/a?b=1&c=%C3%BC#d", "www.example.org"),
            *("漢字", "mailto:ada@example.org", "😀", "(x)"),
        ]
    ),
    min_size=1,
    max_size=4,
).map(" ".join)
LINES = st.lists(
    st.tuples(
        st.sampled_from(["", "", "h1", "h2", "h3", "h4"]),
        st.sampled_from(["", "bullet", "number", "indent"]),
        st.integers(1, 5),
        WORDS,
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=examples(60))
@given(LINES)
def test_headings_lists_and_links_of_an_opendocument_come_back(lines: list[_Line]) -> None:
    before = written(lines)
    assert lines_in(*again(to_odt(*before, ""), ".odt")) == lines_in(*before)


@settings(max_examples=examples(60))
@given(LINES)
def test_headings_lists_and_links_of_html_come_back(lines: list[_Line]) -> None:
    before = written(lines)
    assert lines_in(*from_html(to_document(*before, "title"), "a.x")) == lines_in(*before)


@settings(max_examples=examples(6, least=4))  # python-docx takes its time
@given(LINES)
def test_headings_lists_and_links_of_word_come_back(lines: list[_Line]) -> None:
    """Indents are left out, as Word uses margins for them, and so are lists in headings, as
    numbered headings are chapters there."""
    before = written(
        [
            (heading, "" if heading or kind == "indent" else kind, level, words)
            for heading, kind, level, words in lines
        ]
    )
    assert lines_in(*again(to_docx(*before, ""), ".docx")) == lines_in(*before)


def written(lines: list[_Line]) -> tuple[AText, AttributePool]:
    """Returns a pad with these lines."""
    pool = AttributePool()
    builder = Builder(1)
    for heading, kind, level, words in lines:
        said = [("heading", heading)] if heading else []
        said += [("list", f"{kind}{level}")] if kind else []
        if said:
            builder.insert("*", [*said, ("lmkr", "1")], pool)
        builder.insert(to_units(f"{words}\n"), [], pool)
    return apply_to_atext(builder.remove(1, 1).to_changeset(), make_atext("\n"), pool), pool


def test_an_opendocument_says_what_it_is() -> None:
    with ZipFile(BytesIO(to_odt(*pad(), ""))) as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", ZIP_STORED)
        assert archive.read("mimetype").decode() == offered.TYPES["odt"]


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="there is no LibreOffice")
@pytest.mark.parametrize("form", ["docx", "odt"])
def test_libreoffice_reads_it(form: str, tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    made = to_docx(*pad(), "x") if form == "docx" else to_odt(*pad(), "x")
    (folder / f"x.{form}").write_bytes(made)
    done = subprocess.run(
        ["soffice", "--headless", "--convert-to", "txt:Text (encoded):UTF8", f"x.{form}"],
        cwd=folder,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stderr
    text = (folder / "x.txt").read_text("utf-8-sig")
    for part in ("3. three", "4. four", "5. five", HEBREW, ARABIC, CJK, "two  spaces <&"):
        assert part in text
    assert "2. more" in text or "4.2. more" in text


@no_pdf
def test_a_pdf_has_fonts_for_every_script_and_leads_where_the_pad_does() -> None:
    from padfleet.shared.documents.printed import to_pdf

    reader = PdfReader(BytesIO(to_pdf(*pad(), "A <title>")))
    assert reader.metadata is not None
    assert reader.metadata.title == "A <title>"
    page: Any = reader.pages[0]
    assert len(reader.pages) == 1
    text = page.extract_text()
    for part in ("Größe", "bold", "3.", "4.1.", "4.2.", "5.", "•", "two  spaces <&"):
        assert part in text, text
    resources = page["/Resources"].get_object()
    fonts = {str(font.get_object()["/BaseFont"]) for font in resources["/Font"].values()}
    names = {name.partition("+")[2] for name in fonts}
    assert {"DejaVu-Sans", "DejaVu-Sans-Bold", "DejaVu-Sans-Oblique"} <= names
    links = [note.get_object()["/A"]["/URI"] for note in page["/Annots"]]
    assert links == ["https://example.org/a?b=1&c=2"]


@no_pdf
def test_a_line_from_right_to_left_begins_at_the_right() -> None:
    from padfleet.shared.documents.printed import to_pdf

    places: dict[str, float] = {}

    def seen(text: str, _: object, matrix: list[float], *__: object) -> None:
        if text.strip():
            places.setdefault(text.strip()[0], matrix[4])

    html = f"<p>latin</p><p>{HEBREW}</p>"
    reader = PdfReader(BytesIO(to_pdf(*from_html(html, "a.x"), "")))
    reader.pages[0].extract_text(visitor_text=seen)
    assert places["l"] < 100
    (hebrew,) = [at for char, at in places.items() if is_rtl(char)]
    assert hebrew > 300  # of the 595 points of a page


@no_pdf
def test_nothing_is_fetched_for_a_pdf() -> None:
    from padfleet.shared.documents.printed import _nothing

    with pytest.raises(ValueError, match="not fetched"):
        _nothing("file:///etc/passwd")


def test_the_first_letter_decides_the_direction() -> None:
    assert is_rtl(HEBREW)
    assert is_rtl(f"12. {ARABIC} latin")
    assert not is_rtl(f"latin {HEBREW}")
    assert not is_rtl("")
    assert not is_rtl("123 !?")


@given(
    st.text(
        alphabet=st.characters() | st.sampled_from("\ud83d\ude00\x00\x0b\ufffe\t "), max_size=30
    )
)
def test_any_text_can_be_written(text: str) -> None:
    """Halves of pairs, controls and what is no character cost nothing but themselves."""
    line = text.replace("\n", " ")
    atext, pool = AText(to_units(line) + "\n", ""), AttributePool()
    atext = AText(atext.text, f"|1+{numeral(len(atext.text))}")
    assert clean(atext.text).isprintable() or clean(atext.text)
    Document(BytesIO(to_docx(atext, pool, line)))
    html_of(to_odt(atext, pool, line), ".odt")
