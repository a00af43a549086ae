"""Which language a page is in.

It is what the page's address says, what its reader has chosen, or what their browser asks for;
English if there is none of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import Final

DEFAULT: Final = "en"

_ITEM: Final = re.compile(
    r"\s*([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?"
)

_LONGEST_HEADER: Final = 1000

_TRADITIONAL: Final = frozenset({"tw", "hk", "mo", "hant"})
"""Regions and the script: of Chinese, those that do not write it in simplified characters."""

_OLD: Final = {"iw": "he", "in": "id", "ji": "yi"}
"""Names of languages that browsers have used before, and what they are called now."""


def choose(wanted: Iterable[str | None], accept: str, offered: Collection[str]) -> str:
    """The language of a page, out of those `offered`, which are tags such as ``de`` or ``zh-Hans``.

    `wanted` are tags that somebody has chosen, the most binding one first, and `accept` is the
    header Accept-Language. What names no language is passed over, wherever it comes from.
    """
    for tag in [*wanted, *accepted(accept)]:
        found = match(tag or "", offered)
        if found is not None:
            return found
    return DEFAULT


def match(tag: str, offered: Collection[str]) -> str | None:
    """What there is of a language; None if there is nothing.

    For Brazil's Portuguese that is the one Portuguese that there is, and of the two scripts of
    Chinese the one that is read in that place.
    """
    language, *rest = tag.strip().lower().replace("_", "-").split("-")
    language = _OLD.get(language, language)
    if language == "zh":
        language = "zh-Hant" if _TRADITIONAL & set(rest) and "hans" not in rest else "zh-Hans"
    return language if language in offered else None


def accepted(header: str) -> list[str]:
    """The tags of an Accept-Language, what is liked best first; those with ``q=0`` are none."""
    weighed: list[tuple[float, str]] = []
    for item in header[:_LONGEST_HEADER].split(","):
        found = _ITEM.fullmatch(item)
        if found is not None:
            weighed.append((float(found[2] or 1), found[1]))
    # Sorting is stable: among equals the order of the header counts.
    return [tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0]
