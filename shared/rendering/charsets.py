"""This module finds out which encoding a file has, and decodes it. It is pure.

A byte order mark decides. Without one, UTF-8 is tried, since text in other encodings is hardly ever
valid UTF-8. Then `<meta charset>` counts in HTML, and finally what the letters look like, if that
is clear enough.
"""

import codecs
import re
import unicodedata
from contextlib import suppress

from turbohtml.detect import detect

SURE_ENOUGH = 0.2
"""The lowest confidence of the detector that is accepted. Texts of a sentence or two are above it
in their own encoding (Korean ones are the lowest, at 0.28). Letters that are those of no encoding
it knows are at 0."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""Byte order marks and their encodings. A mark that begins with another one comes before it."""

_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
"""Encodings whose units have more than one byte, with the size of the unit."""

_SAMPLE = 1 << 17
"""How many bytes at the beginning of a file are used to tell whether it may be text."""

_ISO_2022_JP = re.compile(rb"\x1b\$[@B]")
"""The escape sequence that switches from ASCII to Japanese letters in ISO-2022-JP."""

_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive, or an office document",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"{\\rtf": "an RTF document",
    b"\x1f\x8b": "a compressed file",
    b"\x7fELF": "a program",
}


class NoText(ValueError):
    """The file is not text that can be read. The text of the exception says what the file seems to
    be."""


def decoded(data: bytes) -> str:
    """Returns the file's text. Raises `NoText`."""
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise NoText(f"the file is no text: it seems to be {what}")
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _as(name, data[len(mark) :])
    text = _as_utf8(data)
    if text is not None:
        return text
    if b"\0" in data:
        if (unmarked := _unmarked(data)) is not None:
            return _as(unmarked, data)
        raise NoText("the file is no text: there are zero bytes in it")
    found = detect(data)
    if found.codec is None or found.encoding is None or found.confidence < SURE_ENOUGH:
        like = f", and looks most like {found.encoding}" if found.encoding else ""
        raise NoText(f"the file is not UTF-8{like}: save it as UTF-8")
    return _as(found.codec, data, found.encoding)


def _as_utf8(data: bytes) -> str | None:
    """Returns the text if `data` is UTF-8, and otherwise None. Data in ISO-2022-JP is decoded as
    such, because it is valid UTF-8 as well."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return None
    if _ISO_2022_JP.search(data):  # all bytes of this encoding are ASCII
        with suppress(UnicodeDecodeError):
            return data.decode("iso2022_jp_2")
    return text if "\0" not in text else None


def _as(codec: str, data: bytes, name: str = "") -> str:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        what = name or codec.upper()
        raise NoText(f"the file seems to be {what}, and is damaged: save it as UTF-8") from None


def _unmarked(data: bytes) -> str | None:
    """Returns the encoding of a text whose units have two or four bytes and that has no byte order
    mark, or None. The text has to contain some ASCII, as any text with spaces or line ends does.
    The encoding that is returned yields the most ASCII of all, and no character that does not occur
    in text."""
    best, most = None, 0
    for codec, width in _WIDE:
        if len(data) % width:
            continue
        try:
            text = data[:_SAMPLE].decode(codec)
        except UnicodeDecodeError:
            continue
        ascii_in_it = sum(char < "\x7f" for char in text)
        if ascii_in_it > most and all(map(_is_text, text)):
            best, most = codec, ascii_in_it
    return best


def _is_text(char: str) -> bool:
    return char in "\t\n\r\f" or unicodedata.category(char) not in ("Cc", "Cn", "Co", "Cs")
