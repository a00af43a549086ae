"""This module writes a pad as an OpenDocument text."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from itertools import combinations
from typing import Final
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

from padfleet.shared.documents.offered import TYPES
from padfleet.shared.documents.outline import FORMATS, INDENT, OutlineLine, Piece, clean, entries
from padfleet.shared.easysync import AText, AttributePool
from padfleet.shared.rendering.lines import MOST_LEVELS

_PROPERTIES: Final = {
    "bold": 'fo:font-weight="bold" style:font-weight-complex="bold"',
    "italic": 'fo:font-style="italic" style:font-style-complex="italic"',
    "underline": 'style:text-underline-style="solid"',
    "strikethrough": 'style:text-line-through-style="solid"',
}

_SPACES: Final = " ".join(
    f'xmlns:{short}="{name}"'
    for short, name in {
        "office": "urn:oasis:names:tc:opendocument:xmlns:office:1.0",
        "style": "urn:oasis:names:tc:opendocument:xmlns:style:1.0",
        "text": "urn:oasis:names:tc:opendocument:xmlns:text:1.0",
        "fo": "urn:oasis:names:tc:opendocument:xmlns:xsl-fo-compatible:1.0",
        "xlink": "http://www.w3.org/1999/xlink",
        "meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0",
        "dc": "http://purl.org/dc/elements/1.1/",
    }.items()
)

_MANIFEST: Final = f"""<?xml version="1.0" encoding="UTF-8"?>
<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.3">
<manifest:file-entry manifest:full-path="/" manifest:media-type="{TYPES["odt"]}"/>
<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>
<manifest:file-entry manifest:full-path="meta.xml" manifest:media-type="text/xml"/>
</manifest:manifest>"""  # noqa: E501


def to_odt(atext: AText, pool: AttributePool, title: str) -> bytes:
    """Returns the document. Raises `EasysyncError` if the attributes do not fit the text or are not
    in the pool."""
    body = "".join(_line(entry) for entry in entries(atext, pool))
    content = _document(
        "content",
        f"<office:automatic-styles>{''.join(_styles())}</office:automatic-styles>"
        f"<office:body><office:text>{body}</office:text></office:body>",
    )
    named = f"<office:meta><dc:title>{escape(clean(title))}</dc:title></office:meta>"
    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", TYPES["odt"], ZIP_STORED)  # it must come first, uncompressed
        archive.writestr("META-INF/manifest.xml", _MANIFEST)
        archive.writestr("content.xml", content)
        archive.writestr("meta.xml", _document("meta", named))
    return out.getvalue()


def _document(part: str, inside: str) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-{part} {_SPACES}'
        f' office:version="1.3">{inside}</office:document-{part}>'
    )


def _styles() -> Iterator[str]:
    for count in range(1, len(FORMATS) + 1):
        for formats in combinations(FORMATS, count):
            properties = " ".join(_PROPERTIES[name] for name in formats)
            yield (
                f'<style:style style:name="{_style(formats)}" style:family="text">'
                f"<style:text-properties {properties}/></style:style>"
            )
    yield (
        '<style:style style:name="rtl" style:family="paragraph"><style:paragraph-properties'
        ' style:writing-mode="rl-tb" fo:text-align="start"/></style:style>'
    )
    for kind in ("bullet", "number", "indent"):
        yield f'<text:list-style style:name="{kind}">'
        for level in range(1, MOST_LEVELS + 1):
            at = f'text:level="{level}"'
            place = (
                f'text:space-before="{(level - 1) * INDENT}mm" text:min-label-width="{INDENT}mm"'
            )
            inside = f"<style:list-level-properties {place}/>"
            if kind == "bullet":
                name = "bullet"
                at += ' text:bullet-char="\N{BULLET}"'
            else:
                name = "number"
                form = "1" if kind == "number" else ""
                at += f' style:num-format="{form}" style:num-suffix="{form and "."}"'
            yield f"<text:list-level-style-{name} {at}>{inside}</text:list-level-style-{name}>"
        yield "</text:list-style>"


def _style(formats: tuple[str, ...]) -> str:
    return "-".join(formats)


def _line(entry: OutlineLine) -> str:
    before = [" ", *(piece.text for piece in entry.pieces)]
    content = "".join(
        _piece(piece, after_space=text.endswith(" "))
        for piece, text in zip(entry.pieces, before, strict=False)
    )
    look = ' text:style-name="rtl"' if entry.is_rtl else ""
    if entry.heading.startswith("h"):
        line = f'<text:h{look} text:outline-level="{entry.heading[1]}">{content}</text:h>'
    else:
        line = f"<text:p{look}>{content}</text:p>"
    if not entry.level:
        return line
    number = entry.numbers.get(entry.level)
    start = f' text:start-value="{number}"' if number is not None else ""
    inner = f"<text:list-item{start}>{line}</text:list-item>"
    for _ in range(entry.level - 1):
        inner = f"<text:list-item><text:list>{inner}</text:list></text:list-item>"
    return f'<text:list text:style-name="{entry.kind}">{inner}</text:list>'


def _piece(piece: Piece, *, after_space: bool) -> str:
    # OpenDocument shows only the first of several spaces, and none at the beginning of a line.
    text = escape(piece.text).replace("\t", "<text:tab/>").replace("  ", " <text:s/>")
    if after_space and text.startswith(" "):
        text = f"<text:s/>{text[1:]}"
    formats = tuple(name for name in FORMATS if name in piece.formats)
    if formats:
        text = f'<text:span text:style-name="{_style(formats)}">{text}</text:span>'
    if piece.url:
        text = f'<text:a xlink:type="simple" xlink:href={quoteattr(piece.url)}>{text}</text:a>'
    return text
