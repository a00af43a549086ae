"""In which encoding a file is, and its text. Pure.

A mark at its beginning says it, then UTF-8 is tried, whose texts nothing else looks like; then
`<meta charset>` counts in HTML; then what the letters look like, if that is clear enough.
"""

import codecs

from turbohtml.detect import detect

SURE_ENOUGH = 0.3
"""How sure the detector must be. Texts of a sentence or two are above it in their own encoding,
what is no text at all is at 0."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF32_BE, ""),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
"""The longer ones first that begin like another."""

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
    """The file is none that can be read. The text says what it seems to be."""


def decoded(data: bytes) -> str:
    """The file's text. Raises `NoText`."""
    for signature, what in _SIGNATURES.items():
        if data.startswith(signature):
            raise NoText(f"the file is no text: it seems to be {what}")
    for mark, name in _MARKS:
        if data.startswith(mark):
            if not name:
                raise NoText("the file seems to be UTF-32: save it as UTF-8")
            return _as(name, data[len(mark) :])
    try:
        text = data.decode()
    except UnicodeDecodeError:
        pass
    else:
        if "\0" not in text:
            return text
    if (unmarked := _unmarked_utf16(data)) is not None:
        return _as(unmarked, data)
    if b"\0" in data:
        raise NoText("the file is no text: there are zero bytes in it")
    found = detect(data)
    if found.codec is None or found.encoding is None or found.confidence < SURE_ENOUGH:
        like = f", and looks most like {found.encoding}" if found.encoding else ""
        raise NoText(f"the file is not UTF-8{like}: save it as UTF-8")
    return _as(found.codec, data, found.encoding)


def _as(codec: str, data: bytes, name: str = "") -> str:
    try:
        return data.decode(codec)
    except (UnicodeDecodeError, LookupError):
        what = name or codec.upper()
        raise NoText(f"the file seems to be {what}, and is damaged: save it as UTF-8") from None


def _unmarked_utf16(data: bytes) -> str | None:
    """Where every other byte is zero nearly always: Latin letters, at least, as UTF-16."""
    if len(data) < 4 or len(data) % 2:
        return None
    half = len(data) // 2
    even, odd = data[::2].count(0), data[1::2].count(0)
    if odd > half * 0.5 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.5 and odd < half * 0.05:
        return "utf-16-be"
    return None
