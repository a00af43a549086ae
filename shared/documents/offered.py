"""Which forms of documents can be written and read here: that depends on what is installed."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Final

TYPES: Final = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "odt": "application/vnd.oasis.opendocument.text",
    "pdf": "application/pdf",
}
"""The forms that are written, with their media types."""

PANGO: Final = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")
"""What WeasyPrint lays text out with; on Debian, `libpango-1.0-0` and `libpangoft2-1.0-0`."""

_CACHES: Final = (Path("/etc/ld.so.cache"),)
"""Where the linker keeps what it knows of."""

_LIBRARIES: Final = {"docx": ("docx",), "odt": ("lxml",), "pdf": ("weasyprint",)}

_READERS: Final = {".docx": "mammoth", ".odt": "lxml", ".md": "markdown_it"}


@cache
def written() -> frozenset[str]:
    """The forms of `TYPES` that can be written."""
    found = {form for form, names in _LIBRARIES.items() if all(map(find_spec, names))}
    if "pdf" in found and not all(map(_loads, PANGO)):
        found.discard("pdf")
    return frozenset(found)


@cache
def read() -> frozenset[str]:
    """The endings of files that can be read."""
    return frozenset(ending for ending, name in _READERS.items() if find_spec(name))


def for_stock_pages() -> str:
    """What Etherpad's pages are told in `exportAvailable`."""
    if not {"docx", "odt"} <= written():
        return "no"
    return "yes" if "pdf" in written() else "withoutPDF"


def _loads(name: str) -> bool:
    """Whether the linker finds it. It is not loaded: a worker has no use for it itself."""
    return any(name.encode() in cache.read_bytes() for cache in _CACHES if cache.is_file())
