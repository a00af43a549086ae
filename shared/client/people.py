"""Who is or was on a pad, from what the server says of them: pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

_COLOR: Final = re.compile(r"#[0-9a-fA-F]{3,8}")


def names_of(authors: Any) -> dict[str, str]:
    """Name by author id, of those in `historicalAuthorData` who gave one."""
    return {author: who["name"] for author, who in _authors(authors) if who.get("name")}


def colors_of(authors: Any, palette: Any) -> dict[str, str]:
    """Colour by author id, likewise; see `color_of`."""
    found = ((author, color_of(who.get("colorId"), palette)) for author, who in _authors(authors))
    return {author: color for author, color in found if color is not None}


def color_of(color: Any, palette: Any) -> str | None:
    """A colour as ``#rrggbb``, which servers also give as an index into CLIENT_VARS' `palette`.

    None for what is no colour.
    """
    if isinstance(color, int) and isinstance(palette, list) and 0 <= color < len(palette):
        color = palette[color]
    return color if isinstance(color, str) and _COLOR.fullmatch(color) else None


def _authors(authors: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if not isinstance(authors, dict):
        return
    for author, who in authors.items():
        if isinstance(who, dict):
            yield author, who
