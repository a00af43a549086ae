"""This module prepares a Word document for mammoth, which leaves out what it does not know. What
has text in it is put in a form that mammoth reads, and items of lists get their numbers. It is
pure."""

from __future__ import annotations

from io import BytesIO
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile

from padfleet.shared.documents.counting import put_marks, run_with
from padfleet.shared.documents.formulas import written
from padfleet.shared.documents.packages import MOST_XML, parsed, part
from padfleet.shared.documents.wordparts import WordParts

_W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"

_AROUND: Final = (f"{_W}fldSimple", f"{_W}dir", f"{_W}bdo", f"{_M}oMathPara")
"""Elements around runs of text, which count for nothing themselves."""

_INSTEAD: Final = {f"{_W}cr": f"{_W}br", f"{_W}ptab": f"{_W}tab"}
"""Elements for which there is another one that mammoth reads."""


def prepared(data: bytes, archive: ZipFile, parts: WordParts) -> bytes:
    """Returns the document in a form that mammoth reads whole. Returns it unchanged if the parts
    that would have to be copied are too large."""
    read = [info for info in archive.infolist() if not info.filename.startswith("word/media/")]
    if sum(info.file_size for info in read) > 2 * MOST_XML:
        return data
    names = (parts.document, parts.footnotes, parts.endnotes)
    trees = {name: _parsed(archive, name) for name in names}
    for tree in trees.values():
        if tree is not None:
            _keep_text(tree)
    document = trees[parts.document]
    _drop_marks(document, "footnote", trees[parts.footnotes])
    _drop_marks(document, "endnote", trees[parts.endnotes])
    numbering = _parsed(archive, parts.numbering)
    if numbering is not None:
        put_marks(document, numbering, _parsed(archive, parts.styles))
    return _copied(archive, [info.filename for info in read], trees)


def _keep_text(tree: Any) -> None:
    from lxml import etree

    for formula in list(tree.iter(f"{_M}oMath")):
        formula.getparent().replace(formula, run_with(formula, written(formula)))
    # From the last to the first: each is put right behind the run that it was in.
    for ruby in reversed(list(tree.iter(f"{_W}ruby"))):
        _beside(ruby)
    for name, other in _INSTEAD.items():
        for element in tree.iter(name):
            element.tag = other
    etree.strip_tags(tree, *_AROUND)


def _drop_marks(document: Any, kind: str, notes: Any) -> None:
    """Removes the marks of notes that are not there, for which mammoth refuses the document."""
    found = () if notes is None else notes.iter(f"{_W}{kind}")
    there = {note.get(f"{_W}id") for note in found}
    for mark in list(document.iter(f"{_W}{kind}Reference")):
        if mark.get(f"{_W}id") not in there:
            mark.getparent().remove(mark)


def _beside(ruby: Any) -> None:
    """Puts the reading of a word, which is above it, in brackets behind it."""
    around = ruby.getparent()
    place = around.getparent()
    base, reading = (list(ruby.iterfind(f"{_W}{name}/{_W}r")) for name in ("rubyBase", "rt"))
    behind = [run_with(ruby, "("), *reading, run_with(ruby, ")")] if reading else []
    at = place.index(around) + 1
    place[at:at] = [*base, *behind]
    around.remove(ruby)


def _parsed(archive: ZipFile, name: str) -> Any:
    """Returns the root of a part, or None if there is no such part."""
    xml = part(archive, name)
    return None if xml is None else parsed(xml)


def _copied(archive: ZipFile, names: list[str], trees: dict[str, Any]) -> bytes:
    from lxml import etree

    out = BytesIO()
    with ZipFile(out, "w", ZIP_STORED) as copy:
        for name in dict.fromkeys(names):
            if (tree := trees.get(name)) is None:
                copy.writestr(name, archive.read(name))
            else:
                copy.writestr(name, etree.tostring(tree, encoding="UTF-8", standalone=True))
    return out.getvalue()
