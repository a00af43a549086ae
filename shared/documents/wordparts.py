"""This module finds the parts of a Word document by what the archive says of them. It is pure.

Only convention gives a part its name: Word for the web keeps the text in `word/document2.xml`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final, NamedTuple
from zipfile import ZipFile

from padfleet.shared.documents.packages import parsed, part

_RELATION: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


class WordParts(NamedTuple):
    """The names of the parts. Those of parts that the document lacks are names of no part."""

    document: str
    numbering: str
    styles: str
    footnotes: str
    endnotes: str


def parts_of(archive: ZipFile) -> WordParts:
    """Returns the names of the parts of a document. mammoth goes by the same rules: a part is where
    the archive says, or else it has its usual name. Raises ValueError if it is no Word document."""
    document = _found(archive, "", "officeDocument", "word/document.xml")
    if document not in archive.NameToInfo:
        raise ValueError("it is not a Word document")
    return WordParts(
        document,
        *(
            _found(archive, document, name, f"word/{name}.xml")
            for name in ("numbering", "styles", "footnotes", "endnotes")
        ),
    )


def _found(archive: ZipFile, of: str, kind: str, usual: str) -> str:
    """Returns the name of the part of a kind that belongs to the part `of`, or to the archive."""
    folder = posixpath.dirname(of)
    for target in _targets(archive, of, kind):
        name = posixpath.join(folder, target).lstrip("/")
        if name in archive.NameToInfo:
            return name
    return usual


def _targets(archive: ZipFile, of: str, kind: str) -> Iterator[str]:
    folder, name = posixpath.split(of)
    xml = part(archive, posixpath.join(folder, "_rels", f"{name}.rels"))
    for relation in () if not xml else parsed(xml).iterchildren("{*}Relationship"):
        if relation.get("Type") == f"{_RELATION}/{kind}":
            yield relation.get("Target", "")
