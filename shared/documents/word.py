"""This module writes a pad as a Word document with python-docx."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, RGBColor
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from padfleet.shared.documents.outline import INDENT, OutlineLine, Piece, clean, entries
from padfleet.shared.easysync import AText, AttributePool

LEVELS: Final = 9
"""The deepest level of Word's lists. Deeper items of a pad are put on the ninth level and indented
further."""

MOST_TITLE: Final = 255
"""The maximum number of characters in a title, which python-docx enforces."""

LINK: Final = RGBColor(0x1A, 0x4F, 0x8B)
"""The colour of links."""


def to_docx(atext: AText, pool: AttributePool, title: str) -> bytes:
    """Returns the document. Raises `EasysyncError` if the attributes do not fit the text or are not
    in the pool."""
    document = Document()
    document.core_properties.title = clean(title)[:MOST_TITLE]
    lists = _Lists(document.part.numbering_part.element)
    for entry in entries(atext, pool):
        paragraph = document.add_paragraph()
        _place(paragraph, entry, lists)
        for piece in entry.pieces:
            _say(paragraph, piece, entry)
    out = BytesIO()
    document.save(out)
    return out.getvalue()


def _place(paragraph: Paragraph, entry: OutlineLine, lists: _Lists) -> None:
    if entry.heading.startswith("h"):
        paragraph.style = f"Heading {entry.heading[1]}"
    paragraph.paragraph_format.space_after = Mm(0)
    number = lists.of(entry)
    if number is not None:
        properties = paragraph._p.get_or_add_pPr().get_or_add_numPr()
        properties.get_or_add_ilvl().val = min(entry.level, LEVELS) - 1
        properties.get_or_add_numId().val = number
    if entry.level and (entry.kind == "indent" or entry.level > LEVELS):
        paragraph.paragraph_format.left_indent = Mm(INDENT * entry.level)
    if entry.is_rtl:
        paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))


def _say(paragraph: Paragraph, piece: Piece, entry: OutlineLine) -> None:
    run = paragraph.add_run(piece.text)
    formats = piece.formats
    run.bold = True if "bold" in formats else None
    run.italic = True if "italic" in formats else None
    run.underline = True if "underline" in formats else None
    run.font.strike = True if "strikethrough" in formats else None
    if entry.heading == "code":
        run.font.name = "Courier New"
    if entry.is_rtl:
        run.font.rtl = True
    if piece.url:
        run.font.color.rgb = LINK
        _lead(paragraph, run, piece.url)


def _lead(paragraph: Paragraph, run: Run, url: str) -> None:
    link = OxmlElement("w:hyperlink")
    reference = paragraph.part.relate_to(url, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link.set(qn("r:id"), reference)
    paragraph._p.replace(run._r, link)
    link.append(run._r)


class _Lists:
    """The lists of a document. Word counts by itself. Where it would not count as the pad does, a
    new list begins with the right number."""

    def __init__(self, numbering: Any) -> None:
        self._numbering = numbering
        self._bullets = self._abstract(("bullet", "\N{BULLET}"))
        self._numbers = self._abstract(("decimal", ""))
        self._bullet: int | None = None
        self._number: int | None = None
        self._starts: dict[int, int] = {}
        self._last: dict[int, int] = {}  # the latest numbers that Word shows, by level

    def of(self, entry: OutlineLine) -> int | None:
        """Returns the number of the list that a line belongs to, or None if the line has neither a
        bullet nor a number."""
        if entry.kind == "bullet":
            if self._bullet is None:
                self._bullet = self._list(self._bullets, {})
            return self._bullet
        if entry.kind != "number":
            return None
        level = min(entry.level, LEVELS)
        wanted = {min(at, LEVELS): number for at, number in entry.numbers.items()}
        shown = {at: number for at, number in self._last.items() if at < level}
        shown[level] = self._last.get(level, self._starts.get(level, 1) - 1) + 1
        if self._number is None or any(shown.get(at) != number for at, number in wanted.items()):
            self._number = self._list(self._numbers, wanted)
            self._starts = shown = wanted
        self._last = shown
        return self._number

    def _abstract(self, kind: tuple[str, str]) -> int:
        numbers = [int(each.get(qn("w:abstractNumId"))) for each in self._all("w:abstractNum")]
        own = max(numbers, default=0) + 1
        made = _element("w:abstractNum", {"abstractNumId": own})
        made.append(_element("w:multiLevelType", {"val": "multilevel"}))
        form, sign = kind
        for level in range(LEVELS):
            text = sign or "".join(f"%{at + 1}." for at in range(level + 1))
            each = _element("w:lvl", {"ilvl": level})
            each.append(_element("w:start", {"val": 1}))
            each.append(_element("w:numFmt", {"val": form}))
            each.append(_element("w:lvlText", {"val": text}))
            each.append(_element("w:lvlJc", {"val": "start"}))
            properties = _element("w:pPr", {})
            twips = round((level + 1) * INDENT * 56.7)
            properties.append(_element("w:ind", {"left": twips, "hanging": round(INDENT * 56.7)}))
            each.append(properties)
            made.append(each)
        first = self._numbering.find(qn("w:num"))
        if first is None:
            self._numbering.append(made)
        else:
            first.addprevious(made)
        return own

    def _list(self, abstract: int, starts: dict[int, int]) -> int:
        number = self._numbering.add_num(abstract)
        for level, start in sorted(starts.items()):
            override = number.add_lvlOverride(ilvl=level - 1)
            override.add_startOverride(start)
        own: int = number.numId
        return own

    def _all(self, name: str) -> Any:
        return self._numbering.findall(qn(name))


def _element(name: str, values: dict[str, object]) -> Any:
    made = OxmlElement(name)
    for key, value in values.items():
        made.set(qn(f"w:{key}"), str(value))
    return made
