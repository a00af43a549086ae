"""This module writes a pad as PDF with WeasyPrint. Pango lays the text out, in either direction and
with fonts that have its characters."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import Final, NoReturn

from weasyprint import HTML

from padfleet.shared.documents.outline import INDENT, OutlineLine, Piece, clean, entries
from padfleet.shared.easysync import AText, AttributePool

FONTS: Final = (
    "DejaVu Sans",  # Latin, Greek, Cyrillic, Hebrew, Arabic; in four styles
    "Noto Sans",
    "Noto Sans CJK SC",
    "WenQuanYi Micro Hei",  # Chinese, Japanese, Korean
)
"""The fonts in which a character is looked for, in this order. After them come any other fonts of
the machine."""

_TAGS: Final = {"bold": "b", "italic": "i", "underline": "u", "strikethrough": "s"}

_STYLE: Final = """
@page { size: A4; margin: 20mm;
  @bottom-center { content: counter(page) " / " counter(pages); font-size: 8pt; color: #555 } }
body { font-family: FONTS, sans-serif; font-size: 10.5pt; line-height: 1.45 }
p, h1, h2, h3, h4, h5, h6 { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere }
p { min-height: 1.45em; orphans: 2; widows: 2 }
h1 { font-size: 18pt } h2 { font-size: 15pt } h3 { font-size: 13pt }
h4, h5, h6 { font-size: 11pt }
.code { font-family: "DejaVu Sans Mono", monospace }
.label { display: inline-block; min-width: INDENT; white-space: pre }
a { color: #1a4f8b }
""".replace("FONTS", ", ".join(f'"{name}"' for name in FONTS)).replace("INDENT", f"{INDENT}mm")


def to_pdf(atext: AText, pool: AttributePool, title: str) -> bytes:
    """Returns the PDF. Raises `EasysyncError` if the attributes do not fit the text or are not in
    the pool."""
    body = "".join(_line(entry) for entry in entries(atext, pool))
    page = (
        f"<!doctype html><html><head><title>{escape(clean(title))}</title>"
        f"<style>{_STYLE}</style></head><body>{body}</body></html>"
    )
    made: bytes = HTML(string=page, url_fetcher=_nothing).write_pdf()
    return made


def _nothing(url: str, *_: object, **__: object) -> NoReturn:
    """Refuses to fetch any URL that a pad contains: otherwise strangers could have the server fetch
    a file and give them its content."""
    raise ValueError(f"{url} is not fetched")


def _line(entry: OutlineLine) -> str:
    tag = entry.heading if entry.heading.startswith("h") else "p"
    side = "right" if entry.is_rtl else "left"
    look = f' style="margin-{side}: {entry.level * INDENT}mm"' if entry.level else ""
    look += ' dir="rtl"' if entry.is_rtl else ""
    look += ' class="code"' if entry.heading == "code" else ""
    label = ""
    if entry.label:
        label = f'<span class="label" style="margin-{side}: -{INDENT}mm">{entry.label} </span>'
    return f"<{tag}{look}>{label}{''.join(_runs(entry.pieces))}</{tag}>"


def _runs(pieces: list[Piece]) -> Iterator[str]:
    for piece in pieces:
        tags = [tag for name, tag in _TAGS.items() if name in piece.formats]
        text = escape(piece.text)
        if piece.url:
            text = f'<a href="{escape(piece.url)}">{text}</a>'
        opened = "".join(f"<{tag}>" for tag in tags)
        yield opened + text + "".join(f"</{tag}>" for tag in reversed(tags))
