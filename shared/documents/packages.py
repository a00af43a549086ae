"""Office documents as what they are: archives of XML, from strangers. Pure.

Before a library reads one, it is looked through: how large it would become, and whether its XML is
plain, without declarations of entities, and not nested more deeply than any document is.
"""

from __future__ import annotations

from io import BytesIO
from typing import Final
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

MOST_PARTS: Final = 2_000
"""Files in one archive; a document with a thousand pictures has as many."""

MOST_XML: Final = 24 << 20
"""Bytes of XML in it, unpacked: a book of a thousand pages has ten million."""

MOST_DEPTH: Final = 200
"""Elements within each other."""

_XML = (".xml", ".rels")

_BEFORE_XML = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
"""What may stand before the first `<`: spaces, marks of an encoding, halves of UTF-16."""

_BEGINNING = 64
"""Bytes of a file that are looked at to see whether it is XML."""


def checked(data: bytes, *, any_name: bool = False) -> ZipFile:
    """The archive. ValueError, which says what is wrong, for one that is not to be read.

    Arguments:
        any_name: whoever reads it goes by what the archive itself says its parts are, and not by
            their names: all that may be XML is looked through, whatever it is called.
    """
    try:
        archive = ZipFile(BytesIO(data))
        parts = archive.infolist()
        if len(parts) > MOST_PARTS:
            raise ValueError(f"there are more than {MOST_PARTS} files in it")
        read = [
            part
            for part in parts
            if part.filename.lower().endswith(_XML) or (any_name and _may_be_xml(archive, part))
        ]
        if sum(part.file_size for part in read) > MOST_XML:
            raise ValueError(f"unpacked it is larger than {MOST_XML >> 20} MB")
        if any(part.flag_bits & 1 for part in parts):
            raise ValueError("it is protected by a password")
        for part in read:
            # Not more of it is unpacked than it says.
            _look_through(archive.read(part))
    except (ValueError, MemoryError, RecursionError):
        raise
    except Exception as error:
        # For an archive that is not as it should be, `zipfile` raises anything: its own BadZipFile,
        # and others of Python's for one that ends too soon, or is packed in a way unknown to it.
        raise ValueError(f"it is not a document, or a broken one: {error}") from None
    return archive


def part(archive: ZipFile, name: str) -> bytes | None:
    """A file in it; None if it has none of this name."""
    try:
        return archive.read(name)
    except KeyError:
        return None


def _may_be_xml(archive: ZipFile, part: ZipInfo) -> bool:
    """Password-protected parts are refused anyway, and cannot be looked at."""
    if part.flag_bits & 1:
        return False
    with archive.open(part) as file:
        begins = file.read(_BEGINNING).strip(_BEFORE_XML)
    return part.file_size > 0 and (not begins or begins.startswith(b"<"))


def _look_through(xml: bytes) -> None:
    parser = expat.ParserCreate()
    depth = 0

    def declared(*_: object) -> None:
        raise ValueError("its XML declares a document type, which no document has")

    def opened(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > MOST_DEPTH:
            raise ValueError(f"its elements are nested more than {MOST_DEPTH} deep")

    def closed(*_: object) -> None:
        nonlocal depth
        depth -= 1

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = opened
    parser.EndElementHandler = closed
    try:
        parser.Parse(xml, True)
    except expat.ExpatError as error:
        raise ValueError(f"its XML is broken: {error}") from None
