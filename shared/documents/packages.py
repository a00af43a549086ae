"""This module checks office documents, which are archives of XML that come from strangers. It is
pure.

Before a library reads a document, this module checks how large it would become, and that its XML
contains no declarations of entities and is not nested more deeply than that of any real document.
"""

from __future__ import annotations

from collections.abc import Collection
from io import BytesIO
from typing import Any, Final
from xml.parsers import expat
from zipfile import ZipFile, ZipInfo

MOST_PARTS: Final = 2_000
"""The maximum number of files in an archive. A document with a thousand pictures has as many."""

MOST_XML: Final = 24 << 20
"""The maximum size of all XML in an archive, in bytes when unpacked. A book of a thousand pages has
ten million."""

MOST_SMALL: Final = 256 << 10
"""The maximum size of a small part, such as a formula, in bytes when unpacked."""

MOST_DEPTH: Final = 200
"""The maximum depth of nested elements."""

_XML = (".xml", ".rels")

_BEFORE_XML = b" \t\r\n\0\xef\xbb\xbf\xff\xfe"
"""Bytes that may precede the first `<`: spaces, byte order marks, and the zero bytes of UTF-16."""

_BEGINNING = 64
"""How many bytes of a file are examined to see whether it is XML."""


def checked(data: bytes, *, only: Collection[str] = ()) -> ZipFile:
    """Returns the archive. Raises ValueError, which says what is wrong, if it must not be read.

    Arguments:
        data: the archive.
        only: the names of the parts that are read. Without it, every part that may be XML is
            checked, whatever its name, as libraries need it that find their parts by what the
            archive says.
    """
    try:
        archive = ZipFile(BytesIO(data))
        parts = archive.infolist()
        if len(parts) > MOST_PARTS:
            raise ValueError(f"there are more than {MOST_PARTS} files in it")
        read = [
            part
            for part in parts
            if (part.filename in only if only else _may_be_read(archive, part))
        ]
        if sum(part.file_size for part in read) > MOST_XML:
            raise ValueError(f"unpacked it is larger than {MOST_XML >> 20} MB")
        if any(part.flag_bits & 1 for part in parts):
            raise ValueError("it is protected by a password")
        for part in read:
            # `read` unpacks no more bytes than the part claims to have. Office programs write parts
            # with nothing in them, too.
            if xml := archive.read(part):
                _look_through(xml)
    except (ValueError, MemoryError, RecursionError):
        raise
    except Exception as error:
        # For a broken archive, `zipfile` raises its own BadZipFile or one of many other exceptions,
        # such as those for an archive that ends too early or uses an unknown compression.
        raise ValueError(f"it is not a document, or a broken one: {error}") from None
    return archive


def part(archive: ZipFile, name: str) -> bytes | None:
    """Returns the content of a file in the archive, or None if there is none of this name."""
    try:
        return archive.read(name)
    except KeyError:
        return None


def parsed(xml: bytes) -> Any:
    """Returns the root of XML that has been checked. Nothing outside it is read."""
    from lxml import etree

    safe = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(xml, safe)


def small_part(archive: ZipFile, name: str) -> bytes | None:
    """Returns the content of another file in an archive that has been checked, or None if there is
    none of this name, or it is too large for a small one. Raises ValueError if it must not be
    read."""
    if name not in archive.NameToInfo or archive.getinfo(name).file_size > MOST_SMALL:
        return None
    if xml := archive.read(name):
        _look_through(xml)
    return xml


def _may_be_read(archive: ZipFile, part: ZipInfo) -> bool:
    """Returns whether a part is XML by its name, or may be. Encrypted parts cannot be examined;
    `checked` refuses an archive that has any."""
    if part.filename.lower().endswith(_XML):
        return True
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
