"""This module says which document formats can be written and read here, which depends on the
installed libraries."""

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
"""The formats that can be written, with their media types."""

PANGO: Final = ("libpango-1.0.so.0", "libpangoft2-1.0.so.0")
"""The libraries with which WeasyPrint lays out text; on Debian, the packages are `libpango-1.0-0`
and `libpangoft2-1.0-0`."""

_CACHES: Final = (Path("/etc/ld.so.cache"),)
"""The files in which the dynamic linker lists the libraries that it knows."""

_LIBRARIES: Final = {"docx": ("docx",), "odt": ("lxml",), "pdf": ("weasyprint",)}

_READERS: Final = {".docx": "mammoth", ".odt": "lxml", ".md": "markdown_it"}


@cache
def written() -> frozenset[str]:
    """Returns those of `TYPES` that can be written here."""
    found = {form for form, names in _LIBRARIES.items() if all(map(find_spec, names))}
    if "pdf" in found and not all(map(_loads, PANGO)):
        found.discard("pdf")
    return frozenset(found)


@cache
def read() -> frozenset[str]:
    """Returns the extensions of the files that can be read here."""
    return frozenset(ending for ending, name in _READERS.items() if find_spec(name))


def for_stock_pages() -> str:
    """Returns what Etherpad's pages are told in `exportAvailable`."""
    if not {"docx", "odt"} <= written():
        return "no"
    return "yes" if "pdf" in written() else "withoutPDF"


def _loads(name: str) -> bool:
    """Returns whether the dynamic linker finds the library. The library is not loaded, since the
    worker itself has no use for it."""
    return any(name.encode() in cache.read_bytes() for cache in _CACHES if cache.is_file())
