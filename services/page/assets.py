"""The built files, read once and kept: half a megabyte, so that no request reads a disk."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BUILT: Final = Path(__file__).parent / "built"

_KINDS: Final = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    packed: bytes  #: the same with gzip
    kind: str  #: its media type
    tag: str  #: its ETag, without quotes


@dataclass(frozen=True, slots=True)
class Assets:
    files: dict[str, Asset]  #: by name, which has a hash of the content in it
    names: dict[str, str]  #: the name by what it was built as, such as ``pad.js``


def read(folder: Path = BUILT) -> Assets | None:
    """What `build.mjs` has made; None where it has not run. `OSError` or `ValueError` when there is
    less than its manifest says."""
    try:
        manifest = (folder / "manifest.json").read_text("utf-8")
    except FileNotFoundError:
        return None
    names: dict[str, str] = json.loads(manifest)
    files = {name: _asset(folder / "assets" / name) for name in names.values()}
    return Assets(files, names)


def _asset(path: Path) -> Asset:
    return Asset(
        path.read_bytes(),
        path.with_name(f"{path.name}.gz").read_bytes(),
        _KINDS[path.suffix],
        path.stem,
    )
