"""Reads the built files once and keeps them. They are half a megabyte, and no request has to read a
disk."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).parent / "built"

_KINDS: Final = {
    ".css": "text/css",
    ".ftl": "text/plain",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    packed: dict[str, bytes]  #: the content by coding, ``br`` and ``gzip``; empty for pictures
    kind: str  #: its media type
    tag: str  #: its ETag, without quotes


@dataclass(frozen=True, slots=True)
class Assets:
    files: dict[str, Asset]  #: by the file's name, which has a hash in it
    names: dict[str, str]  #: the file's name by its source's, such as ``pad.js``
    pages: dict[str, dict[str, str]]  #: by language and then by name, such as ``home``: the HTML


def read(folder: Path = BUILT) -> Assets | None:
    """Returns the files that `build.mjs` has made, or None if it has not run.

    Raises `OSError`, `KeyError` or `ValueError` if there is less than the manifest says.
    """
    try:
        manifest = (folder / "manifest.json").read_text("utf-8")
    except FileNotFoundError:
        return None
    made = json.loads(manifest)
    names: dict[str, str] = made["assets"]
    files = {name: _asset(folder / "assets" / name) for name in names.values()}
    pages = {
        language: {
            page: (folder / "pages" / language / f"{page}.html").read_text("utf-8")
            for page in made["pages"]
        }
        for language in made["languages"]
    }
    return Assets(files, names, pages)


def _asset(path: Path) -> Asset:
    packed = {}
    if path.suffix != ".png":  # which is packed as it is
        for coding, ending in (("br", "br"), ("gzip", "gz")):
            packed[coding] = path.with_name(f"{path.name}.{ending}").read_bytes()
    return Asset(path.read_bytes(), packed, _KINDS[path.suffix], path.stem)
