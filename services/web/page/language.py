"""Chooses the language of a page.

It is the one in the page's address, the one that its reader has chosen, or one that their browser
asks for, in this order, and otherwise English.
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
"""The regions, and the script, in which Chinese is not written in simplified characters."""

_OLD: Final = {"iw": "he", "in": "id", "ji": "yi"}
"""Old names of languages that browsers have used, and their present names."""


def choose(wanted: Iterable[str | None], accept: str, offered: Collection[str]) -> str:
    """Returns the language of a page, out of those `offered`, which are tags such as ``de`` or
    ``zh-Hans``.

    Arguments:
        wanted: tags that somebody has chosen, the most binding one first.
        accept: the header Accept-Language.

    Anything that does not name an offered language is skipped.
    """
    for tag in [*wanted, *accepted(accept)]:
        found = match(tag or "", offered)
        if found is not None:
            return found
    return DEFAULT


def match(tag: str, offered: Collection[str]) -> str | None:
    """Returns the offered form of a language, or None if it is not offered.

    For Brazil's Portuguese it is the only Portuguese that there is, and for Chinese the script that
    is read in that region.
    """
    language, *rest = tag.strip().lower().replace("_", "-").split("-")
    language = _OLD.get(language, language)
    if language == "zh":
        language = "zh-Hant" if _TRADITIONAL & set(rest) and "hans" not in rest else "zh-Hans"
    return language if language in offered else None


def accepted(header: str) -> list[str]:
    """Returns the tags of an Accept-Language, the most preferred first, without those that have
    ``q=0``."""
    weighed: list[tuple[float, str]] = []
    for item in header[:_LONGEST_HEADER].split(","):
        found = _ITEM.fullmatch(item)
        if found is not None:
            weighed.append((float(found[2] or 1), found[1]))
    # Sorting is stable: among equals the order of the header counts.
    return [tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0]
